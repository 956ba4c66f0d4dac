"""examples/hcloud-provider, against a Hetzner Cloud of our own: tests/exec/hetzner.py."""

import base64
import importlib.machinery
import importlib.util
import json
import subprocess
import sys
import unittest

from support import program
from support.exec_farm import ExecFarm, ExecTest
from support.farm import PLAIN, ROOT

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
        self.environment["HCLOUD_TOKEN"] = "right"
        self.configure_type(PLAIN)

    def configure_type(self, name):
        exec_settings = {"command": [HCLOUD], "settings": self.settings, "timeout": 5}
        self.configure(pools={name: {"exec": exec_settings, "maxMachines": 3, "runnablesPerMachine": 5}})

    def fault(self, **faults):
        (self.cloud / "faults.json").write_text(json.dumps(faults))

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


class Hetzner(ExecTest):
    def farm(self, **options):
        farm = HetznerFarm(**options)
        self.addCleanup(farm.end)
        return farm

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

    def test_its_errors_are_told_by_their_class(self):
        farm = self.farm()
        machine = {"machine": "t-0", "type": PLAIN, "specification": "x"}
        for fault, expected in (
            ([422, "resource_unavailable"], {"class": "capacity"}),
            ([422, "placement_error"], {"class": "capacity"}),
            ([403, "resource_limit_exceeded"], {"class": "quota"}),
            ([422, "invalid_input"], {"class": "config"}),
            ([429, "rate_limit_exceeded", {"RateLimit-Reset": "1"}], {"class": "transient", "retryAfter": 1}),
            ([503, "unavailable"], {"class": "transient"}),
        ):
            farm.fault(**{"POST /servers": fault})
            error = self.ask(farm, "create", **machine)["error"]
            self.assertEqual(error.pop("message"), f"refused: {fault[1]} ({fault[1]})")
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


if __name__ == "__main__":
    program.main()
