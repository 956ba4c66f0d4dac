"""The faults of provider.py. A fault is [NAME, …]; it exits, returns an answer, or returns None to let the program go on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

FOREVER = "100000"


def misbehave(provider, fault):
    name, *more = fault
    return FAULTS[name](provider, *more)


def hang(_provider):
    signal.pause()


def crash(_provider):
    sys.exit("Traceback: KeyError: 'region'")


def garbage(_provider):
    print("<html>It works!</html>")
    sys.exit()


def silence(_provider):
    sys.exit()


def flood(_provider):
    piece = b"x" * 1_000_000
    for _ in range(100):
        os.write(1, piece)
    sys.exit()


def other_request(_provider):
    return {"requestId": "another", "machines": []}


def foreign(provider):
    """Also lists machines of other tags."""
    machines = provider.list()["machines"]
    for id in ("other-0", "web", "t-x", "t-1-0"):
        running = {"state": "running", "address": "192.0.2.1", "hostKey": "ssh-ed25519 AAAA"}
        machines.append({"machine": id, "type": "x86_64-linux", **running})
    return {"machines": machines}


def twice(provider):
    return {"machines": provider.list()["machines"] * 2}


def fork_and_stay(_provider):
    subprocess.Popen(["setsid", "sleep", FOREVER])


def fork_and_hang(_provider):
    subprocess.Popen(["setsid", "sleep", FOREVER])
    signal.pause()


def fail(provider, error, times=None):
    """Answers with this error, `times` times or always."""
    if times is not None:
        count = Path(provider.home, "failures")
        done = int(count.read_text()) if count.exists() else 0
        if done >= times:
            return None
        count.write_text(str(done + 1))
    return {"error": error}


def wrong_key(provider):
    answer = getattr(provider, provider.request["action"])()
    for machine in answer.get("machines", [answer.get("machine")]):
        machine["hostKey"] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    return answer


def say(_provider, answer):
    return answer


FAULTS = {
    "hang": hang,
    "crash": crash,
    "garbage": garbage,
    "silence": silence,
    "flood": flood,
    "other request": other_request,
    "foreign": foreign,
    "twice": twice,
    "fork and stay": fork_and_stay,
    "fork and hang": fork_and_hang,
    "fail": fail,
    "wrong key": wrong_key,
    "say": say,
}
