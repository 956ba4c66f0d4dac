"""A farm for a test: a temporary folder with all that the program reads and writes. Nothing is left at the end."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from support.nix_text import nix_text
from support.processes import processes_of
from support.status_file import PLAIN, StatusFile
from support.waiting import WAIT_SECONDS_MAX, wait_for

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "demo-farm"
sys.path.insert(0, str(DEMO))
from machines import parse_machines  # noqa: E402  the demo's, as strict as any queue runner


class Ended(NamedTuple):
    """How a run of the program ended."""

    status: int
    out: str
    err: str
    seconds: float


class Farm:
    program = os.environ.get("HYDRA_PROVISIONER", ROOT / "build/release/hydra-provisioner")

    def __init__(self, state=None, **options):
        """`options` are those of conf.nix; `pools` is its systemTypes. Everything has a default that suits tests."""
        self.folder = Path(tempfile.mkdtemp(prefix="hpt-", dir="/tmp"))  # short, as the path of a socket must be
        self.state = state or self.folder / "state"
        self.conf = self.folder / "conf.nix"
        self.machines_file = self.folder / "machines"
        self.status = StatusFile(self.folder / "status.json")
        self.environment = os.environ | {"HYDRA_PROVISIONER_E2E_FARM": str(self.folder)}
        self.options = {
            "tag": "t",
            "pools": {PLAIN: pool()},
            "statusCommand": ["cat", self.status.path],
            "machinesFile": self.machines_file,
            "updateCommand": None,
            "settle": 0,
            "quiet": 0,
        }
        self.children = []
        self.mounts = []
        self.configure(**options)

    def configure(self, **options):
        self.options |= options
        settings = {k: v for k, v in self.options.items() if k != "pools" and v is not None}
        self.conf.write_text(nix_text(settings | {"systemTypes": self.options["pools"]}) + "\n")

    # The queue: a document that says what a test wants, or a queue runner that builds.

    def queue(self, **what):
        self.status.say(**what)

    def queue_says(self, content):
        self.status.say_exactly(content)

    def start_queue_runner(self, jobs):
        """The demo's queue runner, which really builds. Jobs are {"name", "system", "features", "seconds"}."""
        runner = [sys.executable, "-B", DEMO / "queue_runner.py"]
        self.jobs_file = self.folder / "jobs.json"
        self.say_jobs(jobs)
        files = ["--machines", self.machines_file, "--jobs", self.jobs_file, "--poll", "0.2"]
        self.spawn([*runner, "run", "--dir", self.folder / "queue", *files], self.folder / "queue.log")
        wait_for((self.folder / "queue/status.json").exists, "the queue runner starts")
        self.configure(statusCommand=[*map(str, runner), "status", "--dir", str(self.folder / "queue")])

    def say_jobs(self, jobs):
        self.jobs_file.write_text(json.dumps(jobs))

    def steps(self):
        """What became of the jobs, by name; only those that the queue runner has read."""
        return {step["name"]: step for step in json.loads((self.folder / "queue/steps.json").read_text())}

    # Runs of the program.

    def command(self, *words):
        return [self.program, "--state-dir", self.state, *words]

    def run(self, *words, **more_environment):
        """`words` as they are, and --state-dir."""
        return self.run_command(self.command(*words), **more_environment)

    def run_command(self, command, **more_environment):
        self.status.write()
        began = time.monotonic()
        ended = subprocess.run(
            [str(word) for word in command],
            env=self.environment | more_environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=WAIT_SECONDS_MAX,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr, time.monotonic() - began)

    def run_pass(self, *options, **more_environment):
        return self.run(self.conf, *options, **more_environment)

    def begin_pass(self):
        """A pass that goes on while the test does something else."""
        self.status.write()
        return self.spawn(self.command(self.conf), self.folder / "pass.log")

    def passes_until(self, condition, what):
        """Passes that all succeed, until the condition holds."""

        def holds():
            ended = self.run_pass()
            if ended.status != 0:
                raise AssertionError(f"a pass failed while it was waited until {what}: {ended}")
            return condition()

        wait_for(holds, what, lambda: self.run("plan", self.conf).out)

    def spawn(self, command, log):
        with open(log, "ab") as output:
            words = [str(word) for word in command]
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            child = subprocess.Popen(words, env=self.environment, cwd=self.folder, **streams)
        self.children.append(child)
        return child

    # What there is.

    def machines(self):
        """Our machines by id, as `status --json` tells them."""
        ended = self.run("status", self.conf, "--json")
        return {machine["id"]: machine for machine in json.loads(ended.out)["machines"]}

    def states(self):
        return {id: machine["state"] for id, machine in self.machines().items()}

    def listed(self):
        """The addresses in the machines file that steps can be sent to. Raises ValueError if the file is bad."""
        lines = parse_machines(self.machines_file.read_text()).values()
        return [line.name.removeprefix("root@") for line in lines if line.max_jobs > 0]

    def folders(self):
        """The machines that the local provider has, by their folders."""
        return sorted(path.name for path in self.state.glob(f"local/{self.options['tag']}-*"))

    def log(self, machine):
        return (self.state / f"logs/{machine}.log").read_text()

    def journal(self, query, *values):
        with sqlite3.connect(self.state / f"{self.options['tag']}.sqlite", timeout=WAIT_SECONDS_MAX) as journal:
            rows = journal.execute(query, values).fetchall()
        journal.close()
        return rows

    def sshd(self, machine):
        """The process id of its listener."""
        return int((self.state / f"local/{machine}/sshd.pid").read_text())

    def is_listening(self, machine):
        """Whether its listener is there, as its title says."""
        return any(f"local/{machine}/sshd_config" in words for words in self.processes().values())

    def mount(self, path, options):
        """A file system of its own, in memory, until the end."""
        path.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        self.mounts.append(path)

    def processes(self):
        return processes_of(self.folder)

    def end_back_off(self):
        """Of all that has failed, as if its time had passed."""
        self.journal("delete from creations")
        self.journal("update machines set checked_at = null where state = 'creating'")
        self.journal("update machines set failed_at = null")

    def wait_until_ended(self, words=""):
        """No process is left whose command begins with the words. One that was killed is still there for a moment."""
        left = lambda: [command for command in self.processes().values() if command.startswith(words)]
        wait_for(lambda: not left(), f"all processes {words!r} have ended", left)

    # Its end.

    def end(self):
        """Gives up every machine as the manual says, then insists that nothing is left."""
        try:
            self.end_children()
            self.retire()
            self.unmount()
            self.wait_until_ended()
        finally:
            self.remove_whatever_is_left()

    def retire(self):
        if not self.folders():
            return
        self.queue()
        self.status.document["machines"] = None  # and no step runs, so that none can run on any machine
        self.configure(pools={}, updateCommand=None, statusCommand=["cat", self.status.path])
        self.configure(machinesFile=self.machines_file)

        def gone():
            self.last = self.run_pass("--allow-empty")
            return not self.folders()

        wait_for(gone, "all machines are gone", lambda: self.last)

    def end_children(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.wait(WAIT_SECONDS_MAX)

    def unmount(self):
        while self.mounts:
            subprocess.run(["umount", self.mounts.pop()], check=True)

    def remove_whatever_is_left(self):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.unmount()
        shutil.rmtree(self.folder)


def pool(**settings):
    return {"local": {}, "maxMachines": 2, "runnablesPerMachine": 5} | settings


def job(name, seconds=0, system=PLAIN, features=(), depends_on=()):
    lists = {"features": list(features), "depends_on": list(depends_on)}
    return {"name": name, "system": system, "seconds": seconds, **lists}


def fill(path):
    """With as much as fits on the disk."""
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
