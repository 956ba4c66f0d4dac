"""A farm whose machines a program provides: tests/exec/provider.py, which does what it is told, faults too."""

import json
import os
import shutil
import signal

from support.daemon_farm import DaemonFarm
from support.farm import PLAIN, ROOT, Farm
from support.farm_test import FarmTest

PROVIDER = ROOT / "tests/exec/provider.py"


def exec_pool(farm_folder, name="provider", network="127.84.0", **settings):
    """Of a provider with a folder of its own."""
    home = farm_folder / name
    home.mkdir(exist_ok=True)
    exec_settings = {"command": [PROVIDER], "settings": {"folder": home, "network": network}, "timeout": 6}
    return {"exec": exec_settings, "maxMachines": 2, "runnablesPerMachine": 5, "bootTimeout": 30} | settings


class ExecFarm(Farm):
    def __init__(self, **options):
        super().__init__(pools={}, **options)
        self.home = self.folder / "provider"
        self.configure(pools={PLAIN: exec_pool(self.folder)})

    def provider_has(self, *abilities, home=None):
        ((home or self.home) / "abilities.json").write_text(json.dumps(abilities))

    def provider_fails(self, home=None, **faults):
        """By action: a fault of tests/exec/faults.py, and what goes with it."""
        lists = {action: fault if isinstance(fault, list) else [fault] for action, fault in faults.items()}
        ((home or self.home) / "faults.json").write_text(json.dumps(lists))

    def requests(self, action=None):
        path = self.home / "requests"
        requests = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [request for request in requests if action in (None, request["action"])]

    def answers(self):
        return [json.loads(line) for line in (self.home / "answers").read_text().splitlines()]

    def provided(self, home=None):
        """The machines that there are, by their folders."""
        return sorted(path.name for path in (home or self.home).glob("machines/*"))

    def vanish(self, machine):
        """As if another program had ended it."""
        for pid, words in self.processes().items():
            if f"machines/{machine}/" in words:
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.home / "machines" / machine)

    def folders(self):
        return super().folders() + [path.name for path in self.folder.glob("*/machines/*")]

    def retire(self):
        for faults in self.folder.glob("*/faults.json"):
            faults.unlink()
        super().retire()


class ExecDaemonFarm(ExecFarm, DaemonFarm):
    pass


class ExecTest(FarmTest):
    def farm(self, **options):
        farm = ExecFarm(**options)
        self.addCleanup(farm.end)
        return farm
