#!/usr/bin/python3 -B
"""What tests can make go wrong, and how the stand-in leaves things then."""

import contextlib
import json
import os
import re
import signal
import sqlite3
import unittest
from pathlib import Path

from program import main
from world import WAIT_SECONDS_MAX, World, said_until

STUB = """network.storage.legacy = { };
  network.nixpkgs.lib.fold = op: nul: list: builtins.foldl' (a: x: op x a) nul list;"""
EC2 = """{ type ? "", tag ? "", ... }: { %s
  machine = { resources, ... }: {
    deployment.targetEnv = "ec2";
    deployment.ec2 = { region = "us-east-1"; keyPair = resources.ec2KeyPairs.default; spotInstancePrice = 30; };
  };
  resources.ec2KeyPairs.default = { region = "us-east-1"; };
}"""
MASTER = {"command": "deploy", "fault": "ssh-master"}
ENVIRONMENT = {"HOME": "/home/provisioner", "NIXOPS_STATE": "/var/lib/provisioner/deployments.nixops"}


class Faults(unittest.TestCase):
    version = "1.7"

    def setUp(self):
        self.world = World(self.version)
        self.addCleanup(self.world.end)
        self.cloud = self.world.cloud
        self.world.write("/etc/provisioner/nixops.nix", EC2 % STUB)

    def start(self, *words, **more):
        return self.world.start(words, "/etc/provisioner", **ENVIRONMENT, **more)

    def nixops(self, *words, status=0, **more):
        ended = self.world.ended(self.start(*words, **more))
        self.assertEqual(ended.status, status, ended)
        return ended

    def create(self):
        expression = ["nixops.nix"] if self.version == "1.7" else []
        self.uuid = self.nixops("create", *expression, "-d", "t-0").out.strip()

    def deploy(self, status=0):
        return self.nixops("deploy", "-d", self.uuid, "--check", "--confirm", status=status)

    def deploy_dies(self, at):
        self.create()
        self.cloud.set_faults({"command": "deploy", "fault": "die", "at": at})
        self.deploy(status=-signal.SIGKILL)
        self.cloud.set_faults()
        return self.machine()

    def export(self):
        return json.loads(self.nixops("export", "--all").out)

    def machine(self):
        return self.export()[self.uuid]["resources"]["machine"]

    def test_without_a_name(self):
        self.cloud.set_faults({"command": "create", "fault": "die", "at": "after-insert", "times": 1})
        self.nixops("create", "nixops.nix", "-d", "t-0", status=-signal.SIGKILL)
        self.assertEqual([d["resources"] for d in self.export().values()], [{}])
        self.create()
        self.assertEqual(self.cloud.faults()[0]["times"], 0)

    def test_with_a_name_and_no_arguments(self):
        self.cloud.set_faults({"command": "create", "deployment": "t-0", "fault": "die", "at": "after-name"})
        self.assertEqual(self.nixops("create", "nixops.nix", "-d", "t-0", status=-signal.SIGKILL).out, "")
        self.assertEqual([d["name"] for d in self.export().values()], ["t-0"])

    def test_before_there_is_an_instance(self):
        machine = self.deploy_dies("after-token")
        self.assertEqual((machine["state"], machine.get("vmId")), ("2", None))
        self.assertEqual(self.cloud.instances(), {})
        self.nixops("destroy", "-d", self.uuid, "--confirm")
        self.assertEqual(self.export()[self.uuid]["resources"], {})

    def test_before_the_instance_is_known(self):
        machine = self.deploy_dies("after-run")
        self.assertEqual([i["token"] for i in self.cloud.alive().values()], [machine["ec2.clientToken"]])
        self.assertNotIn("vmId", machine)
        ended = self.nixops("destroy", "-d", self.uuid, "--confirm", status=1)
        self.assertTrue(ended.err.endswith("\nAssertionError\n"), ended)
        self.assertEqual(self.cloud.alive(), {})
        self.nixops("destroy", "-d", self.uuid, "--confirm")

    def test_a_second_deploy_adopts_the_instance_of_the_token(self):
        self.deploy_dies("after-run")
        self.deploy()
        self.assertEqual(list(self.cloud.instances()), [self.machine()["vmId"]])

    def test_with_a_temporary_host_key(self):
        for at, state in (("after-ip", "2"), ("after-ssh", "3")):
            machine = self.deploy_dies(at)
            self.assertTrue(machine["ec2.publicHostKey"].endswith(" NixOps auto-generated key"))
            self.assertEqual(machine["state"], state)

    def test_in_the_middle_of_an_activation(self):
        machine = self.deploy_dies("mid-activation")
        self.assertEqual(machine["state"], "3")
        self.assertNotEqual(machine.get("configsPath"), self.export()[self.uuid]["configsPath"])

    def test_in_the_middle_of_a_destruction(self):
        self.create()
        self.deploy()
        self.cloud.set_faults({"command": "destroy", "fault": "die", "at": "mid"})
        self.nixops("destroy", "-d", self.uuid, "--confirm", status=-signal.SIGKILL)
        self.assertEqual(self.cloud.alive(), {})
        self.assertEqual(self.machine()["state"], "3")

    def test_what_a_killed_call_leaves_in_its_temporary_folder(self):
        self.create()
        self.cloud.set_faults({"command": "deploy", "fault": "die", "at": "mid-activation"}, MASTER)
        deploy = self.start("deploy", "-d", self.uuid, "--check", "--confirm")
        self.assertEqual(deploy.wait(WAIT_SECONDS_MAX), -signal.SIGKILL)
        (master,) = self.cloud.ssh_masters()
        self.assertEqual(os.getsid(master), master)
        os.kill(master, signal.SIGKILL)
        self.world.ended(deploy)  # whose output the master held open
        left = {re.sub("tmp.{8}", "tmp", path.name) for path in Path(self.world.here("/run/nixops")).iterdir()}
        self.assertLessEqual({"nixops-tmp", "nixops-ssh-tmp"}, left)

    def test_a_hanging_deploy_holds_its_lock(self):
        self.create()
        self.cloud.set_faults({"command": "deploy", "fault": "hang", "at": "locked", "times": 1})
        first = self.start("deploy", "-d", self.uuid)
        said_until(first, "waiting for SSH....")
        second = self.start("destroy", "-d", self.uuid, "--confirm")
        said_until(second, "waiting for exclusive deployment lock...\n")
        first.kill()
        self.world.ended(first)
        self.assertEqual(self.world.ended(second).status, 0)

    def test_no_capacity(self):
        self.create()
        self.cloud.set_faults({"command": "deploy", "fault": "capacity", "code": "MaxSpotInstanceCountExceeded"})
        ended = self.deploy(status=1)
        self.assertEqual(ended.err.count("got (possibly transient) EC2 error ‘MaxSpotInstanceCountExceeded’"), 6)
        self.assertEqual(self.machine()["state"], "2")

    def test_deployments_of_unknown_types(self):
        self.create()
        self.cloud.set_faults({"command": "export", "deployment": self.uuid, "fault": "skip"})
        ended = self.nixops("export", "--all")
        self.assertEqual(ended.out, "{}\n")
        self.assertIn(f"skipping deployment ‘{self.uuid}’: unknown resource type ‘ec2’\n", ended.err)
        self.nixops("export", "-d", "t-0", status=1)

    def test_others_that_fail(self):
        self.create()
        self.deploy()
        self.cloud.set_faults(
            {"command": ["check", "list"], "fault": "fail", "message": "no such luck", "times": 2},
            {"command": "export", "fault": "assert", "times": 1},
            {"command": "stop", "fault": "refuses-to-stop"},
            {"command": "--version", "fault": "says", "text": "ü\033[1m\n", "encoding": "latin-1", "to": "stdout"},
        )
        for command in ("check", "list"):
            self.assertTrue(self.nixops(command, status=1).err.endswith("\nException: no such luck\n"))
        self.assertTrue(self.nixops("export", "--all", status=1).err.endswith("\nAssertionError\n"))
        self.assertIn("UnsupportedOperation", self.nixops("stop", "-d", self.uuid, "--confirm", status=1).err)
        version = self.start("--version")
        self.assertEqual(version.stdout.buffer.readline(), b"\xfc\033[1m\n")
        self.world.ended(version)
        self.nixops("check", "-d", self.uuid)

    def test_an_instance_that_ssh_does_not_reach(self):
        self.create()
        self.deploy()
        self.cloud.make_unreachable(self.machine()["vmId"])
        self.nixops("check", "-d", self.uuid, status=4)
        self.assertEqual(self.machine()["state"], "6")
        self.cloud.make_reachable(self.machine()["vmId"])
        self.nixops("check", "-d", self.uuid)
        self.assertEqual(self.machine()["state"], "3")

    def test_keep_alive_touches_are_counted(self):
        self.create()
        self.deploy()
        for _ in range(2):
            self.nixops("ssh", "-d", self.uuid, "machine", "touch", "/run/keep-alive")
        self.assertEqual(self.cloud.keep_alive_touches(self.machine()["vmId"]), 2)
        self.assertFalse(Path("/run/keep-alive").exists())

    def has_tables(self):
        for file in Path(self.world.here("/var/lib/provisioner")).glob("*.nixops"):
            with contextlib.closing(sqlite3.connect(file)) as state:
                return state.execute("select 1 from sqlite_master").fetchone() is not None
        return False

    def test_the_first_use_by_two_at_once(self):
        self.cloud.set_faults({"command": "export", "fault": "slow-schema", "seconds": 3600, "times": 1})
        first = self.start("export", "--all")
        while not self.has_tables():
            self.assertIsNone(first.poll())
        ended = self.world.ended(self.start("create", "nixops.nix", "-d", "t-0"))
        first.kill()
        self.world.ended(first)
        self.assertEqual(ended.status, 1)

    def test_many_at_once_later(self):
        self.create()
        started = [self.start("create", "nixops.nix", "-d", f"t-{n}") for n in range(1, 7)]
        self.assertEqual([self.world.ended(process).status for process in started], [0] * 6)
        self.assertEqual(sorted(d["name"] for d in self.export().values()), [f"t-{n}" for n in range(7)])

    def test_calls_are_noted(self):
        self.nixops("destroy", "-d", "t-0", status=1)
        self.nixops("frobnicate", status=2)
        self.nixops(status=2)
        call, *others = self.cloud.calls()
        self.assertEqual([other["exit"] for other in others], [2, 2])
        self.assertEqual((call["argv"], call["exit"], call["stdin_null"]), (["destroy", "-d", "t-0"], 1, True))
        self.assertEqual(call["tmpdir"], self.world.here("/run/nixops"))
        self.assertEqual(self.cloud.calls("destroy"), [call])


class FaultsOf2(Faults):
    """All of it again, and what is different."""

    version = "2.0"

    def test_no_capacity(self):
        self.create()
        self.cloud.set_faults({"command": "deploy", "fault": "capacity"})
        process = self.start("deploy", "-d", self.uuid)
        for _ in range(8):
            said_until(process, "got (possibly transient) EC2 error '{'Code': 'InsufficientInstanceCapacity'")
        process.kill()
        self.world.ended(process)

    test_without_a_name = None
    test_with_a_name_and_no_arguments = None
    test_the_first_use_by_two_at_once = None
    test_many_at_once_later = None


if __name__ == "__main__":
    main(Faults, FaultsOf2)
