"""The demo's farm: a directory, a queue runner, and passes of hydra-provisioner."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from machines import parse_machines
from workload import workload

HERE = Path(__file__).resolve().parent
PASS_INTERVAL = 2
STATUS_SECONDS_MAX = 10
STOP_SECONDS_MAX = 10

# Exit statuses of hydra-provisioner that every later pass would have too: usage, configuration.
HOPELESS = (64, 78)


class FarmError(Exception):
    pass


class Farm:
    def __init__(self, provisioner, directory):
        self.provisioner = provisioner
        self.directory = directory
        self.state = directory / "state"
        self.machines_file = directory / "machines"
        self.messages_file = directory / "messages"
        self.configuration = [directory / "conf.nix"]
        self.queue_runner = None
        self.provisioner_pass = None
        self.next_pass = 0
        self.known_machines = []

    def start(self):
        shutil.copy(HERE / "conf.nix", self.directory)
        (self.directory / "queue_runner.py").symlink_to(HERE / "queue_runner.py")
        jobs = self.directory / "jobs.json"
        jobs.write_text(json.dumps(workload()))
        self.messages_file.touch()
        command = [HERE / "queue_runner.py", "run", "--dir", self.directory / "queue-runner"]
        command += ["--machines", self.machines_file, "--jobs", jobs, "--poll", "1"]
        with open(self.directory / "queue-runner.log", "ab") as log:
            self.queue_runner = spawn(command, log)
        wait_for(self.directory / "queue-runner" / "status.json")

    def tend(self):
        """Starts the next pass of hydra-provisioner when it is due. Does not wait."""
        if self.queue_runner.poll() is not None:
            raise FarmError(f"the queue runner exited with {self.queue_runner.returncode}")
        if self.is_passing() or time.monotonic() < self.next_pass:
            return
        self.next_pass = time.monotonic() + PASS_INTERVAL
        command = [self.provisioner, "--state-dir", self.state, *self.configuration]
        with open(self.messages_file, "ab") as log:
            self.provisioner_pass = spawn(command, log)

    def is_passing(self):
        if self.provisioner_pass is None:
            return False
        code = self.provisioner_pass.poll()
        if code in HOPELESS:
            raise FarmError(f"hydra-provisioner exited with {code}: {self.messages()[-1]}")
        return code is None

    def drain(self):
        """Gives later passes a configuration that needs no machines."""
        empty = self.directory / "empty.nix"
        empty.write_text("import ./conf.nix // { systemTypes = { }; }\n")
        self.configuration = ["--allow-empty", empty]

    def steps(self):
        """The queue runner's steps, as in its steps.json."""
        return json.loads((self.directory / "queue-runner" / "steps.json").read_text())

    def machines(self):
        """The provisioner's machines, as in `hydra-provisioner status --json`."""
        command = [self.provisioner, "--state-dir", self.state, "status", "--json"]
        command.append(self.directory / "conf.nix")
        try:
            result = subprocess.run(
                command, capture_output=True, timeout=STATUS_SECONDS_MAX, start_new_session=True
            )
            self.known_machines = json.loads(result.stdout)["machines"]
        except (subprocess.TimeoutExpired, ValueError):
            pass  # the next call asks again; until then the known machines are good enough
        return self.known_machines

    def messages(self):
        """The messages of the provisioner so far, a line each."""
        text = self.messages_file.read_text(errors="replace")
        return [line for line in re.sub(r"\x1b\[[\d;]*m", "", text).splitlines() if line.strip()]

    def stop(self):
        """Terminates the processes that were started, and waits for them."""
        for process in (self.provisioner_pass, self.queue_runner):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                wait(process)

    def leftovers(self):
        """What must be true when all machines are gone, each with the exceptions found."""
        listed = parse_machines(self.machines_file.read_text()).values()
        return [
            ("no process is left", [command_line(pid) for pid in self.processes()]),
            ("no machine's directory is left", [str(path) for path in self.machine_directories()]),
            ("the machines file has placeholders only", [m.text for m in listed if m.max_jobs > 0]),
        ]

    def machine_directories(self):
        return [path for path in (self.state / "local").glob("*") if path.is_dir()]

    def processes(self):
        """All processes in our network namespace, or in a Nix sandbox below our directory."""
        ours = os.readlink("/proc/self/ns/net")
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
        return [pid for pid in pids if pid != os.getpid() and self.owns(pid, ours)]

    def owns(self, pid, namespace):
        try:
            if os.readlink(f"/proc/{pid}/ns/net") == namespace:
                return True
            with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as mounts:
                return self.directory.name in mounts.readline()
        except OSError:  # it has just ended
            return False

    def kill_processes(self):
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while (pids := self.processes()) and time.monotonic() < deadline:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


def spawn(command, log):
    """Starts a command that Ctrl-C at the terminal does not reach."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def wait(process):
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(path):
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while not path.exists():
        if time.monotonic() > deadline:
            raise FarmError(f"{path} did not appear")
        time.sleep(0.05)


def command_line(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return f"{pid}"
    return f"{pid} {b' '.join(words).decode(errors='replace').strip()}"
