#!/usr/bin/python3 -B
"""A stand-in for Hydra's queue runner in Rust, as far as a provisioner sees it.

    queue_runner.py FOLDER [--port-file F] [--dispatch SECONDS] [--retry SECONDS] [--evict SECONDS]

FOLDER/steps.json holds the steps: [{"name", "system", "features", "seconds", "until", "builds"}]; it is read again when
it changes. A step takes so many seconds, and then goes on until the file `until` exists, if it names one.
FOLDER/cancelled.json lists the ids of cancelled builds; a step waits while it has another build. FOLDER/store/ gets the
derivations of steps, and of builds, whose inputs are their steps; FOLDER/outcomes.json says what became of each step.
GET /status, /status/queues and /status/builds are as on the real one. A builder sends POST /tunnel, and from then on
lines of JSON on the same connection: {"ping": FREE_PERCENT} and {"done": NAME}; it gets
{"step": NAME, "seconds": S, "until": FILE}.

Like the real one, it looks for machines only every --dispatch seconds, gives steps only to builders that have pinged
and whose build folder has room, counts a builder that hangs as connected until --evict seconds have passed, and goes on
listing the steps of cancelled builds while no machine has their system. The lowest build of a step is the lowest that
it ever had, cancelled or not.
"""

import argparse
import datetime
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOM = 10.0  # percent of the build folder, below which a builder gets no step


class Builder:
    def __init__(self, hello, connection):
        self.hello = hello
        self.connection = connection
        self.joined = int(time.time())
        self.pinged = self.joined
        self.free = 0.0  # until its first ping
        self.jobs = []
        self.done = 0
        self.idle_since = self.joined

    def send(self, **message):
        self.connection.wfile.write((json.dumps(message) + "\n").encode())
        self.connection.wfile.flush()

    def takes(self, step):
        features = set(step["features"])
        return (
            step["system"] in self.hello["systems"]
            and features <= set(self.hello["supportedFeatures"])
            and set(self.hello["mandatoryFeatures"]) <= features
        )

    def has_room(self):
        return self.free >= ROOM and len(self.jobs) < self.hello["maxJobs"]


class QueueRunner:
    def __init__(self, options):
        self.options = options
        self.folder = options.folder
        self.store = self.folder / "store"
        self.store.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.started = time.time()
        self.builders = {}
        self.steps = {}  # by name
        self.outcomes = {}
        self.cancelled = set()

    # Steps.

    def read_steps(self):
        file = self.folder / "steps.json"
        if not file.exists():
            return
        for step in json.loads(file.read_text()):
            if step["name"] in self.outcomes:
                if step["name"] in self.steps:
                    self.steps[step["name"]]["builds"] |= set(step["builds"])
                continue
            step |= {"drv": self.derivation(step), "on": None, "not_before": 0, "since": time.time()}
            step["builds"] = set(step["builds"])
            self.steps[step["name"]] = step
            self.outcomes[step["name"]] = []
        cancelled = self.folder / "cancelled.json"
        self.cancelled = set(json.loads(cancelled.read_text())) if cancelled.exists() else set()
        served = {system for builder in self.builders.values() for system in builder.hello["systems"]}
        for name, step in list(self.steps.items()):
            if self.is_cancelled(step) and step["on"] is None and step["system"] in served:
                del self.steps[name]

    def is_cancelled(self, step):
        return step["builds"] <= self.cancelled

    def derivation(self, step):
        return self.write_derivation(step["name"], step["system"], [], " ".join(step["features"]))

    def write_derivation(self, name, system, inputs, features):
        digest = hashlib.sha256(f"{name} {inputs}".encode()).hexdigest()[:32]
        needed = ",".join(f'("/nix/store/{drv}",["out"])' for drv in inputs)
        text = f'Derive([("out","/nix/store/{digest}-{name}","","")],[{needed}],[],"{system}","/bin/sh",[],'
        (self.store / f"{digest}-{name}.drv").write_text(text + f'[("requiredSystemFeatures","{features}")])')
        return f"{digest}-{name}.drv"

    def waiting(self):
        return [step for step in self.steps.values() if step["on"] is None]

    def dispatch(self):
        with self.lock:
            self.read_steps()
            for step in self.waiting():
                if step["not_before"] > time.time() or self.is_cancelled(step):
                    continue
                free = [builder for builder in self.builders.values() if builder.takes(step) and builder.has_room()]
                if not free:
                    continue
                builder = min(free, key=lambda each: len(each.jobs))
                step["on"] = builder.hello["hostname"]
                builder.jobs.append(step["name"])
                builder.idle_since = 0
                try:
                    builder.send(step=step["name"], seconds=step["seconds"], until=step["until"])
                except OSError:
                    self.remove(builder)

    def finish(self, builder, name):
        with self.lock:
            if name not in builder.jobs:
                return
            builder.jobs.remove(name)
            builder.done += 1
            builder.idle_since = 0 if builder.jobs else int(time.time())
            self.steps.pop(name, None)
            self.note(name, "done")

    def note(self, name, outcome):
        self.outcomes[name].append(outcome)
        new = self.folder / "outcomes.new"
        new.write_text(json.dumps(self.outcomes))
        new.rename(self.folder / "outcomes.json")

    # Builders.

    def join(self, builder):
        with self.lock:
            self.builders[builder.hello["hostname"]] = builder

    def remove(self, builder):
        """Its steps have failed, and are tried again."""
        with self.lock:
            if self.builders.get(builder.hello["hostname"]) is builder:
                del self.builders[builder.hello["hostname"]]
            for name in builder.jobs:
                self.note(name, "aborted")
                self.steps[name] |= {"on": None, "not_before": time.time() + self.options.retry}
            builder.jobs = []

    def evict(self):
        with self.lock:
            for builder in list(self.builders.values()):
                if time.time() - builder.pinged >= self.options.evict:
                    self.remove(builder)

    def serve_forever(self):
        while True:
            self.dispatch()
            self.evict()
            time.sleep(self.options.dispatch)

    # Documents.

    def document(self, path):
        with self.lock:
            self.read_steps()
            match path:
                case "/status":
                    return self.status()
                case "/status/queues":
                    return {"queues": self.queues()}
                case "/status/builds":
                    return self.builds()
        return None

    def status(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        runner = {"status": "up", "time": now.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")}
        runner |= {"uptime": time.time() - self.started, "machinesTotal": len(self.builders)}
        return {"queueRunner": runner, "machines": {name: machine(each) for name, each in self.builders.items()}}

    def builds(self):
        ids = set().union(*(step["builds"] for step in self.steps.values())) - self.cancelled
        builds = []
        for id in sorted(ids):
            inputs = sorted(step["drv"] for step in self.steps.values() if id in step["builds"])
            builds.append({"id": id, "drvPath": self.write_derivation(f"build-{id}", "builtin", inputs, "")})
        return {"builds": builds, "buildCount": len(builds)}

    def queues(self):
        queues = {}
        for step in self.steps.values():
            since = datetime.datetime.fromtimestamp(step["since"], datetime.timezone.utc)
            info = {"drvPath": step["drv"], "alreadyScheduled": step["on"] is not None, "runnable": True}
            info |= {"finished": False, "cancelled": False, "runnableSince": since.isoformat(), "tries": 0}
            queues.setdefault(step["system"], []).append(info | {"lowestBuildId": min(step["builds"])})
        return queues


def machine(builder):
    stats = {"currentJobs": len(builder.jobs), "nrStepsDone": builder.done, "totalStepTimeMs": 1000 * builder.done}
    stats |= {"idleSince": builder.idle_since, "lastFailure": 0, "disabledUntil": 0, "consecutiveFailures": 0}
    stats |= {"lastPing": int(builder.pinged), "sinceLastPing": int(time.time() - builder.pinged)}
    stats |= {"buildDirFreePercent": builder.free, "failedBuilds": 0, "succeededBuilds": builder.done}
    kept = {key: builder.hello[key] for key in ("systems", "supportedFeatures", "mandatoryFeatures", "hostname", "maxJobs")}
    return kept | {"buildDirAvailThreshold": ROOM, "stats": stats, "jobs": list(builder.jobs)}


def handler_of(runner):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            document = runner.document(self.path)
            content = json.dumps(document if document is not None else {"error": "Not found"}).encode()
            self.send_response(200 if document is not None else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self):  # noqa: N802
            builder = Builder(json.loads(self.rfile.readline()), self)
            runner.join(builder)
            try:
                for line in self.rfile:
                    message = json.loads(line)
                    if "ping" in message:
                        builder.pinged, builder.free = time.time(), message["ping"]
                    if "done" in message:
                        runner.finish(builder, message["done"])
            except (OSError, ValueError):
                pass
            runner.remove(builder)

        def log_message(self, *_):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dispatch", type=float, default=0.2)
    parser.add_argument("--retry", type=float, default=1)
    parser.add_argument("--evict", type=float, default=957)
    options = parser.parse_args()
    runner = QueueRunner(options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(runner))
    server.daemon_threads = True
    port_file = options.folder / "port"
    (options.folder / "port.new").write_text(str(server.server_port))
    (options.folder / "port.new").rename(port_file)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    runner.serve_forever()


if __name__ == "__main__":
    main()
