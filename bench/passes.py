"""Measures whole passes over local machines, and prints the figures as JSON.

bench/run calls it, as root and in a network namespace of its own.
"""

import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/e2e"))
from support.daemon_farm import DaemonFarm  # noqa: E402
from support.farm import PLAIN, Farm, pool  # noqa: E402

ROUNDS = 15


def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where sshd is
    print(json.dumps(passes_with_nothing_to_do() | creations() | reactions() | many_boots()))


def leave(_signal, _frame):
    """Exits at once, but destroys the machines first, which nothing may interrupt."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.exit("bench: interrupted")


def passes_with_nothing_to_do():
    """The time that Nix takes to evaluate conf.nix is measured separately, and does not count."""
    with farm_of(100) as farm:
        create_all(farm)
        if farm.run("plan", farm.conf, "--detailed-exitcode").status != 0:
            sys.exit(f"bench: there is still something to do: {farm.run('plan', farm.conf).out}")
        peak = max(peak_megabytes(farm) for _ in range(3))
        evaluations, passes = [], []
        for _ in range(ROUNDS):
            evaluations.append(seconds_of(lambda: evaluate(farm)))
            passes.append(seconds_of(lambda: run_pass(farm)))
        seconds = statistics.median(passes) - statistics.median(evaluations)
        return {"idle_pass_ms": round(seconds * 1000, 1), "idle_pass_peak_mb": round(peak, 1)}


def creations():
    """One machine and then 50 that boot for 10 s: from the start of a pass until all are published."""
    figures = {}
    for name, machines in (("one_machine_s", 1), ("fifty_machines_s", 50)):
        with farm_of(machines, bootSeconds=10) as farm:
            figures[name] = round(seconds_of(lambda farm=farm: create_all(farm)), 2)
    return figures


def reactions():
    """The slowest reaction of a daemon: from a status that needs one more machine until its creation begins."""
    interval, trials = 2, 6
    farm = DaemonFarm(pools={PLAIN: pool(maxMachines=trials)}, interval=interval)
    with daemon_over(farm):
        worst = max(reaction(farm, number) for number in range(trials))
        return {"reaction_beyond_interval_ms": round((worst - interval) * 1000, 1)}


def reaction(farm, number):
    request = farm.state / f"jobs/t-{number}.request.json"
    farm.queue(runnable=5 * (number + 1))
    seconds = seconds_of(lambda: wait_closely(request.exists))
    farm.wait_for_machines(number + 1)
    farm.wait_for_passes(1)
    return seconds


def wait_closely(condition, pause=0.001):
    deadline = time.monotonic() + 300
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("bench: the condition is not true after 300 s")
        time.sleep(pause)


def many_boots():
    """200 machines that boot for a minute at the same time: from the first creation until all are published."""
    machines = 200
    with tempfile.TemporaryDirectory(prefix="hpt-cloud-") as cloud:
        command = [Path(__file__).with_name("slow-cloud"), cloud]
        settings = {"maxMachines": machines, "runnablesPerMachine": 5, "exec": {"command": command}}
        farm = DaemonFarm(pools={PLAIN: settings}, maxParallel=machines)
        farm.daemon = farm.begin_daemon()
        farm.wait_for_passes(1)
        farm.queue(runnable=5 * machines)
        wait_closely((farm.state / "jobs/t-0.request.json").exists)
        seconds = seconds_of(lambda: wait_closely(lambda: len(farm.listed()) == machines, pause=0.2))
        farm.daemon.kill()  # its machines are files, which need not be destroyed
        farm.end()
        return {"two_hundred_boots_s": round(seconds, 1)}


@contextlib.contextmanager
def daemon_over(farm):
    farm.daemon = farm.begin_daemon()
    try:
        farm.wait_for_passes(2)
        yield
    finally:
        farm.daemon.terminate()
        farm.daemon.wait(60)
        farm.end()


@contextlib.contextmanager
def farm_of(machines, **local):
    farm = Farm(pools={PLAIN: pool(minMachines=machines, maxMachines=machines, local=local)})
    try:
        yield farm
    finally:
        farm.end()


def create_all(farm):
    run_pass(farm)
    listed = farm.listed()
    if len(listed) != farm.options["pools"][PLAIN]["maxMachines"]:
        sys.exit(f"bench: one pass made only {len(listed)} machines: {pass_log(farm)}")
    # The queue runner lists them after it has read the file, within 30 s.
    entry = {"enabled": True, "currentJobs": 0, "idleSince": 0}
    farm.queue(machines={f"root@{address}": entry for address in listed})


def run_pass(farm):
    if farm.begin_pass().wait() != 0:
        sys.exit(f"bench: a pass failed: {pass_log(farm)}")


def pass_log(farm):
    return (farm.folder / "pass.log").read_text()


def evaluate(farm):
    command = ["nix-instantiate", "--eval", "--strict", "--json", farm.conf]
    subprocess.run(command, check=True, capture_output=True)


def peak_megabytes(farm):
    """Of the program alone. wait4(2) would include its children, of which Nix is bigger."""
    peak = 0
    child = farm.begin_pass()
    while child.poll() is None:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{child.pid}/status").read_text())
        peak = max(peak, int(found[1]) if found else 0)
    return peak * 1024 / 1e6


def seconds_of(action):
    began = time.monotonic()
    action()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
