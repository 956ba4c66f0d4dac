"""The queue runner's loop: reads the files, starts the builds, publishes the status.

It works in its own directory:
  status.json   the last status document
  socket        answers every connection with a fresh one
  builds.jsonl  a line of JSON for every step that ended
  steps.json    every step with its state
  logs/         the output of Nix for every try of every step
  store/        the Nix store that derivations come from and outputs go to
"""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path

from dispatcher import Dispatcher, State
from machines import WatchedFile, parse_machines
from nix_builds import NixBuilds, NixError

STATUS_SECONDS_MAX = 1


class Runner:
    def __init__(self, directory, machines_file, jobs_file, poll, backoff, abort_unsupported):
        """Paths are absolute. The process moves to `directory`: a socket's path is short."""
        os.chdir(directory)
        self.lock = acquire_lock()
        self.machines_file = WatchedFile(machines_file)
        self.jobs_file = WatchedFile(jobs_file)
        self.poll = poll
        self.dispatcher = Dispatcher(time.time(), backoff, abort_unsupported)
        self.nix = NixBuilds(directory)
        self.ended_before = read_records()
        self.tries = set()  # tasks, each with one try to build a step
        self.wake = asyncio.Event()
        self.stopping = False

    async def run(self):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        Path("socket").unlink(missing_ok=True)
        async with await asyncio.start_unix_server(self.answer, "socket"):
            async with asyncio.TaskGroup() as self.group:
                await self.run_until_stopped()
                for task in self.tries:
                    task.cancel()
        write_json("status.json", {"status": "down"})
        Path("socket").unlink()

    def stop(self):
        self.stopping = True
        self.wake.set()

    async def run_until_stopped(self):
        next_poll = 0
        while not self.stopping:
            self.wake.clear()
            if time.monotonic() >= next_poll:
                self.read_machines()
                await self.read_jobs()
                next_poll = time.monotonic() + self.poll
            self.dispatch()
            self.publish()
            with contextlib.suppress(TimeoutError):
                seconds = min(STATUS_SECONDS_MAX, max(next_poll - time.monotonic(), 0))
                await asyncio.wait_for(self.wake.wait(), seconds)

    def read_machines(self):
        text = self.machines_file.changed_text()
        if text is None:
            return
        try:
            self.dispatcher.set_machines(parse_machines(text))
        except ValueError as error:
            say(f"{self.machines_file.path} is ignored until it changes: {error}")

    async def read_jobs(self):
        text = self.jobs_file.changed_text()
        if not text:
            return
        try:
            for step in await self.nix.instantiate(text):
                if step.name in self.ended_before:
                    step.state = self.ended_before[step.name]
                self.dispatcher.add_step(step)
        except NixError as error:
            say(f"{self.jobs_file.path} is ignored until it changes: {error}")

    def dispatch(self):
        now = time.time()
        self.dispatcher.advance(now)
        while reservation := self.dispatcher.next_reservation(now):
            step, machine = reservation
            self.dispatcher.start(step, machine, now)
            task = self.group.create_task(self.try_step(step, machine))
            self.tries.add(task)
            task.add_done_callback(self.tries.discard)

    async def try_step(self, step, machine):
        result, output = await self.nix.build(step, machine.line)
        self.dispatcher.finish(step, machine, result, output, time.time())
        say(f"{step.name} try {step.tries} on {step.machine}: {result.value}: {output}")
        self.wake.set()

    def publish(self):
        ended = self.dispatcher.take_unrecorded()
        with open("builds.jsonl", "a", encoding="utf-8") as file:
            file.writelines(json.dumps(step.record()) + "\n" for step in ended)
        steps = self.dispatcher.steps.values()
        write_json("steps.json", [step.record() | {"state": step.state.value} for step in steps])
        write_json("status.json", self.dispatcher.status(time.time()))

    async def answer(self, _reader, writer):
        """Answers a `status` command, unless it has closed the connection meanwhile."""
        with contextlib.suppress(ConnectionError):
            writer.write(json.dumps(self.dispatcher.status(time.time())).encode())
            await writer.drain()
        writer.close()


def acquire_lock():
    """Locks the directory until the process ends."""
    lock = open("lock", "w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"error: a queue runner is already running in {os.getcwd()}")
    return lock


def read_records():
    """How steps ended in earlier runs, by name. Hydra has this in its database."""
    try:
        lines = Path("builds.jsonl").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    records = map(json.loads, lines)
    return {r["name"]: State.DONE if r["ok"] else State.FAILED for r in records}


def write_json(path, document):
    """Replaces a file as a whole, so that no reader sees half of it."""
    Path(path + ".new").write_text(json.dumps(document), encoding="utf-8")
    os.replace(path + ".new", path)


def say(message):
    print(f"queue runner: {message}", file=sys.stderr, flush=True)
