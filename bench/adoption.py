"""Measures passes that take over many machines, and prints the figures as JSON: the processor time of the program alone.

bench/run calls it, in a network namespace of its own. Numbers of machines may be given instead of the usual ones.
"""

import json
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/e2e"))
from support.farm import PLAIN, Farm  # noqa: E402

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
IDLE = {"enabled": True, "currentJobs": 0, "idleSince": 0}
TICKS = os.sysconf("SC_CLK_TCK")


def main():
    sizes = [int(word) for word in sys.argv[1:]] or [1000, 10_000, 30_000]
    print(json.dumps({f"adopt_{machines}_s": round(adoption_of(machines), 2) for machines in sizes}))


def adoption_of(machines):
    """The seconds of processor time that one pass takes until it has published them all."""
    farm = Farm(passTimeout=7200)
    try:
        cloud = farm.folder / "cloud.json"
        all_of_them = [machine(number) for number in range(machines)]
        cloud.write_text(json.dumps(all_of_them))
        program = {"command": [Path(__file__).with_name("still-cloud"), cloud]}
        counts = {"minMachines": machines, "maxMachines": machines, "maxJobs": 1, "speedFactor": 1}
        farm.configure(pools={PLAIN: counts | {"exec": program}})
        farm.queue(machines={f"root@{each['address']}": IDLE for each in all_of_them})
        seconds = own_seconds_of(farm.begin_pass())
        if len(farm.listed()) != machines:
            log = (farm.folder / "pass.log").read_text()[-2000:]
            sys.exit(f"bench: only {len(farm.listed())} of {machines} machines were taken over: {log}")
        return seconds
    finally:
        farm.end_children()
        shutil.rmtree(farm.folder)


def machine(number):
    return {
        "machine": f"t-{number}",
        "type": PLAIN,
        "specification": "as always",
        "state": "running",
        "address": f"10.{number // 60_000}.{number // 240 % 250}.{number % 240 + 1}",
        "hostKey": HOST_KEY,
    }


def own_seconds_of(child):
    """Without its child processes, of which there is one for each machine."""
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    child.wait()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()
