"""examples/buildbot-queue with a real Buildbot, whose worker builds with a real Nix. Only wrong answers are our own."""

import contextlib
import http.server
import json
import shutil
import signal
import sqlite3
import subprocess
import threading
import unittest
import urllib.request

from support.farm import PLAIN, ROOT, job, pool
from support.farm_test import FarmTest
from support.plain_farm import JOBS, PlainFarm
from support.waiting import wait_for

QUEUE = ROOT / "examples/buildbot-queue"
ENVIRONMENT = ROOT / "build/buildbot"
URL = "http://localhost:8010"  # Buildbot's default, and that of the queue
TAGS = {"untold": [], "plain": [f"nix:{PLAIN}"], "special": ["nightly", f"nix:{PLAIN}:kvm,big-parallel"]}


class BuildbotFarm(PlainFarm):
    def __init__(self, jobs=(), **options):
        super().__init__(**options)
        self.queue_command = [str(QUEUE), "--machines", str(self.machines_file)]
        self.configure(queue={"type": "command", "command": self.queue_command})
        self.jobs_file = self.nix / "jobs.json"
        self.say_jobs(jobs)

    def begin_master(self):
        """Its worker is paused, so that requests wait."""
        buildbot = ENVIRONMENT / "bin/buildbot"
        self.folder_of_master = self.folder / "buildbot"
        make = [buildbot, "create-master", "--relocatable", self.folder_of_master]
        subprocess.run(make, env=self.nix_environment, stdout=subprocess.DEVNULL, check=True)
        shutil.copy(ROOT / "tests/buildbot/master.cfg", self.folder_of_master)
        self.say_tags(TAGS)
        where = {"JOBS_NIX": str(JOBS), "JOBS_FILE": str(self.jobs_file)}
        self.master = self.start([buildbot, "start", "--nodaemon", self.folder_of_master], **where)
        wait_for(lambda: set(self.builders()) == set(TAGS), "Buildbot has its builders", self.build_log)
        wait_for(lambda: self.ask("workers")[0]["connected_to"], "its worker is there", self.build_log)
        self.order("workers/1", "pause", reason="so that requests wait")
        wait_for(lambda: self.ask("workers")[0]["paused"], "the worker is paused", self.build_log)

    def say_tags(self, tags):
        (self.folder_of_master / "tags.json").write_text(json.dumps(tags))

    def take_out(self, *builders):
        self.say_tags({name: tags for name, tags in TAGS.items() if name not in builders})
        self.master.send_signal(signal.SIGHUP)
        wait_for(lambda: set(self.builders()) == set(TAGS) - set(builders), "they are taken out", self.build_log)

    def builders(self):
        """The ids by name, of those that the master has."""
        try:
            return {builder["name"]: builder["builderid"] for builder in self.ask("builders") if builder["masterids"]}
        except OSError:  # it has not begun
            return {}

    def ask(self, what):
        with urllib.request.urlopen(f"{URL}/api/v2/{what}", timeout=10) as answer:
            return json.load(answer)[what.partition("?")[0]]

    def order(self, whom, what, **parameters):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": what, "params": parameters}).encode()
        request = urllib.request.Request(f"{URL}/api/v2/{whom}", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()

    def force(self, builder, scheduler="force", **properties):
        """As the button of its pages does."""
        self.order(f"forceschedulers/{scheduler}", "force", builderid=self.builders()[builder], **properties)

    def results(self):
        """Of all builds: 0 for success, None for one that is not done."""
        return [build["results"] for build in self.ask("builds")]

    def build_log(self):
        """Buildbot's own, and those of its builds, as its database has them."""
        with contextlib.closing(sqlite3.connect(self.folder_of_master / "state.sqlite")) as database:
            builds = database.execute("select content from logchunks").fetchall()
        return f"{super().build_log()}{(self.folder_of_master / 'twistd.log').read_text()}{builds}"

    def waiting(self):
        return {kind: waiting for kind, (waiting, _) in self.demand().items()}


class Buildbot(FarmTest):
    @classmethod
    def setUpClass(cls):
        if (ENVIRONMENT / "unreachable").exists():
            raise unittest.SkipTest("there is no Buildbot: pip could not reach its index (scripts/buildbot-environment)")
        if not (ENVIRONMENT / "complete").exists():
            raise AssertionError("build/buildbot is missing; run scripts/buildbot-environment")

    def farm(self, **options):
        farm = BuildbotFarm(**options)
        self.addCleanup(farm.end)
        farm.begin_master()
        return farm

    def test_what_requests_need_is_told_by_tags_and_properties(self):
        farm = self.farm()
        self.assertEqual(farm.demand(), {})
        farm.force("untold")
        farm.force("untold", nix_system="riscv64-linux")
        farm.force("plain")
        farm.force("plain", nix_system="", nix_features="")
        farm.force("plain", nix_system="aarch64-linux", nix_features="kvm, big-parallel")
        farm.force("plain", scheduler="choose", nix_features=["benchmark"])
        farm.force("special")
        farm.force("special", nix_features="big-parallel")
        others = {"riscv64-linux": 1, PLAIN: 2, "aarch64-linux:big-parallel:kvm": 1, f"{PLAIN}:benchmark": 1}
        self.assertEqual(
            farm.waiting(), others | {f"{PLAIN}:big-parallel:kvm": 1, f"{PLAIN}:big-parallel": 1}, farm.ask("buildrequests")
        )
        farm.take_out("special")
        self.assertEqual(farm.waiting(), others, "no master will ever take the requests of a builder that is gone")
        ended = farm.run("check-queue", "--json", "--", *farm.queue_command)
        self.assertEnded(ended, 0)
        told = {kind["type"]: (kind["waiting"], kind["running"]) for kind in json.loads(ended.out)["demand"]}
        self.assertEqual(told[f"{PLAIN}:benchmark"], (1, 0))
        farm.master.terminate()
        farm.master.wait()
        self.assertIn(f'buildbot-queue exited with 1: "{URL}: ', farm.run_pass().err)

    def test_requests_get_machines_that_build_and_the_machines_go_afterwards(self):
        settings = pool(runnablesPerMachine=1, maxJobs=1, gracePeriod=0)
        farm = self.farm(pools={PLAIN: settings}, jobs=[job("one", seconds=6), job("two", seconds=6)])
        farm.force("plain", job="one")
        farm.force("untold", job="two", nix_system=PLAIN)  # not of the same builder, which has one build at a time on a worker
        self.assertIn("2 runnable, 0 ignored, 1 per machine → 2 wanted, 2 allowed", farm.run("plan", farm.conf).out)
        farm.passes_until(lambda: len(farm.listed()) == 2, "there are two machines")
        self.assertEqual(farm.results(), [], "the requests still wait")
        self.assertEqual(set(farm.jobs().values()), {0})

        farm.order("workers/1", "unpause")
        farm.wait_for_demand({PLAIN: (0, 2)})
        self.assertEqual(list(farm.jobs().values()), [1, 1])
        self.assertEqual(farm.ask("buildrequests?claimed=false"), [])
        wait_for(lambda: farm.results() == [0, 0], "both are built", farm.build_log)
        farm.passes_until(lambda: farm.machines() == {}, "the machines are gone")
        self.assertEqual(farm.demand(), {})


class Answers(http.server.BaseHTTPRequestHandler):
    """Those that the server has, by path."""

    def do_GET(self):  # noqa: N802  the library's name
        answer = self.server.answers.get(self.path.partition("?")[0])
        self.send_response(404 if answer is None else 200)
        self.end_headers()
        self.wfile.write((answer or "").encode())

    def log_message(self, *_):
        pass


class BuildbotTrouble(FarmTest):
    def server(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.answers = {f"/api/v2/{what}": json.dumps({what: []}) for what in ("builders", "buildrequests")}
        return server, f"http://127.0.0.1:{server.server_port}/"

    def queue(self, farm, program, url):
        (farm.folder / "nix").mkdir(exist_ok=True)
        command = [program, "--url", url, "--machines", farm.machines_file]
        return farm.run_command(command, NIX_STATE_DIR=str(farm.folder / "nix"))

    def test_an_answer_that_is_none_of_buildbots_is_an_error(self):
        farm, (server, url) = self.farm(), self.server()
        self.assertEnded(self.queue(farm, QUEUE, url), 0)
        for answer in (None, "<html>", '{"error": "x"}', '{"builders": [{}]}'):
            server.answers["/api/v2/builders"] = answer
            self.assertEnded(self.queue(farm, QUEUE, url), 1, f"{url}: ")

    def test_without_the_program_beside_it_it_fails(self):
        farm, (_, url) = self.farm(), self.server()
        alone = shutil.copy(QUEUE, farm.folder)
        self.assertEnded(self.queue(farm, alone, url), 1, "plain-nix-queue")
