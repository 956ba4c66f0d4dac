"""A farm for builds of plain Nix, as examples/plain-nix-queue describes them."""

import json
import os
import subprocess

from support.farm import ROOT, Farm
from support.waiting import wait_for

from nix_builds import SSH_OPTIONS  # the demo's, which knows what Nix needs

QUEUE = ROOT / "examples/plain-nix-queue"
JOBS = ROOT / "demo-farm/jobs.nix"


class PlainFarm(Farm):
    """Its queue is that of a Nix of its own: a store, a state and a configuration in the farm's folder."""

    def __init__(self, **options):
        super().__init__()
        self.nix = self.folder / "nix"
        for name in ("conf", "state", "tmp"):
            (self.nix / name).mkdir(parents=True)
        (self.nix / "conf/nix.conf").write_text(
            f"build-hook = {QUEUE}\nbuilders = @{self.machines_file}\nmax-jobs = 0\nsubstituters =\nbuild-users-group =\n"
        )
        self.nix_environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.nix),
            "TMPDIR": str(self.nix / "tmp"),
            "NIX_REMOTE": str(self.nix / "store"),
            "NIX_STATE_DIR": str(self.nix / "state"),
            "NIX_CONF_DIR": str(self.nix / "conf"),
            "NIX_USER_CONF_FILES": "/dev/null",
            "NIX_CONFIG": f"build-hook = {QUEUE}",  # Nix 2.26 ignores the one in nix.conf
            "NIX_SSHOPTS": " ".join(SSH_OPTIONS),
        }
        self.environment["NIX_STATE_DIR"] = str(self.nix / "state")
        self.queue_command = [str(QUEUE), "--machines", str(self.machines_file)]
        queue = {"type": "command", "command": self.queue_command}
        self.configure(statusCommand=None, queue=queue, **options)
        self.run_pass()  # so that there are placeholders

    def build(self, *jobs, **environment):
        """Begins `nix-store --realise` of all of them; the process."""
        file = self.nix / f"jobs-{len(self.children)}.json"
        file.write_text(json.dumps(list(jobs)))
        words = ["nix-instantiate", JOBS, "--argstr", "jobsFile", file]
        derivations = subprocess.run(words, env=self.nix_environment, capture_output=True, encoding="utf-8", check=True)
        return self.start(["nix-store", "--realise", *derivations.stdout.split()], **environment)

    def start(self, command, **environment):
        with open(self.nix / "builds.log", "ab") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            child = subprocess.Popen(command, env=self.nix_environment | environment, cwd=self.folder, **streams)
        self.children.append(child)
        return child

    def document(self):
        return json.loads(self.run_command(self.queue_command).out)

    def demand(self):
        """Waiting and running by system and features."""
        return {":".join([d["system"], *d["features"]]): (d["waiting"], d["running"]) for d in self.document()["demand"]}

    def jobs(self):
        return {machine["name"]: machine["jobs"] for machine in self.document()["machines"]}

    def wait_for_demand(self, demand):
        wait_for(lambda: self.demand() == demand, f"the demand is {demand}", lambda: (self.demand(), self.build_log()))

    def build_log(self):
        return (self.nix / "builds.log").read_text()

    def retire(self):
        self.configure(queue=None)
        super().retire()
