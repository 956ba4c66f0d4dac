#!/usr/bin/python3 -BS
"""A provider whose machines are SSH servers on this host's loopback addresses, and which misbehaves on request.

Its settings are `folder`, for all its files, and `network`, the beginning of its addresses, such as "127.84.0". A test may
write `abilities.json` (a list; by default none) and `faults.json` (for each action the name of a fault and its parameters)
to the folder. It appends its requests to `requests` and its answers to `answers`, one JSON document a line.
"""

import json
import os
import sys
import time
from os.path import exists

# What most calls do not need is imported where it is needed, and paths are strings, as a pass makes several calls. The exchange
# of keys that OpenSSH prefers takes longer than all else that a probe does.
SSHD = """\
ListenAddress {address}
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile none
KexAlgorithms curve25519-sha256
"""


class Refused(Exception):
    def __init__(self, error_class, message):
        super().__init__(message)
        self.answer = {"class": error_class, "message": message}


class Provider:
    def __init__(self, request):
        self.request = request
        settings = request["settings"]
        if not isinstance(settings.get("folder"), str):
            raise Refused("config", "settings.folder is missing")
        self.home = settings["folder"]
        self.network = settings.get("network", "127.84.0")
        self.machine = request.get("machine", "")
        self.folder = self.folder_of(self.machine)

    def folder_of(self, machine):
        return f"{self.home}/machines/{machine}"

    def describe(self):
        abilities = f"{self.home}/abilities.json"
        return {"protocolVersion": 1, "abilities": json.loads(text_of(abilities)) if exists(abilities) else []}

    def list(self):
        prefix = self.request["tag"] + "-"
        machines = self.folder_of("")
        folders = os.listdir(machines) if exists(machines) else []
        ids = [id for id in sorted(folders) if id.startswith(prefix) and id[len(prefix) :].isdecimal()]
        return {"machines": [self.shown(id) for id in ids if exists(f"{self.folder_of(id)}/record.json")]}

    def is_foreign(self):
        """Another installation with our tag has made it."""
        owner = self.record(self.machine).get("owner") if exists(self.folder) else None
        return owner is not None and owner != self.request.get("owner")

    def create(self):
        if self.is_foreign():
            raise Refused("config", f"{self.machine} belongs to another installation")
        if not exists(self.folder):
            os.makedirs(self.folder)
            key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", f"{self.folder}/host_key"]
            run(key)
            record = {"type": self.request["type"], "specification": self.request["specification"]}
            if owner := self.request.get("owner"):
                record["owner"] = owner
            record["address"] = f"{self.network}.{int(self.machine.rpartition('-')[2]) + 1}"
            write(f"{self.folder}/record.json", json.dumps(record))
        return self.start()

    def start(self):
        if not exists(self.folder):
            raise Refused("config", f"there is no {self.machine}")
        if not self.pid(self.machine):
            self.boot()
        print(f"{self.machine} is up", file=sys.stderr)
        return {"machine": self.shown(self.machine)}

    def boot(self):
        text = SSHD.format(address=self.record(self.machine)["address"], folder=self.folder)
        write(f"{self.folder}/sshd_config", text)
        os.makedirs("/run/sshd", exist_ok=True)
        self.forget_pid()
        run(["/usr/sbin/sshd", "-f", f"{self.folder}/sshd_config"])
        while not self.pid(self.machine):
            time.sleep(0.01)

    def stop(self):
        import signal

        if pid := self.pid(self.machine):
            os.kill(pid, signal.SIGKILL)
        while self.pid(self.machine):
            time.sleep(0.01)
        return {}

    def destroy(self):
        if self.is_foreign():
            return {}
        self.stop()
        if exists(self.folder):
            run(["rm", "-r", self.folder])
        return {}

    def check(self):
        if not exists(self.folder) or self.is_foreign():
            return {"condition": "gone"}
        return {"condition": "fine" if self.pid(self.machine) else "unreachable"}

    def record(self, machine):
        return json.loads(text_of(f"{self.folder_of(machine)}/record.json"))

    def shown(self, machine):
        record = self.record(machine)
        pid = self.pid(machine)
        shown = {"machine": machine, "type": record["type"], "specification": record["specification"]}
        if "owner" in record:
            shown["owner"] = record["owner"]
        shown |= {"state": "running" if pid else "stopped", "address": record["address"]}
        key = text_of(f"{self.folder_of(machine)}/host_key.pub")
        return shown | {"hostKey": " ".join(key.split()[:2])}

    def pid(self, machine):
        """The process id of its server; 0 if that does not run."""
        folder = self.folder_of(machine)
        try:
            pid = int(text_of(f"{folder}/sshd.pid"))
            words = text_of(f"/proc/{pid}/cmdline")
        except (OSError, ValueError):
            return 0
        return pid if folder in words else 0

    def forget_pid(self):
        if exists(f"{self.folder}/sshd.pid"):
            os.unlink(f"{self.folder}/sshd.pid")


def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def run(command):
    import subprocess

    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def answer_to(request, kind):
    try:
        provider = kind(request)
        faults = f"{provider.home}/faults.json"
        if exists(faults):
            from faults import misbehave

            fault = json.loads(text_of(faults)).get(request["action"])
            if fault and (answer := misbehave(provider, fault)) is not None:
                return answer
        if request["action"] not in ("describe", "list", "create", "start", "stop", "destroy", "check"):
            raise Refused("config", f"unknown action {request['action']}")
        return getattr(provider, request["action"])()
    except Refused as refused:
        return {"error": refused.answer}


def note(request, name, document):
    folder = request["settings"].get("folder")
    if folder:
        with open(f"{folder}/{name}", "a", encoding="utf-8") as file:
            file.write(json.dumps(document) + "\n")


def main(kind=Provider):
    request = json.loads(sys.stdin.read())
    note(request, "requests", request)
    answer = {"requestId": request["requestId"]} | answer_to(request, kind)
    note(request, "answers", answer)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
