"""The machines file, and what the queue runner knows about each machine in it.

The rules are those of Hydra's classic queue runner, except that a line must have all eight
columns, well formed: a provisioner has no reason to write other lines, and versions of Hydra
read them in different ways.
"""

import base64
import binascii
import math
import os
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class MachineLine:
    """One line of the machines file."""

    text: str
    name: str
    systems: frozenset
    max_jobs: int
    speed_factor: float
    supported: frozenset
    mandatory: frozenset
    host_key: str

    def supports(self, step):
        return (
            step.system in self.systems
            and self.mandatory <= step.features
            and step.features <= self.supported
        )


def parse_machines(text):
    """The lines of a machines file by machine name. Raises ValueError at the first bad line."""
    lines = {}
    for number, raw in enumerate(text.split("\n"), start=1):
        content = raw.split("#", 1)[0].strip()
        if content:
            try:
                line = parse_line(content)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
            lines[line.name] = line
    return lines


def parse_line(text):
    # Newer versions of Hydra read `;` as the end of a line and `@` as an include.
    if not text.isascii() or ";" in text or text.startswith("@"):
        raise ValueError(f"forbidden character in {text!r}")
    columns = text.split()
    if len(columns) != 8:
        raise ValueError(f"{len(columns)} columns instead of 8")
    name, systems, _ssh_key, max_jobs, speed_factor, supported, mandatory, host_key = columns
    if not re.fullmatch(r"(ssh://)?[^@]+@[^@]+", name):
        raise ValueError(f"{name!r} is no user@host")
    if not re.fullmatch(r"\d+", max_jobs):
        raise ValueError(f"maxJobs is {max_jobs!r}")
    if not re.fullmatch(r"\d+(\.\d+)?", speed_factor) or float(speed_factor) == 0:
        raise ValueError(f"speedFactor is {speed_factor!r}")
    check_host_key(host_key)
    return MachineLine(
        text=" ".join(columns),
        name=name,
        systems=comma_list(systems),
        max_jobs=int(max_jobs),
        speed_factor=float(speed_factor),
        supported=comma_list(supported),
        mandatory=comma_list(mandatory),
        host_key=host_key,
    )


def comma_list(column):
    return frozenset() if column == "-" else frozenset(column.split(","))


def check_host_key(column):
    if column == "-":
        return
    try:
        decoded = base64.b64decode(column, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    if not re.fullmatch(r"\S+ \S+", decoded):
        raise ValueError("the host key is not base64 of 'TYPE KEY'")


class WatchedFile:
    """Notices that a file has changed as Hydra does: a new inode, or a new whole second."""

    def __init__(self, path):
        self.path = path
        self.seen = None

    def changed_text(self):
        """The file's text if it has changed since the last call, else None.

        A missing file counts as an empty one. A malformed text counts as seen, too, so that it is
        not read again until the file changes again.
        """
        try:
            with open(self.path, encoding="utf-8") as file:
                status = os.fstat(file.fileno())
                now = (status.st_ino, int(status.st_mtime))
                text = file.read() if now != self.seen else None
        except FileNotFoundError:
            now, text = "missing", "" if self.seen != "missing" else None
        self.seen = now
        return text


class Machine:
    """What the queue runner remembers of a machine, also after it was removed from the file.

    The state is kept by name, so that a machine which is listed again keeps its back-off.
    """

    MAX_CONSECUTIVE_FAILURES = 4

    def __init__(self, line):
        self.line = line
        self.enabled = True
        self.current_jobs = 0
        self.idle_since = 0
        self.steps_done = 0
        self.step_seconds = 0
        self.disabled_until = 0
        self.last_failure = 0
        self.consecutive_failures = 0

    def has_slot(self, now):
        return (
            self.enabled
            and self.current_jobs < self.line.max_jobs
            and self.disabled_until <= now
        )

    def load(self):
        """The sort key of the dispatcher: the machine with the least is used first."""
        share = math.floor(self.current_jobs / self.line.speed_factor + 0.5)
        return (share, -self.line.speed_factor, -self.current_jobs)

    def start_step(self):
        self.current_jobs += 1

    def stop_step(self, now):
        self.current_jobs -= 1
        if self.current_jobs == 0:
            self.idle_since = int(now)

    def answered(self):
        self.consecutive_failures = 0

    def failed(self, now, backoff):
        """Disables the machine for a while; failures close together count as one."""
        if self.consecutive_failures == 0 or now - self.last_failure > backoff / 2:
            self.consecutive_failures = min(
                self.consecutive_failures + 1, self.MAX_CONSECUTIVE_FAILURES
            )
        self.last_failure = int(now)
        self.disabled_until = int(now + backoff * 3 ** (self.consecutive_failures - 1))

    def status(self):
        """This machine in the status document."""
        status = {
            "enabled": self.enabled,
            "systemTypes": sorted(self.line.systems),
            "supportedFeatures": sorted(self.line.supported),
            "mandatoryFeatures": sorted(self.line.mandatory),
            "currentJobs": self.current_jobs,
        }
        if self.current_jobs == 0:
            status["idleSince"] = self.idle_since
        status["nrStepsDone"] = self.steps_done
        if self.steps_done > 0:
            status["totalStepTime"] = status["totalStepBuildTime"] = int(self.step_seconds)
            average = self.step_seconds / self.steps_done
            status["avgStepTime"] = status["avgStepBuildTime"] = average
        status["disabledUntil"] = self.disabled_until
        status["lastFailure"] = self.last_failure
        status["consecutiveFailures"] = self.consecutive_failures
        return status
