"""A farm of many machines that only seem to be there: a program lists them, and the journal knows them."""

import json
import math
import sqlite3
import time

from support.daemon_farm import DaemonFarm
from support.farm import PLAIN

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJyv0Nn1oHhHmP1bBzmy4hCXz0yS3dyAqGgYy3b2hYkq"
PROGRAM = """
import json, sys
request = json.load(sys.stdin)
answers = {"describe": {"protocolVersion": 1, "abilities": []}, "list": {"machines": json.load(open(sys.argv[1]))},
           "check": {"condition": "fine"}}
print(json.dumps({"requestId": request["requestId"]} | answers[request["action"]]))
"""


class BigFarm(DaemonFarm):
    """Machines of several types, as many of each, all ready. Every second one builds."""

    def __init__(self, types=10, each=1000, **options):
        super().__init__(pools={}, **{"interval": 2, "currency": "EUR"} | options)
        self.types = [PLAIN] + [f"{PLAIN}:kind-{n}" for n in range(1, types)]
        self.each = each
        self.inventory = self.folder / "inventory.json"
        self.inventory.write_text("[]")
        (self.folder / "provider.py").write_text(PROGRAM)
        self.run_pass("--allow-empty")  # makes the journal
        self.began = int(time.time()) - 7200
        self.remember()
        self.inventory.write_text(json.dumps([self.listed_machine(n) for n in range(types * each)]))
        command = ["python3", "-B", self.folder / "provider.py", self.inventory]
        settings = {"exec": {"command": command, "settings": {}}, "minMachines": each, "maxMachines": each}
        self.configure(pools={type: settings | {"pricePerHour": 1} for type in self.types})
        self.work()

    def type_of(self, number):
        return self.types[number // self.each]

    def address_of(self, number):
        return f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"

    def listed_machine(self, number):
        place = {"address": self.address_of(number), "hostKey": HOST_KEY, "launchedAt": self.began}
        return {"machine": f"t-{number}", "type": self.type_of(number), "state": "running", **place}

    def remember(self):
        """As if they had been made long ago."""
        with sqlite3.connect(self.state / "t.sqlite") as journal:
            columns = [name for _, name, _, needed, default, _ in journal.execute("pragma table_info(machines)")
                       if needed and default is None or name in ("ready_at", "listed_at", "first_listed_at")]
            rows = ([self.column(name, number) for name in columns] for number in range(len(self.types) * self.each))
            journal.executemany(f"insert into machines ({','.join(columns)}) values ({','.join('?' * len(columns))})", rows)
        journal.close()

    def column(self, name, number):
        known = {"id": f"t-{number}", "number": number, "pool": self.type_of(number), "provider": "exec", "listed": 1,
                 "instance": f"t-{number}", "state": "ready", "address": self.address_of(number), "host_key": HOST_KEY}
        return known.get(name, "" if name in ("spec_hash", "last_error") else self.began)

    def work(self, runnable=3):
        count = len(self.types) * self.each
        entries = {f"root@{self.address_of(n)}": {"enabled": True, "currentJobs": n % 2, "idleSince": self.began + 60}
                   for n in range(count)}
        types = {type: {"runnable": runnable, "running": self.each // 2} for type in self.types}
        self.queue(machines=entries, machineTypes=types)

    def remember_load(self):
        """Of the last month, as if the farm had had busy days and quiet nights."""
        now = int(time.time())
        with sqlite3.connect(self.state / "t.sqlite") as journal:
            columns = [name for _, name, *_ in journal.execute("pragma table_info(load)")]
            rows = ([{"span": span, "time": at, "pool": type}.get(name, load(at, span, self.each).get(name, 0))
                     for name in columns]
                    for span, back in ((300, 2 * 86400), (3600, 30 * 86400))
                    for at in range((now - back) // span * span, now, span) for type in self.types)
            journal.executemany(f"insert or replace into load values ({','.join('?' * len(columns))})", rows)
        journal.close()


def load(time, span, machines):
    daylight = max(0, math.sin(time / 86400 * 2 * math.pi)) ** 2
    wave = daylight * (1 + 0.3 * math.sin(time / 900))
    busy, boot, drain = wave * machines * 0.7, wave * machines * 0.1, wave * machines * 0.05
    idle = machines * 0.1
    return {"observed": span, "waiting": int(wave * 40 * span), "running": int(busy * span), "most_waiting": int(wave * 70),
            "longest_wait": int(wave * 900), "busy": int(busy * span), "boot": int(boot * span), "idle": int(idle * span),
            "drain": int(drain * span), "cost": (busy + idle + boot + drain) * 1e6 * span / 3600}
