"""A farm whose machines connect to the stand-in queue runner by themselves, and whose gates are set over SSH."""

import json
import os
import subprocess
import sys

from support.exec_farm import ExecFarm, exec_pool
from support.farm import PLAIN, ROOT
from support.rust_farm import STAND_INS, RustFarm

PROVIDER = ROOT / "tests/exec/joining_provider.py"


class JoiningFarm(ExecFarm, RustFarm):
    def __init__(self, pool=None, **options):
        super().__init__(**options)
        self.key = self.folder / "operator_key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", self.key], check=True)
        self.configure(pools={PLAIN: joining_pool(self, **(pool or {}))})

    def process(self, beginning, part):
        """The id of the process whose command begins so and has this part."""
        (pid,) = [pid for pid, words in self.processes().items() if words.startswith(beginning) and part in words]
        return pid

    def is_closed(self, machine):
        """Its gate, as its builder sees it."""
        pid = self.process("unshare ", f"/machines/{machine} ")
        return os.statvfs(f"/proc/{pid}/root/run/hydra-gate").f_bavail == 0

    def shows_closed(self, machine):
        """Whether the queue runner knows that it is."""
        return self.joined()[machine]["stats"]["buildDirFreePercent"] < 10

    def jobs(self, machine):
        """The steps that it has."""
        return self.joined().get(machine, {"jobs": []})["jobs"]

    def signal_server(self, machine, number):
        """That which listens for SSH there."""
        os.kill(self.process("sshd: ", f"/machines/{machine}/sshd_config"), number)

    def start_server(self, machine):
        pid = self.process("/bin/sh ", f"/machines/{machine} ")
        namespaces = ["nsenter", "--mount", "--pid", "--target", str(pid)]
        self.run_command([*namespaces, "/usr/sbin/sshd", "-f", self.home / "machines" / machine / "sshd_config"])

    def orders(self, machine):
        """What was run there over SSH."""
        lines = (self.home / "orders").read_text().splitlines()
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{machine} ")]

    def destroyed(self):
        """Which machines were destroyed, and how the gate of each was just before."""
        path = self.home / "destroyed"
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def joining_pool(farm, max_jobs=2, **settings):
    joins = {"sshKey": farm.key, "builderEndpoint": farm.url(), "maxJobs": max_jobs}
    pool = exec_pool(farm.folder, **joins | settings)
    builder = [sys.executable, "-B", STAND_INS / "builder.py", farm.queue_folder / "port"]
    pool["exec"]["command"] = [PROVIDER]
    pool["exec"]["settings"] |= {"builder": builder, "operatorKey": f"{farm.key}.pub"}
    return pool
