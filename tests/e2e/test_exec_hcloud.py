"""examples/hcloud-provider, against a Hetzner Cloud of our own: tests/exec/hetzner.py."""

import base64
import importlib.machinery
import importlib.util
import json
import subprocess
import sys
import time
import unittest

from support.exec_farm import ExecFarm, ExecTest
from support.farm import PLAIN, ROOT
from support.waiting import wait_for

HCLOUD = ROOT / "examples/hcloud-provider"
CLOUD = ROOT / "tests/exec/hetzner.py"


class HetznerFarm(ExecFarm):
    def __init__(self, **options):
        super().__init__(**options)
        self.cloud = self.folder / "cloud"
        self.cloud.mkdir()
        command = [sys.executable, "-B", CLOUD, self.cloud]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        self.server = subprocess.Popen(command, env=self.environment, **streams)
        self.settings = {"endpoint": self.server.stdout.readline().strip(), "serverType": "cx22", "image": "nixos"}
        self.environment |= {"HCLOUD_TOKEN": "right", "XDG_CACHE_HOME": str(self.folder / "cache")}
        self.configure_type(PLAIN)

    def order(self, **settings):
        """Machines with these settings."""
        self.settings |= settings
        self.configure_type(PLAIN)

    def configure_type(self, name):
        exec_settings = {"command": [HCLOUD], "settings": self.settings, "timeout": 5}
        self.configure(pools={name: {"exec": exec_settings, "maxMachines": 3, "runnablesPerMachine": 5}})

    def fault(self, **faults):
        (self.cloud / "faults.json").write_text(json.dumps(faults))

    def spend(self, requests):
        """Of the 3,600 that the project has in an hour."""
        self.fault(spent_until=time.time() + requests)

    def requests(self, kind=""):
        """So far, of a method and path."""
        path = self.cloud / "requests"
        return [line for line in path.read_text().splitlines() if line.startswith(kind)] if path.exists() else []

    def servers(self):
        return sorted(path.parent.name for path in self.cloud.glob("server-*/sshd.pid"))

    def folders(self):
        return self.servers()

    def retire(self):
        self.fault()
        self.environment["HCLOUD_TOKEN"] = "right"
        super().retire()

    def end(self):
        try:
            self.retire()
        finally:
            self.server.stdin.close()
            self.server.stdout.close()
            self.server.wait(30)
            super().end()


class HetznerTest(ExecTest):
    def farm(self, **options):
        farm = HetznerFarm(**options)
        self.addCleanup(farm.end)
        return farm

    def ask(self, farm, action, **more):
        """The program's answer, without hydra-provisioner."""
        request = {"protocolVersion": 1, "requestId": "x", "action": action, "tag": "t", "settings": farm.settings}
        ended = farm.run_command(["sh", "-c", f"exec {HCLOUD} <{self.request_file(farm, request | more)}"])
        self.assertEqual(ended.status, 0, ended)
        return json.loads(ended.out)

    def request_file(self, farm, request):
        path = farm.folder / "request.json"
        path.write_text(json.dumps(request))
        return path

    def create(self, farm, machine="t-0"):
        """The answer when the machine runs, or cannot be had."""

        def answer():
            answer = self.ask(farm, "create", machine=machine, type=PLAIN, specification="x")
            return None if "is starting" in answer.get("error", {}).get("message", "") else answer

        self.addCleanup(self.destroyed, farm, machine)
        return wait_for(answer, "the machine runs")

    def destroyed(self, farm, machine="t-0"):
        return self.ask(farm, "destroy", machine=machine, type=PLAIN)

    def assertRefused(self, answer, error_class, *words):
        self.assertEqual(answer["error"]["class"], error_class, answer)
        for word in words:
            self.assertIn(word, answer["error"]["message"])


class Hetzner(HetznerTest):
    def test_it_passes_all_points(self):
        farm = self.farm()
        (farm.folder / "settings.json").write_text(json.dumps(farm.settings))
        ended = farm.run("check-provider", "--json", "--settings", farm.folder / "settings.json", HCLOUD)
        self.assertEnded(ended, 0)
        outcomes = [point["outcome"] for point in json.loads(ended.out)["points"]]
        self.assertEqual(outcomes.count("skipped"), 1)  # it has no check
        self.assertEqual(farm.servers(), [])

    def test_a_machine_builds_and_goes(self):
        name = f"{PLAIN}:big.memory,kvm"
        farm = self.farm()
        farm.configure_type(name)
        types = {name: {"runnable": 1, "running": 0}}
        farm.queue(runnable=1, machineTypes=types)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready")
        self.assertEqual(farm.machines()["t-0"]["pool"], name)
        self.assertEqual(farm.listed(), ["127.87.0.2"])
        farm.queue(machineTypes={name: {"runnable": 0, "running": 0}})
        farm.passes_until(lambda: farm.servers() == [], "it is gone")

    def test_more_than_a_page_of_machines_is_listed(self):
        farm = self.farm()
        farm.fault(page=2)
        ids = [f"t-{number}" for number in range(5)]
        for machine in ids:
            self.ask(farm, "create", machine=machine, type=PLAIN, specification="x")
        listed = [machine["machine"] for machine in self.ask(farm, "list")["machines"]]
        self.assertEqual(listed, ids)
        for machine in ids:
            self.assertEqual(self.ask(farm, "destroy", machine=machine, type=PLAIN), {"requestId": "x"})

    def test_a_server_of_another_owner_is_not_touched(self):
        farm = self.farm()
        self.ask(farm, "create", machine="t-0", type=PLAIN, specification="x")
        for action in ("create", "start", "stop", "destroy"):
            answer = self.ask(farm, action, tag="u", machine="t-0", type=PLAIN, specification="x")
            self.assertIn("there is a server t-0 that is not of the tag u", answer["error"]["message"])
        self.assertEqual(self.ask(farm, "list", tag="u")["machines"], [])
        self.ask(farm, "destroy", machine="t-0", type=PLAIN)
        self.assertEqual(farm.servers(), [])

    def test_its_errors_are_told_by_their_class(self):
        farm = self.farm()
        machine = {"machine": "t-0", "type": PLAIN, "specification": "x"}
        for fault, expected in (
            ([403, "resource_limit_exceeded"], {"class": "quota"}),
            ([422, "invalid_input"], {"class": "config"}),
            ([429, "rate_limit_exceeded"], {"class": "transient", "retryAfter": 10}),
            ([503, "unavailable"], {"class": "transient"}),
            ([422, "placement_error"], {"class": "capacity"}),
        ):
            farm.fault(**{"POST /servers": fault})
            error = self.ask(farm, "create", **machine)["error"]
            offering = "cx22 in any location: " if expected == {"class": "capacity"} else ""
            self.assertEqual(error.pop("message"), f"{offering}refused: {fault[1]} ({fault[1]})")
            self.assertEqual(error, expected)
        farm.fault()
        farm.environment["HCLOUD_TOKEN"] = "wrong"
        self.assertEqual(self.ask(farm, "list")["error"]["class"], "config")
        farm.environment["HCLOUD_TOKEN"] = ""
        self.assertIn("no token", self.ask(farm, "list")["error"]["message"])
        farm.environment["HCLOUD_TOKEN"] = "right"
        farm.settings["endpoint"] = "http://127.0.0.1:1"
        self.assertEqual(self.ask(farm, "list")["error"]["class"], "transient")
        farm.settings["endpoint"] = farm.options["pools"][PLAIN]["exec"]["settings"]["endpoint"]


class HetznerOfferings(HetznerTest):
    """Of server types and locations, of which Hetzner may have none."""

    types = ("cx22", "cpx41")
    locations = ("fsn1", "ash")

    def ordering_farm(self, **faults):
        farm = self.farm()
        farm.order(serverType=list(self.types), location=list(self.locations))
        farm.fault(**faults)
        return farm

    def orders(self, farm):
        return [line.removeprefix("POST /servers ") for line in farm.requests("POST /servers ")]

    def test_all_locations_of_a_type_are_tried_before_the_next_type(self):
        farm = self.ordering_farm(sold_out=["cx22 in fsn1", "cpx41 in fsn1"])
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        self.assertEqual(self.orders(farm), ["cx22 in fsn1", "cx22 in ash", "cpx41 in fsn1", "cpx41 in ash"])

    def test_what_was_refused_is_not_ordered_again_at_once(self):
        farm = self.ordering_farm(sold_out=["cx22 in fsn1"])
        for machine in ("t-0", "t-1"):
            self.assertIn("machine", self.create(farm, machine))
        self.assertEqual(self.orders(farm), ["cx22 in fsn1", "cx22 in ash", "cpx41 in fsn1", "cpx41 in fsn1"])

    def test_another_project_may_have_what_was_refused(self):
        farm = self.ordering_farm(sold_out=["cx22 in fsn1"])
        self.create(farm)
        farm.fault()
        farm.settings["endpoint"] = farm.settings["endpoint"].replace("127.0.0.1", "localhost")  # as if it were another
        self.create(farm, "t-1")
        self.assertEqual(self.orders(farm), ["cx22 in fsn1", "cx22 in ash", "cpx41 in fsn1", "cx22 in fsn1"])

    def test_all_are_sold_out(self):
        offerings = [f"{server_type} in {location}" for server_type in self.types for location in self.locations]
        farm = self.ordering_farm(sold_out=offerings)
        farm.queue(runnable=1)
        words = ("no capacity: cx22 in fsn1: error during placement (resource_unavailable); cx22 in ash: unsupported location ",)
        self.assertEnded(farm.run_pass(), 1, *words)
        self.assertEqual(farm.journal("select count(*) from events where kind = 'failed'"), [(0,)])
        self.assertEqual(self.orders(farm), offerings)
        self.assertRefused(self.create(farm, "t-1"), "capacity", "cpx41 in ash: refused in the last 180 s")
        self.assertEqual(self.orders(farm), offerings)

    def test_the_limit_of_servers_is_the_same_for_all(self):
        farm = self.ordering_farm(limit=0)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "quota reached: server limit exceeded (resource_limit_exceeded)")
        self.assertEqual(self.orders(farm), ["cx22 in fsn1"])
        farm.fault()
        self.assertIn("machine", self.create(farm, "t-1"))
        self.assertEqual(self.orders(farm), ["cx22 in fsn1"] * 2)

    def test_a_wrong_location_is_told(self):
        farm = self.ordering_farm()
        farm.order(location=["fns1", "ash"])
        self.assertRefused(self.create(farm), "config", "location 'fns1' not found")
        self.assertEqual(self.orders(farm), ["cx22 in fns1"])

    def test_an_order_needs_no_cache(self):
        farm = self.ordering_farm(sold_out=["cx22 in fsn1"])
        (farm.folder / "cache").write_text("no folder")
        self.assertIn("machine", self.create(farm))
        self.assertEqual(self.orders(farm)[-1], "cpx41 in fsn1")


class HetznerAddresses(HetznerTest):
    def test_a_machine_without_ipv4(self):
        farm = self.farm()
        farm.order(ipv4=False)
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready")
        self.assertEqual(farm.listed(), ["2001:db8:0:1::1"])

    def test_one_that_has_ipv4_keeps_it(self):
        farm = self.farm()
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready")
        farm.order(ipv4=False)
        farm.options["pools"][PLAIN]["replaceOnChange"] = False
        farm.configure()
        farm.queue(runnable=6)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready", "t-1": "ready"}, "another is ready")
        self.assertEqual(farm.listed(), ["127.87.0.2", "2001:db8:0:2::1"])


class HetznerRequests(HetznerTest):
    """Are 3,600 an hour."""

    def test_that_a_machine_needs(self):
        farm = self.farm()
        self.create(farm)
        self.destroyed(farm)
        look = "GET /servers"
        self.assertEqual(farm.requests("POST"), ["POST /servers cx22 in any location"])
        self.assertEqual(farm.requests()[-3:], [look, "DELETE /servers/1", look])
        self.assertLessEqual(len(farm.requests()), 7)

    def test_that_are_left_are_not_for_creations(self):
        farm = self.farm()
        self.create(farm)
        farm.spend(3000)
        farm.queue(runnable=6)
        self.assertEnded(farm.run_pass(), 1, "t-1: create failed: ", "quota reached: 83% of Hetzner's limit of requests an hour is")
        self.assertEqual(farm.journal("select count(*) from events where kind = 'failed'"), [(0,)])
        self.assertEqual(len(farm.requests("POST /servers ")), 1)
        self.assertEqual([machine["machine"] for machine in self.ask(farm, "list")["machines"]], ["t-0"])
        self.assertEqual(self.destroyed(farm), {"requestId": "x"})

    def test_that_are_the_last_are_for_removals(self):
        farm = self.farm()
        self.create(farm)
        farm.spend(3500)
        self.ask(farm, "list")  # and so learns it
        spent = len(farm.requests())
        for answer in (self.ask(farm, "list"), self.create(farm), self.create(farm, "t-1")):
            self.assertRefused(answer, "transient", "97% of ", "left to stop and destroy machines")
            self.assertIn(answer["error"]["retryAfter"], range(190, 202))
        self.assertEqual(len(farm.requests()), spent)
        self.assertEqual(self.destroyed(farm), {"requestId": "x"})
        self.assertEqual(farm.servers(), [])

    def test_that_come_back_are_used_again(self):
        farm = self.farm()
        farm.spend(3301)
        self.ask(farm, "list")
        self.assertRefused(self.ask(farm, "list"), "transient")
        wait_for(lambda: "machines" in self.ask(farm, "list"), "machines can be listed again")

    def test_that_are_used_up(self):
        farm = self.farm()
        farm.spend(3650)
        for _ in range(2):
            answer = self.destroyed(farm)
            self.assertRefused(answer, "transient", "limit of 3600 requests per hour reached (rate_limit_exceeded)")
            self.assertEqual(answer["error"]["retryAfter"], 60)
        self.assertEqual(self.create(farm)["error"]["retryAfter"], 300)

    def test_that_look_for_a_machine_become_rare(self):
        farm = self.farm()
        machine = {"machine": "t-0", "type": PLAIN, "specification": "x"}
        self.addCleanup(self.destroyed, farm)
        self.assertEqual(self.ask(farm, "create", **machine)["error"]["retryAfter"], 2)
        farm.spend(3200)
        self.assertEqual(self.ask(farm, "create", **machine)["error"]["retryAfter"], 18)


class Labels(unittest.TestCase):
    def setUp(self):
        loader = importlib.machinery.SourceFileLoader("hcloud_provider", str(HCLOUD))
        self.hcloud = importlib.util.module_from_spec(importlib.util.spec_from_loader("hcloud_provider", loader))
        loader.exec_module(self.hcloud)

    def test_types_are_kept(self):
        for name in (PLAIN, f"{PLAIN}:kvm", f"{PLAIN},i686-linux:a.b,c..d", f"{PLAIN}:.c.k..c"):
            label = self.hcloud.escaped(name)
            self.assertEqual(self.hcloud.unescaped(label), name)
            self.assertRegex(label, r"^[A-Za-z0-9_.-]+$")

    def test_host_keys_are_kept(self):
        for byte in (b"\0", b"\xff", b"\x5a"):
            key = f"ssh-ed25519 {base64.b64encode(self.hcloud.KEY_HEAD + byte * 32).decode()}"
            label = self.hcloud.label_of(key)
            self.assertLessEqual(len(label), 63)
            self.assertEqual(self.hcloud.key_in_label(label), key)
