"""The demo's output: a view that is redrawn in place, or lines if there is no terminal."""

import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass

MACHINES_SHOWN = 5
NAME_COLUMNS = 23
NUMBERED_COLUMNS = 74  # with fewer, there are only bars
ROOMY_LINES = 20  # with fewer, there are no empty lines
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
    """Redraws the scene in place, as large as the terminal is. A row is a list of (text, style)."""

    def __init__(self, out):
        self.out = out
        self.colors = "NO_COLOR" not in os.environ
        self.cells = "█▓░·" if (out.encoding or "").lower().startswith("utf") else "#=-."
        self.rows_drawn = 0
        out.write("\x1b[?25l")  # hides the cursor

    def show(self, scene):
        size = shutil.get_terminal_size()
        rows = self.rows(scene, size)
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

    def rows(self, scene, size):
        """All but one of the terminal's lines; the messages get what the rest leaves."""
        lines = size.lines - 1
        title = [("hydra-provisioner demo", "title"), (f"  {scene.seconds:3} s  ", "dim"), (scene.note, "plain")]
        parts = [[title], self.queue_rows(scene, size.columns), self.machine_rows(scene)]
        separator = [[]] if lines >= ROOMY_LINES else []
        above = [row for part in parts for row in part + separator]
        room = max(lines - len(above) - 1, 0)
        messages = [[(message, "plain")] for message in scene.messages[-room:]] if room else []
        return [*above, [("PROVISIONER", "dim")], *padded(messages, room)][:lines]

    def queue_rows(self, scene, columns):
        numbered = columns >= NUMBERED_COLUMNS
        bars = max([len(steps) for steps in by_type(scene.steps).values()], default=0) + 1
        numbers = f"{'done':>6}{'running':>8}{'runnable':>9}{'waiting':>8}" if numbered else ""
        done, running, runnable, waiting = self.cells
        legend = [(" " * NAME_COLUMNS, "plain"), (f"{done} done  ", "good"), (f"{running} running  ", "busy")]
        legend += [(f"{runnable} runnable  ", "plain"), (f"{waiting} waiting for other steps", "dim")]
        return [
            [(f"{'QUEUE':{NAME_COLUMNS + bars}}{numbers}", "dim")],
            *[self.queue_row(name, steps, bars, numbered) for name, steps in by_type(scene.steps).items()],
            legend,
        ]

    def queue_row(self, name, steps, bars, numbered):
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
        space = " " * (bars - len(steps))
        numbers = f"{n['done']:>6}{n['running']:>8}{n['runnable']:>9}{n['waiting']:>8}" if numbered else ""
        return [(f"{name:{NAME_COLUMNS}}", "plain"), *bar, (space + numbers, "plain")]

    def machine_rows(self, scene):
        header = [(f"{'MACHINE':10}{'TYPE':25}{'STATE':12}BUILDING", "dim")]
        rows = [self.machine_row(machine, scene.steps) for machine in scene.machines]
        return [header, *padded(rows or [[("none", "dim")]], MACHINES_SHOWN)]

    def machine_row(self, machine, steps):
        state = machine["state"]
        return [
            (f"{machine['id']:10}{machine['pool']:25}", "plain"),
            (f"{state:12}", MACHINE_STYLES.get(state, "plain")),
            (", ".join(building(machine, steps)), "plain"),
        ]


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
    """A dumb terminal does not know how to move the cursor."""
    is_live = sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    return LiveView(sys.stdout) if is_live else PlainView(sys.stdout)
