"""Farms of machines that only seem to be there: a program lists them, and the journal knows them."""

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
answers = {name: json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("inventory", "answers")}
answer = {"list": {"machines": answers["inventory"]}, **answers["answers"]}[request["action"]]
print(json.dumps({"requestId": request["requestId"], **answer}))
"""
STATES_OF_PROVIDER = {"creating": "starting", "stopped": "stopped"}  # else "running"


class SeemingFarm(DaemonFarm):
    """`pools` are settings by type, to which those of the provider are added."""

    def __init__(self, pools, **options):
        super().__init__(pools={}, **{"currency": "EUR"} | options)
        self.began = int(time.time()) - 7200
        self.seeming = []
        (self.folder / "provider.py").write_text(PROGRAM)
        self.provider_answers()
        self.write_inventory()
        self.run_pass("--allow-empty")  # makes the journal
        command = ["/usr/bin/python3", "-BS", self.folder / "provider.py", self.folder]
        self.provider = {"exec": {"command": command, "settings": {}}}
        self.configure(pools={type: self.provider | settings for type, settings in pools.items()})

    def provider_answers(self, **answers):
        """By action, instead of the usual ones."""
        usual = {"describe": {"protocolVersion": 1, "abilities": ["stop"]}}
        (self.folder / "answers.json").write_text(json.dumps(usual | answers))

    def write_inventory(self):
        (self.folder / "inventory.json").write_text(json.dumps([self.as_listed(machine) for machine in self.seeming]))

    def as_listed(self, machine):
        shown = {"machine": machine["id"], "type": machine["pool"], "launchedAt": machine["launched_at"]}
        place = {"address": machine["address"], "hostKey": machine["host_key"]}
        return shown | {"state": STATES_OF_PROVIDER.get(machine["state"], "running")} | place

    def add_machines(self, *machines):
        """As if they had been made long ago. Each is a row of the journal: `pool`, and what is not as usual."""
        first = len(self.seeming)
        rows = [self.row(number, **machine) for number, machine in enumerate(machines, first)]
        self.seeming += rows
        self.write_inventory()
        columns = list(rows[0])
        with sqlite3.connect(self.state / "t.sqlite") as journal:
            places = ",".join("?" * len(columns))
            insert = f"insert into machines ({','.join(columns)}) values ({places})"
            journal.executemany(insert, ([row[column] for column in columns] for row in rows))
        journal.close()

    def row(self, number, **unusual):
        """Of a machine that is ready, listed and idle."""
        address = f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
        names = {"id": f"t-{number}", "number": number, "provider": "exec", "instance": f"i-{number}", "state": "ready"}
        place = {"address": address, "host_key": HOST_KEY, "spec_hash": "", "last_error": "", "cannot_stop": 0, "listed": 1}
        times = ("since", "requested_at", "launched_at", "ready_at", "listed_at", "first_listed_at")
        return names | place | dict.fromkeys(times, self.began) | unusual

    def order(self, *words, SUDO_USER="alice"):
        ended = self.run(*words, SUDO_USER=SUDO_USER)
        if ended.status != 0:
            raise AssertionError(ended)

    def entries(self, jobs):
        """What the queue says of the machines; `jobs` are those of a machine by its number."""
        return {f"root@{machine['address']}": {"enabled": bool(machine["listed"]), "currentJobs": jobs(machine["number"]),
                                               "idleSince": self.began + 60}
                for machine in self.seeming}

    def remember_load(self, machines=None):
        """Of the last month, as if each type had had busy days and quiet nights."""
        now = int(time.time())
        machines = machines or len(self.seeming)
        of_each = {type: machines for type in self.options["pools"]}
        rows = [{"span": span, "time": at, "pool": type, "untrusted": 0} | load(at, span, number)
                for span, back in ((300, 2 * 86400), (3600, 30 * 86400))
                for at in range((now - back) // span * span, now, span)
                for type, number in (of_each | {"": machines * len(of_each)}).items()]
        with sqlite3.connect(self.state / "t.sqlite") as journal:
            columns = list(rows[0])
            insert = f"insert or replace into load ({','.join(columns)}) values ({','.join(':' + c for c in columns)})"
            journal.executemany(insert, rows)
        journal.close()


class BigFarm(SeemingFarm):
    """Of several types, with as many machines each, all ready. Every second one builds."""

    def __init__(self, types=10, each=1000, **options):
        names = [PLAIN] + [f"{PLAIN}:kind-{n}" for n in range(1, types)]
        settings = {"minMachines": each, "maxMachines": each, "pricePerHour": 1}
        super().__init__(dict.fromkeys(names, settings), **{"interval": 2} | options)
        self.each = each
        self.add_machines(*({"pool": type} for type in names for _ in range(each)))
        self.work()

    def work(self, runnable=3):
        """So many steps of each type wait."""
        types = {type: {"runnable": runnable, "running": self.each // 2} for type in self.options["pools"]}
        self.queue(machines=self.entries(lambda number: number % 2), machineTypes=types)

    def remember_load(self):
        super().remember_load(self.each)


def load(time, span, machines):
    """What so many machines did from a time on."""
    daylight = max(0, math.sin(time / 86400 * 2 * math.pi)) ** 2
    wave = daylight * (1 + 0.3 * math.sin(time / 900))
    use = {"busy": wave * machines * 0.7, "boot": wave * machines * 0.1, "drain": wave * machines * 0.05, "idle": machines * 0.1}
    sums = {name: int(share * span) for name, share in use.items()}
    steps = {"waiting": int(wave * 40 * span), "running": sums["busy"], "most_waiting": int(wave * 70)}
    return sums | steps | {"observed": span, "longest_wait": int(wave * 900), "cost": sum(use.values()) * 1e6 * span / 3600}
