"""examples/buildbot-queue, with the answers of a Buildbot: our own, in the shape of those of Buildbot 4.3."""

import http.server
import json
import shutil
import threading
from urllib.parse import parse_qs, urlsplit

from support import program
from support.farm import PLAIN, ROOT, Farm, pool
from support.farm_test import FarmTest

QUEUE = ROOT / "examples/buildbot-queue"
BUILDERS = {1: [], 2: [f"nix:{PLAIN}"], 3: ["nightly", f"nix:{PLAIN}:kvm,big-parallel"]}


class Buildbot(http.server.BaseHTTPRequestHandler):
    """Its REST API; `requests` are pairs of a builder's id and properties, and none of them is claimed."""

    def do_GET(self):  # noqa: N802  the library's name
        url = urlsplit(self.path)
        answer = getattr(self.server, "answers", {}).get(url.path)
        if answer is None:
            return self.answer(404, {"error": f"Invalid path: {url.path}"})
        return self.answer(200, answer(parse_qs(url.query)))

    def answer(self, status, document):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def request_of(number, builder, properties, wanted):
    claim = {"claimed": False, "claimed_at": None, "claimed_by_masterid": None, "complete": False, "complete_at": None}
    times = {"priority": 0, "results": -1, "submitted_at": 1767225600, "waited_for": False}
    shown = {name: [value, "Force Build Form"] for name, value in properties.items() if name in wanted}
    return {"builderid": builder, "buildrequestid": number, "buildsetid": number, "properties": shown} | claim | times


class BuildbotFarm(Farm):
    def __init__(self, **options):
        super().__init__()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Buildbot)
        self.server.answers = {"/api/v2/builders": self.builders, "/api/v2/buildrequests": self.build_requests}
        self.requests = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.environment["NIX_STATE_DIR"] = str(self.folder / "nix")
        (self.folder / "nix").mkdir()
        url = f"http://127.0.0.1:{self.server.server_port}/"
        self.queue_command = [str(QUEUE), "--url", url, "--machines", str(self.machines_file)]
        self.configure(statusCommand=None, queue={"type": "command", "command": self.queue_command}, **options)

    def builders(self, _):
        """As Buildbot 4.3 shows them."""
        rest = {"description": None, "description_format": None, "description_html": None, "masterids": [1], "projectid": None}
        builders = [{"builderid": id, "name": f"builder-{id}", "tags": tags} | rest for id, tags in BUILDERS.items()]
        return {"builders": builders, "meta": {"total": len(builders)}}

    def build_requests(self, query):
        if query.get("complete") != ["false"] or query.get("claimed") != ["false"]:
            raise AssertionError(f"asks for {query}")
        wanted = query.get("property", [])
        shown = [request_of(number, *request, wanted) for number, request in enumerate(self.requests, 1)]
        return {"buildrequests": shown, "meta": {"total": len(shown)}}

    def demand(self):
        entries = json.loads(self.run_command(self.queue_command).out)["demand"]
        return {":".join([entry["system"], *entry["features"]]): entry["waiting"] for entry in entries}

    def end(self):
        self.server.shutdown()
        self.server.server_close()
        self.configure(queue=None)
        super().end()


class BuildbotQueue(FarmTest):
    def farm(self, **options):
        farm = BuildbotFarm(**options)
        self.addCleanup(farm.end)
        return farm

    def test_what_requests_need_is_told_by_tags_and_properties(self):
        farm = self.farm()
        self.assertEqual(farm.demand(), {})
        empty = {"nix_system": "", "nix_features": ""}  # as forms leave them
        farm.requests = [
            (1, {}),
            (1, empty),
            (1, {"nix_system": "riscv64-linux"}),
            (2, {}),
            (2, empty),
            (2, {"nix_system": "aarch64-linux", "nix_features": "kvm, big-parallel"}),
            (2, {"nix_features": ["benchmark"]}),
            (3, {"other": "x"}),
        ]
        expected = {
            "riscv64-linux": 1,
            PLAIN: 2,
            "aarch64-linux:big-parallel:kvm": 1,
            f"{PLAIN}:benchmark": 1,
            f"{PLAIN}:big-parallel:kvm": 1,
        }
        self.assertEqual(farm.demand(), expected)

    def test_requests_get_machines_and_the_machines_go_with_them(self):
        farm = self.farm(pools={PLAIN: pool(runnablesPerMachine=1, gracePeriod=0)})
        farm.requests = [(2, {}), (2, {}), (1, {})]
        farm.passes_until(lambda: len(farm.listed()) == 2, "there are two machines")
        farm.requests = []
        farm.passes_until(lambda: farm.machines() == {}, "they are gone")

    def test_it_passes_the_check(self):
        farm = self.farm()
        farm.requests = [(3, {})]
        ended = farm.run("check-queue", "--json", "--", *farm.queue_command)
        self.assertEnded(ended, 0)
        document = json.loads(ended.out)
        self.assertEqual(document["demand"], [{"type": f"{PLAIN}:big-parallel,kvm", "waiting": 1, "running": 0}])
        self.assertEqual(document["machines"], [])

    def test_while_buildbot_does_not_answer_nothing_is_decided(self):
        farm = self.farm(pools={PLAIN: pool(runnablesPerMachine=1, gracePeriod=0)})
        farm.requests = [(2, {})]
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready")
        for broken in (None, lambda _: b"<html>", lambda _: {"error": "x"}):
            farm.server.answers["/api/v2/buildrequests"] = broken
            ended = farm.run_pass()
            self.assertIn(f"buildbot-queue exited with 1: \"{farm.queue_command[2]}: ", ended.err)
            self.assertEqual(farm.states(), {"t-0": "ready"})
        farm.server.answers["/api/v2/buildrequests"] = farm.build_requests

    def test_without_the_program_beside_it_it_fails(self):
        farm = self.farm()
        alone = farm.folder / "buildbot-queue"
        shutil.copy(QUEUE, alone)
        ended = farm.run("check-queue", "--", alone, *farm.queue_command[1:])
        self.assertEqual(ended.status, 1)
        self.assertIn("failed   exits with 0 within 30 s: buildbot-queue exited with 1", ended.out)


if __name__ == "__main__":
    program.main()
