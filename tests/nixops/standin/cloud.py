"""What is outside of NixOps: instances, and hosts that can be reached or not. A folder, so tests can see and change it.

  instances/ID.json     id, kind, state (pending, running, stopped, terminated), ip, private_ip, token, tags, ...
  hosts/ID/             of an instance, or of an address where no instance is: the files of the host, and
  hosts/ID.json         reach (yes, no route, port closed, host key), commands (that were run), units, toplevels
  calls.jsonl           every call of the stand-in, at its start and at its end
  faults.json           what is to go wrong (see README.md)
"""

import contextlib
import fcntl
import json
import os
import time


@contextlib.contextmanager
def locked(path):
    with open(path, "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_json(path, value):
    """Readers see the old or the new."""
    new = f"{path}.{os.getpid()}"
    with open(new, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
    os.replace(new, path)


def read_json(path, default):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return default


class Cloud:
    def __init__(self, folder):
        self.folder = os.fspath(folder)
        for name in ("instances", "hosts"):
            os.makedirs(f"{self.folder}/{name}", exist_ok=True)

    def lock(self):
        return locked(f"{self.folder}/lock")

    # Instances.

    def instances(self):
        """The instances by id, with the terminated ones."""
        names = sorted(name for name in os.listdir(f"{self.folder}/instances") if name.endswith(".json"))
        found = [read_json(f"{self.folder}/instances/{name}", None) for name in names]
        return {instance["id"]: instance for instance in found if instance}

    def alive(self):
        return {id: i for id, i in self.instances().items() if i["state"] != "terminated"}

    def instance(self, id):
        return read_json(self.instance_path(id), None)

    def instance_path(self, id):
        return f"{self.folder}/instances/{id}.json"

    def with_token(self, token):
        return next((i for i in self.instances().values() if token and i["token"] == token), None)

    def run_instance(self, **properties):
        """A new instance, unless one was made with this token."""
        with self.lock():
            instance = self.with_token(properties.get("token"))
            if instance:
                return instance
            number = self.next_number()
            instance = {
                "id": f"i-{number:017x}",
                "state": "running",
                "launched": int(time.time()),
                "ip": f"198.51.{100 + number // 256}.{number % 256}",
                "private_ip": f"10.0.{1 + number // 256}.{number % 256}",
                "token": None,
                "tags": {},
            } | properties
            write_json(self.instance_path(instance["id"]), instance)
            return instance

    def next_number(self):
        number = read_json(f"{self.folder}/number", 12)
        write_json(f"{self.folder}/number", number + 1)
        return number

    def change(self, id, **properties):
        with self.lock():
            instance = self.instance(id) | properties
            write_json(self.instance_path(id), instance)

    def terminate(self, id):
        self.change(id, state="terminated")

    def start(self, id):
        self.change(id, state="running", launched=int(time.time()))

    def stop(self, id):
        self.change(id, state="stopped")

    def set_ip(self, id, ip, private_ip=None):
        self.change(id, ip=ip, **({"private_ip": private_ip} if private_ip else {}))

    def forget(self, id):
        """Forgets an instance, as EC2 does an hour after its end."""
        os.unlink(self.instance_path(id))

    # Hosts, by address, or by the id of their instance.

    def host_id(self, where):
        """The instance that has the address, else the address."""
        if self.instance(where):
            return where
        found = [i for i in self.instances().values() if where in (i["ip"], i["private_ip"])]
        return min(found, key=lambda i: i["state"] == "terminated")["id"] if found else where

    def host(self, where):
        default = {"reach": "yes", "commands": [], "units": [], "toplevels": [], "load": "0.28 0.43 0.26"}
        return default | read_json(f"{self.folder}/hosts/{self.host_id(where)}.json", {})

    def change_host(self, where, change):
        """`change` alters the host."""
        with self.lock():
            host = self.host(where)
            change(host)
            write_json(f"{self.folder}/hosts/{self.host_id(where)}.json", host)

    def set_host(self, where, **properties):
        self.change_host(where, lambda host: host.update(properties))

    def make_unreachable(self, where, how="no route"):
        """`how`: also "port closed", or "host key" (which is not the known one)."""
        self.set_host(where, reach=how)

    def make_reachable(self, where):
        self.set_host(where, reach="yes")

    def reach(self, where):
        """Whether it can be reached: "yes", or how not."""
        instance = self.instance(self.host_id(where))
        down = instance and instance["state"] != "running" and not instance.get("answers_still")
        return "no route" if down else self.host(where)["reach"]

    def host_folder(self, where):
        folder = f"{self.folder}/hosts/{self.host_id(where)}"
        os.makedirs(f"{folder}/run", exist_ok=True)
        return folder

    def commands(self, where):
        """The commands that ssh ran on the host."""
        return self.host(where)["commands"]

    def keep_alive_touches(self, where):
        return sum("touch /run/keep-alive" in command for command in self.commands(where))

    # Calls and faults.

    def calls(self, *operations):
        """Every call of these operations, or all: what is known at its start and, if it has ended, at its end."""
        calls = {}
        with contextlib.suppress(FileNotFoundError), open(f"{self.folder}/calls.jsonl", encoding="utf-8") as file:
            for line in file:
                event = json.loads(line)
                calls.setdefault(event["call"], {}).update(event)
        return [call for call in calls.values() if not operations or set(call["argv"][:1]) & set(operations)]

    def set_faults(self, *faults):
        """Replaces all faults by these."""
        with self.lock():
            write_json(f"{self.folder}/faults.json", list(faults))

    def faults(self):
        return read_json(f"{self.folder}/faults.json", [])

    def ssh_masters(self):
        """The process ids of ssh masters that the fault "ssh-master" left behind and that still run."""
        with contextlib.suppress(FileNotFoundError), open(f"{self.folder}/ssh-masters", encoding="utf-8") as file:
            return [int(line) for line in file if self.is_ours(int(line))]
        return []

    def is_ours(self, pid):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                return os.fsencode(self.folder) in file.read()
        except OSError:
            return False
