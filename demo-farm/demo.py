#!/usr/bin/python3
"""Demonstrates hydra-provisioner on a small farm, in about a minute.

A small queue runner (queue_runner.py) has some forty real derivations to build, and
hydra-provisioner gives it machines: each is an SSH server on a loopback address with a Nix store
of its own. Everything happens in a temporary directory and in a network namespace without any
network, and nothing is left afterwards. Ctrl-C stops the demo, and cleans up too.

    demo.py --provisioner PATH/TO/hydra-provisioner

Exits with 0 if every step was built by the machine it was sent to, and nothing is left.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from farm import Farm, FarmError
from screen import Scene, open_view

# Closing the terminal ends the demo, too.
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)

TICK = 0.5
SHOW_SECONDS_MAX = 180
LEAVE_SECONDS_MAX = 40
DRAIN_SECONDS_MAX = 25

# The demo's farm, with a queue runner that is up and has nothing to do.
QUIET_QUEUE = """\
import ./conf.nix // {
  statusCommand = [
    "sh" "-c"
    ''printf '{"status": "up", "time": %s, "uptime": 5000, "machines": {}, "machineTypes": {}}' "$(date +%s)" ''
  ];
  metricsListen = "127.0.0.1:9817";
}
"""


def main():
    arguments = parse_arguments()
    namespace = os.readlink("/proc/self/ns/net")
    if arguments.left_namespace in (None, namespace):
        enter_new_namespace(namespace)
    if sys.stdout is None:
        return "demo: stdout is closed"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where sshd is
    sys.stdout.reconfigure(errors="replace")
    for number in ENDINGS:
        signal.signal(number, interrupt)
    directory = Path(tempfile.mkdtemp(prefix="hydra-provisioner-demo-"))
    try:
        is_well = Show(Farm(arguments.provisioner, directory)).run()
        if is_well:
            print(what_to_try(arguments, directory))
        return 0 if is_well else 1
    finally:
        if arguments.keep:
            print(f"Remove it when you have seen enough: rm -r {directory}")
        else:
            shutil.rmtree(directory)


def what_to_try(arguments, directory):
    """On the farm as it is at the end, if it is kept."""
    begin = "Look at this farm, as root:\n"
    folder = directory
    if arguments.keep:
        directory.chmod(0o755)  # its folder "state" stays closed
        (directory / "look.nix").write_text(QUIET_QUEUE)
        (directory / "hydra-provisioner").symlink_to(arguments.provisioner)
    else:
        begin = "./demo --keep keeps the farm in a folder, for you to look at it as root:\n"
        folder = "FOLDER"
    run = "  ./hydra-provisioner --state-dir state"
    return f"""
{begin}  cd {folder}
{run} plan look.nix
{run} explain x86_64-linux
{run} history
{run} daemon look.nix    # its page: http://127.0.0.1:9817/"""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--provisioner", required=True, type=lambda p: Path(p).resolve(strict=True))
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory")
    parser.add_argument("--left-namespace", help=argparse.SUPPRESS)
    return parser.parse_args()


def enter_new_namespace(old):
    """Starts this program again. All other processes in the new namespace are ours to end."""
    command = ["unshare", "--net", sys.executable, *sys.argv, "--left-namespace", old]
    os.execvp(command[0], command)


def interrupt(_signal, _frame):
    raise KeyboardInterrupt


def complain(problem):
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(f"demo: {problem}", file=sys.stderr)


class Show:
    def __init__(self, farm):
        self.farm = farm
        self.started = time.monotonic()
        self.view = open_view()
        self.addresses = {}  # machine id to address, of all machines ever seen
        self.steps = []
        self.machines = []

    def run(self):
        """True if all went well."""
        try:
            self.farm.start()
            self.watch("building", self.all_built, SHOW_SECONDS_MAX)
            self.watch("all built: the machines leave", self.all_gone, LEAVE_SECONDS_MAX)
            self.farm.stop()
            return self.summarise()
        except (FarmError, OSError) as error:  # such as a terminal that is gone
            complain(error)
        except KeyboardInterrupt:
            if self.steps:  # otherwise nothing has begun
                self.drain()
        finally:
            for number in ENDINGS:
                signal.signal(number, signal.SIG_IGN)
            self.farm.stop()
            self.farm.kill_processes()
            with contextlib.suppress(OSError):
                self.view.close()
        return False

    def watch(self, note, is_over, seconds_max):
        deadline = time.monotonic() + seconds_max
        while True:
            self.farm.tend()
            self.look(note)
            if is_over():
                return
            if time.monotonic() > deadline:
                raise FarmError(f"{note}: did not end within {seconds_max} s")
            time.sleep(TICK)

    def look(self, note):
        self.steps = self.farm.steps()
        self.machines = [m for m in self.farm.machines() if m["state"] != "gone"]
        self.addresses |= {m["id"]: m["address"] for m in self.machines if m["address"]}
        messages = self.farm.messages()
        self.view.show(Scene(self.seconds(), self.steps, self.machines, messages, note))

    def drain(self):
        """Waits until the machines have finished and are gone. Another Ctrl-C kills them."""
        try:
            self.farm.drain()
            note = "interrupted: machines leave (Ctrl-C kills them)"
            self.watch(note, self.all_gone, DRAIN_SECONDS_MAX)
        except (FarmError, OSError, KeyboardInterrupt):
            complain("killing the machines")

    def all_built(self):
        return bool(self.steps) and all(s["state"] in ("done", "failed") for s in self.steps)

    def all_gone(self):
        return not self.machines and not self.farm.is_passing()

    def seconds(self):
        return int(time.monotonic() - self.started)

    def summarise(self):
        built = [step for step in self.steps if step["ok"]]
        counts = Counter(builder(step) for step in built)
        print(f"\n{len(built)} of {len(self.steps)} steps built in {self.seconds()} s, by")
        for machine in sorted(counts, key=machine_number):
            print(f"  {machine:12}{counts[machine]:3}")
        print(f"{len(self.addresses)} machines created, {self.gone()} destroyed")
        checks = self.checks()
        for text, problems in checks:
            print(f"  {'FAILED' if problems else 'ok':8}{text}", *problems, sep="\n          ")
        return not any(problems for _, problems in checks)

    def gone(self):
        return len(self.addresses) - len(self.machines)

    def checks(self):
        """What must be true, each with the exceptions that were found."""
        unbuilt = [step["name"] for step in self.steps if not step["ok"]]
        strayed = [step["name"] for step in self.steps if self.strayed(step)]
        return [
            ("every step was built", unbuilt),
            ("every step was built by the machine it was sent to", strayed),
            *self.farm.leftovers(),
        ]

    def strayed(self, step):
        return step["ok"] and step["machine"] != f"root@{self.addresses.get(builder(step))}"


def builder(step):
    """The machine that built a step, whose output contains <machine's directory>/store."""
    return Path(step["output"].split()[-1]).parent.name


def machine_number(machine):
    return int(machine.rpartition("-")[2])


if __name__ == "__main__":
    sys.exit(main())
