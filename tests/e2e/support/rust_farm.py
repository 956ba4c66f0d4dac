"""A farm whose steps come from the stand-in for the queue runner in Rust, to which its machines connect."""

import json
import subprocess
import sys
import urllib.request

from support.farm import PLAIN, ROOT, Farm
from support.waiting import wait_for

STAND_INS = ROOT / "tests/hydra-rust"


class RustFarm(Farm):
    def __init__(self, evict=957, **options):
        self.evict = evict
        self.held = set()
        super().__init__(**({"machinesFile": None, "statusCommand": None, "settle": None, "quiet": None} | options))

    def configure(self, **options):
        if not hasattr(self, "runner"):
            self.start_runner()
        return super().configure(**({"queue": self.queue_options()} | options))

    def start_runner(self):
        self.queue_folder = self.folder / "queue"
        self.queue_folder.mkdir(exist_ok=True)
        (self.queue_folder / "port").unlink(missing_ok=True)
        command = [sys.executable, "-B", STAND_INS / "queue_runner.py", self.queue_folder, "--evict", str(self.evict)]
        self.runner = None
        self.children = getattr(self, "children", [])
        self.runner = self.spawn(command, self.folder / "queue.log")
        wait_for((self.queue_folder / "port").exists, "the queue runner starts")

    def url(self):
        return f"http://127.0.0.1:{(self.queue_folder / 'port').read_text()}"

    def queue_options(self):
        store = f"cd {self.queue_folder}/store; for p; do cat \"${{p##*/}}\" || exit 1; done"
        return {"type": "hydra-rust", "url": self.url(), "storeCommand": ["sh", "-c", store, "sh"]}

    def say_steps(self, steps, cancelled=()):
        self.write("cancelled.json", list(cancelled))
        self.write("steps.json", steps)

    def write(self, name, content):
        """The queue runner may read it at any moment."""
        new = self.queue_folder / f"{name}.new"
        new.write_text(json.dumps(content))
        new.replace(self.queue_folder / name)

    def held_step(self, name):
        """One that goes on until it is let go."""
        self.held.add(name)
        return step(name, until=str(self.queue_folder / f"let-go-{name}"))

    def let_go(self, *names):
        for name in names:
            (self.queue_folder / f"let-go-{name}").touch()

    def document(self, path="/status"):
        with urllib.request.urlopen(self.url() + path, timeout=10) as answer:
            return json.load(answer)

    def joined(self):
        return self.document()["machines"]

    def outcomes(self):
        file = self.queue_folder / "outcomes.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def retire(self):
        self.let_go(*self.held)
        if self.folders():
            self.say_steps([])
            self.configure(pools={}, queue=self.queue_options() | {"silence": 1})  # its builder may be gone

            def gone():
                self.last = self.run_pass("--allow-empty")
                return not self.folders()

            wait_for(gone, "all machines are gone", lambda: self.last)
        self.runner.terminate()
        self.runner.wait()

    def remove_whatever_is_left(self):
        for gate in self.state.glob("local/*/gate"):
            subprocess.run(["umount", "--lazy", gate], check=False, stderr=subprocess.DEVNULL)
        super().remove_whatever_is_left()

    def end_children(self):
        """The queue runner stays until the machines are gone."""
        self.children.remove(self.runner)
        super().end_children()


def rust_pool(farm_folder, systems=PLAIN, supported="", mandatory="", max_jobs=2, ping=0.3, **settings):
    builder = [sys.executable, "-B", str(STAND_INS / "builder.py"), str(farm_folder / "queue/port")]
    builder += [systems, supported, mandatory, str(max_jobs), str(ping)]
    return {"local": {"builder": builder}, "maxMachines": 2, "runnablesPerMachine": 5, "maxJobs": max_jobs} | settings


def step(name, seconds=0.1, system=PLAIN, features=(), builds=(1,), until=None):
    lists = {"features": list(features), "builds": list(builds)}
    return {"name": name, "system": system, "seconds": seconds, "until": until, **lists}
