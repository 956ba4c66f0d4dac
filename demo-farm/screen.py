"""The demo's output: a view that is redrawn in place, or lines if there is no terminal."""

import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass

MESSAGES_SHOWN = 6
MACHINES_SHOWN = 5
QUEUE_LINE_INTERVAL = 5

STYLES = {
    "plain": "",
    "title": "\x1b[1m",
    "dim": "\x1b[2m",
    "good": "\x1b[32m",
    "busy": "\x1b[33m",
    "leaving": "\x1b[35m",
    "bad": "\x1b[31m",
}
MACHINE_STYLES = {
    "requested": "busy",
    "creating": "busy",
    "ready": "good",
    "draining": "leaving",
    "stopping": "leaving",
    "destroying": "leaving",
    "failed": "bad",
}


@dataclass(frozen=True)
class Scene:
    """The state of the farm at one moment."""

    seconds: int
    steps: list  # as in the queue runner's steps.json
    machines: list  # as in hydra-provisioner's status
    messages: list
    note: str


def count_states(steps):
    """Numbers by state; a waiting step waits for its dependencies, a runnable one for a slot."""
    return Counter(step["state"] for step in steps)


def by_type(steps):
    types = {}
    for step in steps:
        types.setdefault(step["type"], []).append(step)
    return types


def building(machine, steps):
    """The names of the steps that run on a machine."""
    address = f"@{machine['address']}"
    return [s["name"] for s in steps if s["state"] == "running" and s["machine"].endswith(address)]


class LiveView:
    """Redraws the scene in place. A row is a list of (text, style)."""

    def __init__(self, out):
        self.out = out
        self.colors = "NO_COLOR" not in os.environ
        self.cells = "█▓░·" if (out.encoding or "").lower().startswith("utf") else "#=-."
        self.rows_drawn = 0
        out.write("\x1b[?25l")  # hides the cursor

    def show(self, scene):
        size = shutil.get_terminal_size()
        rows = self.rows(scene)[: size.lines - 1]
        up = f"\x1b[{self.rows_drawn}F" if self.rows_drawn else ""
        lines = [self.render(row, size.columns) + "\x1b[K\n" for row in rows]
        self.out.write(up + "".join(lines) + "\x1b[J")
        self.out.flush()
        self.rows_drawn = len(rows)

    def close(self):
        self.out.write("\x1b[?25h")
        self.out.flush()

    def render(self, row, columns):
        rendered = ""
        for text, style in row:
            text = text[:columns]
            columns -= len(text)
            code = STYLES[style] if self.colors else ""
            rendered += f"{code}{text}\x1b[0m" if code else text
        return rendered

    def rows(self, scene):
        return [
            [("hydra-provisioner demo", "title"), (f"  {scene.seconds:3} s  ", "dim")]
            + [(scene.note, "plain")],
            [],
            [(f"{'QUEUE':48}{'done':>6}{'running':>8}{'runnable':>9}{'waiting':>8}", "dim")],
            *[self.queue_row(name, steps) for name, steps in by_type(scene.steps).items()],
            [],
            [(f"{'MACHINE':10}{'POOL':25}{'STATE':12}BUILDING", "dim")],
            *self.machine_rows(scene),
            [],
            [("PROVISIONER", "dim")],
            *self.message_rows(scene),
        ]

    def queue_row(self, name, steps):
        """A cell for each step."""
        n = count_states(steps)
        done, running, runnable, waiting = self.cells
        bar = [
            (done * n["done"], "good"),
            (done * n["failed"], "bad"),
            (running * n["running"], "busy"),
            (runnable * n["runnable"], "plain"),
            (waiting * n["waiting"], "dim"),
        ]
        space = " " * (25 - len(steps))
        numbers = f"{n['done']:>6}{n['running']:>8}{n['runnable']:>9}{n['waiting']:>8}"
        return [(f"{name:23}", "plain"), *bar, (space + numbers, "plain")]

    def machine_rows(self, scene):
        rows = [self.machine_row(machine, scene.steps) for machine in scene.machines]
        return padded(rows or [[("none", "dim")]], MACHINES_SHOWN)

    def machine_row(self, machine, steps):
        state = machine["state"]
        return [
            (f"{machine['id']:10}{machine['pool']:25}", "plain"),
            (f"{state:12}", MACHINE_STYLES.get(state, "plain")),
            (", ".join(building(machine, steps)), "plain"),
        ]

    def message_rows(self, scene):
        messages = scene.messages[-MESSAGES_SHOWN:]
        return padded([[(message, "plain")] for message in messages], MESSAGES_SHOWN)


def padded(rows, count):
    """Adds empty rows, so that the rows below do not move."""
    return rows + [[]] * (count - len(rows))


class PlainView:
    """Prints a line for each event, and the queue every few seconds."""

    def __init__(self, out):
        self.out = out
        self.note = ""
        self.messages_shown = 0
        self.machine_states = {}
        self.next_queue_line = 0

    def show(self, scene):
        if scene.note != self.note:
            self.say(scene, scene.note)
            self.note = scene.note
        for message in scene.messages[self.messages_shown :]:
            self.say(scene, f"provisioner: {message}")
        self.messages_shown = len(scene.messages)
        self.show_machines(scene)
        if scene.seconds >= self.next_queue_line:
            self.next_queue_line = scene.seconds + QUEUE_LINE_INTERVAL
            for name, steps in by_type(scene.steps).items():
                numbers = ", ".join(f"{n} {state}" for state, n in count_states(steps).items())
                self.say(scene, f"queue: {name}: {numbers}")

    def show_machines(self, scene):
        states = {machine["id"]: machine["state"] for machine in scene.machines}
        for machine in sorted(states | self.machine_states):
            state = states.get(machine, "gone")
            if state != self.machine_states.get(machine):
                self.say(scene, f"machine: {machine}: {state}")
        self.machine_states = states

    def say(self, scene, line):
        print(f"{scene.seconds:3} s  {line}", file=self.out, flush=True)

    def close(self):
        pass


def open_view():
    return LiveView(sys.stdout) if sys.stdout.isatty() else PlainView(sys.stdout)
