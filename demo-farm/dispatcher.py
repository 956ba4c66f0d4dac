"""The decisions of the queue runner: its steps and machines, which step goes where, the status.

Nothing in here waits, builds or reads the clock: the time is an argument.
"""

import enum
import os
from dataclasses import dataclass

from machines import Machine

MAX_TRIES = 5


class State(enum.Enum):
    WAITING = "waiting"  # for its dependencies
    RUNNABLE = "runnable"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


OVER = (State.DONE, State.FAILED)


@dataclass
class Step:
    """One derivation to build, and its state."""

    name: str
    system: str
    features: frozenset
    depends_on: tuple
    drv: str
    state: State = State.WAITING
    runnable_since: float = 0
    retry_at: float = 0
    tries: int = 0
    machine: str = ""
    started: float | None = None
    stopped: float | None = None
    output: str = ""

    @property
    def type(self):
        """The step's key in the status' machineTypes."""
        return ":".join([self.system, ",".join(sorted(self.features))]).rstrip(":")

    def record(self):
        """The step's line in builds.jsonl."""
        return {
            "name": self.name,
            "type": self.type,
            "machine": self.machine,
            "started": self.started,
            "stopped": self.stopped,
            "tries": self.tries,
            "ok": self.state is State.DONE,
            "output": self.output,
        }


class Result(enum.Enum):
    """How one try to build a step ended."""

    BUILT = "built"
    FAILED = "failed"  # the machine worked, but the step failed
    LOST = "lost"  # the machine could not be reached, or vanished


class Dispatcher:
    def __init__(self, now, backoff, abort_unsupported):
        self.start_time = int(now)
        self.backoff = backoff
        self.abort_unsupported = abort_unsupported
        self.machines = {}
        self.steps = {}
        self.last_active = {}  # by step type; types are never removed
        self.unrecorded = []
        self.steps_started = 0
        self.steps_done = 0
        self.builds_done = 0
        self.retries = 0
        self.max_retries = 0
        self.step_seconds = 0

    # Input from the files.

    def set_machines(self, lines):
        """Takes the lines of the machines file, by machine name."""
        for name, machine in self.machines.items():
            machine.enabled = name in lines
        for name, line in lines.items():
            if name in self.machines:
                self.machines[name].line = line
            else:
                self.machines[name] = Machine(line)

    def add_step(self, step):
        self.steps.setdefault(step.name, step)

    # The next steps.

    def advance(self, now):
        """Makes steps runnable whose dependencies are done, and ends those that can never run."""
        moved = True
        while moved:
            waiting = [s for s in self.steps.values() if s.state is State.WAITING]
            moved = any([self.advance_step(step, now) for step in waiting])
        if self.abort_unsupported:
            for step in self.runnable():
                if not self.is_supported(step):
                    self.end(step, State.FAILED, f"unsupported system type '{step.type}'")

    def advance_step(self, step, now):
        dependencies = [self.steps[name] for name in step.depends_on]
        broken = [d.name for d in dependencies if d.state is State.FAILED]
        if broken:
            self.end(step, State.FAILED, f"dependency {broken[0]} failed")
        elif all(d.state is State.DONE for d in dependencies):
            step.state = State.RUNNABLE
            step.runnable_since = now
            self.last_active.setdefault(step.type, 0)
        return step.state is not State.WAITING

    def next_reservation(self, now):
        """The step to start next and the machine to start it on, or None.

        The least loaded machine chooses first, and takes the oldest step it supports.
        """
        due = [s for s in self.runnable() if s.retry_at <= now]
        for machine in sorted(self.machines.values(), key=Machine.load):
            if machine.has_slot(now):
                for step in due:
                    if machine.line.supports(step):
                        return step, machine
        return None

    def runnable(self):
        return [s for s in self.steps.values() if s.state is State.RUNNABLE]

    def is_supported(self, step):
        """Whether any machine known to this process, even a removed one, could run the step."""
        return any(machine.line.supports(step) for machine in self.machines.values())

    # The life of a step.

    def start(self, step, machine, now):
        step.state = State.RUNNING
        step.tries += 1
        step.machine = machine.line.name
        step.started = now
        machine.start_step()
        self.steps_started += 1

    def finish(self, step, machine, result, output, now):
        """Takes the result of one try. `output` is what was built, or the reason of a failure."""
        step.stopped = now
        machine.stop_step(now)
        if result is Result.LOST:
            machine.failed(now, self.backoff)
            self.retry_or_fail(step, output, now)
        else:
            self.count(machine, now - step.started)
            self.end(step, State.DONE if result is Result.BUILT else State.FAILED, output)
        if not self.running(step.type):
            self.last_active[step.type] = int(now)

    def count(self, machine, seconds):
        machine.answered()
        machine.steps_done += 1
        machine.step_seconds += seconds
        self.steps_done += 1
        self.step_seconds += seconds

    def retry_or_fail(self, step, reason, now):
        if step.tries >= MAX_TRIES:
            self.end(step, State.FAILED, f"given up after {step.tries} tries: {reason}")
            return
        step.state = State.RUNNABLE
        step.runnable_since = now
        step.retry_at = now + self.backoff * 3 ** (step.tries - 1)
        self.retries += 1
        self.max_retries = max(self.max_retries, step.tries)

    def end(self, step, state, output):
        step.state = state
        step.output = output
        self.builds_done += 1
        self.unrecorded.append(step)

    def take_unrecorded(self):
        """The steps that ended since the last call."""
        steps, self.unrecorded = self.unrecorded, []
        return steps

    def running(self, step_type):
        steps = self.steps.values()
        return sum(s.state is State.RUNNING and s.type == step_type for s in steps)

    # The status document.

    def status(self, now):
        """The document of `hydra-queue-runner --status`, as classic versions print it.

        Numbers about what this runner lacks (database, binary cache, phases of a build) are 0.
        """
        states = [step.state for step in self.steps.values()]
        unfinished = sum(state not in OVER for state in states)
        running = states.count(State.RUNNING)
        status = {
            "status": "up",
            "time": int(now),
            "uptime": int(now) - self.start_time,
            "pid": os.getpid(),
            "nrQueuedBuilds": unfinished,
            "nrUnfinishedSteps": unfinished,
            "nrRunnableSteps": states.count(State.RUNNABLE),
            "nrActiveSteps": running,
            "nrStepsBuilding": running,
            "nrStepsCopyingTo": 0,
            "nrStepsCopyingFrom": 0,
            "nrStepsWaiting": 0,
            "nrUnsupportedSteps": sum(not self.is_supported(s) for s in self.runnable()),
            "bytesSent": 0,
            "bytesReceived": 0,
            "nrBuildsRead": len(self.steps),
            "buildReadTimeMs": 0,
            "buildReadTimeAvgMs": 0.0,
            "nrBuildsDone": self.builds_done,
            "nrStepsStarted": self.steps_started,
            "nrStepsDone": self.steps_done,
            "nrRetries": self.retries,
            "maxNrRetries": self.max_retries,
        }
        if self.steps_done > 0:
            status["totalStepTime"] = status["totalStepBuildTime"] = int(self.step_seconds)
            average = self.step_seconds / self.steps_done
            status["avgStepTime"] = status["avgStepBuildTime"] = average
        status |= {
            "nrQueueWakeups": 0,
            "nrDispatcherWakeups": 0,
            "dispatchTimeMs": 0,
            "dispatchTimeAvgMs": 0.0,
            "nrDbConnections": 0,
            "nrActiveDbUpdates": 0,
            "machines": {name: machine.status() for name, machine in self.machines.items()},
            "jobsets": {"demo:trunk": {"shareUsed": 0.0, "seconds": int(self.step_seconds)}},
            "machineTypes": {name: self.type_status(name, now) for name in self.last_active},
            "store": dict.fromkeys(STORE_COUNTERS, 0),
        }
        return status

    def type_status(self, step_type, now):
        waits = [now - s.runnable_since for s in self.runnable() if s.type == step_type]
        running = self.running(step_type)
        status = {"runnable": len(waits), "running": running}
        if waits:
            status["waitTime"] = int(sum(waits))
        if running == 0:
            status["lastActive"] = self.last_active[step_type]
        return status


STORE_COUNTERS = (
    "narInfoRead",
    "narInfoReadAverted",
    "narInfoMissing",
    "narInfoWrite",
    "narInfoCacheSize",
    "narRead",
    "narReadBytes",
    "narReadCompressedBytes",
    "narWrite",
    "narWriteAverted",
    "narWriteBytes",
    "narWriteCompressedBytes",
    "narWriteCompressionTimeMs",
    "narCompressionSavings",
    "narCompressionSpeed",
)
