"""A farm whose machines come from the stand-in for NixOps (tests/nixops): instances are files, networks are Nix."""

import contextlib
import functools
import json
import os
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from support.farm import PLAIN, ROOT, Farm
from support.farm_test import FarmTest
from support.nix_text import Expression

STANDIN = ROOT / "tests/nixops"
sys.path.insert(0, str(STANDIN))
from standin.cloud import Cloud  # noqa: E402

ONE, TWO = "1.7", "2.0"

MACHINE_TIMES = ["since", "requested_at", "ready_at", "checked_at", "kept_alive_at", "listed_at", "first_listed_at"]
MACHINE_TIMES += ["unlisted_at", "failed_at"]
JOURNAL_TIMES = {
    "machines": MACHINE_TIMES,
    "events": ["time"],
    "creations": ["last_failed_pass"],
    "deliveries": ["time"],
    "passes": ["start"],
}

EC2 = """{ type, tag, ... }:
{ network.description = "${tag} ${type}";
  machine = { config, pkgs, ... }: {
    imports = [ <hydra-provisioner/auto-shutdown.nix> ];
    deployment.targetEnv = "ec2";
    deployment.ec2.region = "us-east-1";
    deployment.ec2.instanceType = "c5.4xlarge";
    deployment.ec2.keyPair = "hydra";
  };
}
"""


@functools.cache
def evaluated():
    """Where the stand-in keeps what it need not evaluate again for another test."""
    return tempfile.TemporaryDirectory(prefix="hpt-", dir="/tmp")


class NixopsFarm(Farm):
    def __init__(self, version=ONE, network=EC2, **options):
        super().__init__(**{"pools": {PLAIN: nixops_pool()}} | options)
        self.cloud = Cloud(self.folder / "cloud")
        self.home = self.folder / "home"
        self.home.mkdir()
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.environment |= {
            "PATH": f"{STANDIN}:{os.environ['PATH']}",
            "NIXOPS_STANDIN": self.cloud.folder,
            "NIXOPS_STANDIN_VERSION": version,
            "NIXOPS_STANDIN_EVALUATED": evaluated().name,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "NIX_PATH": f"nixpkgs={self.nixpkgs()}",
            "NIX_REMOTE": "dummy://",
        }
        self.network(network)

    def nixpkgs(self):
        """Makes as much of nixpkgs as NixOps 2 reads before every command."""
        folder = self.folder / "nixpkgs"
        folder.mkdir()
        (folder / "default.nix").write_text("{ ... }: { lib.fold = op: nul: builtins.foldl' (a: x: op x a) nul; }\n")
        return folder

    def network(self, text):
        (self.folder / "deployment.nix").write_text(text)

    def nixops(self, *words, **more_environment):
        """Runs NixOps as a user would."""
        return self.run_command(["nixops", *words], **more_environment)

    def state_file(self):
        return Path(self.environment.get("NIXOPS_STATE", self.home / ".nixops/deployments.nixops"))

    def in_state_file(self, query, *values):
        """Reads or changes what NixOps has recorded."""
        if not self.state_file().exists():
            return []
        with contextlib.closing(sqlite3.connect(self.state_file(), timeout=60)) as state, state:
            return state.execute(query, values).fetchall()

    def deployments(self):
        """The deployments' names by UUID, as NixOps has recorded them; None: the deployment has no name."""
        query = """select uuid, (select value from DeploymentAttrs where deployment = uuid and name = 'name')
                   from Deployments"""
        return dict(self.in_state_file(query))

    def uuid(self, name):
        """The UUID of the deployment of our machine with this id, or else of the deployment with this name."""
        of_machine = [uuid for uuid, id in self.ids().items() if id == name]
        (uuid,) = of_machine or [uuid for uuid, its_name in self.deployments().items() if its_name == name]
        return uuid

    def ids(self):
        """The ids of our machines by the UUIDs of their deployments, as far as the journal knows them."""
        if not (self.state / f"{self.options['tag']}.sqlite").exists():
            return {}
        known = self.journal("select instance, id from machines where state <> 'gone'")
        return {uuid: id for uuid, id in known if uuid in self.deployments()}

    def attributes(self, name, resource="machine"):
        """The attributes of a resource, of the deployment of this machine, name or UUID."""
        query = """select a.name, a.value from ResourceAttrs a join Resources r on r.id = a.machine
                   where r.deployment = ? and r.name = ?"""
        uuid = name if name in self.deployments() else self.uuid(name)
        return dict(self.in_state_file(query, uuid, resource))

    def instance(self, name):
        """What the cloud knows of the machine that NixOps has recorded in the deployment."""
        return self.cloud.instance(self.attributes(name)["vmId"])

    def move_launch(self, name, seconds_ago):
        """Changes when the machine was launched, and so where in a paid hour it is."""
        launched = int(time.time()) - seconds_ago
        self.cloud.change(self.attributes(name)["vmId"], launched=launched)
        change = """update ResourceAttrs set value = ? where name = 'startTime' and machine =
                    (select id from Resources where deployment = ? and name = 'machine')"""
        self.in_state_file(change, str(launched), self.uuid(name))

    def time_passes(self, seconds):
        """Moves all times of the journal back, as if so much time had passed."""
        for table, columns in JOURNAL_TIMES.items():
            changes = ", ".join(f"{column} = max({column} - {seconds}, 0)" for column in columns)
            self.journal(f"update {table} set {changes}")

    def before_nixops(self, script):
        """Lets lines of sh run before each call. They may replace it by `exit`; its words are "$@"."""
        folder = self.folder / "bin"
        if not folder.exists():
            folder.mkdir()
            self.environment["PATH"] = f"{folder}:{self.environment['PATH']}"
        (folder / "nixops.new").write_text(f'#!/bin/sh\n{script}\nexec {STANDIN}/nixops "$@"\n')
        (folder / "nixops.new").chmod(0o755)
        (folder / "nixops.new").replace(folder / "nixops")

    def folders(self):
        """The ids of the machines that exist, as the base class gives them."""
        ids = self.ids()
        return sorted(ids.get(uuid, name) for uuid, name in self.deployments().items() if name)

    def calls(self, *commands):
        """The arguments of these commands' calls, or of all calls, in order of their starts."""
        lines = (self.folder / "cloud/calls.jsonl").read_text().splitlines()
        called = [call["argv"] for call in map(json.loads, lines) if "argv" in call]
        return [argv for argv in called if not commands or (argv and argv[0] in commands)]

    def end_calls(self, *commands):
        """Kills the calls of these commands that still run."""
        for call in self.cloud.calls(*commands):
            if "ended" not in call:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(call["pid"], signal.SIGKILL)

    def forget_calls(self):
        (self.folder / "cloud/calls.jsonl").unlink(missing_ok=True)

    def end(self):
        """Gives up no machine, as NixOps made only files. Tests check themselves that no process is left."""
        try:
            self.end_children()
        finally:
            self.remove_whatever_is_left()


def nixops_pool(**settings):
    """A pool that is not paid by the hour, unless a test says so: tests do not wait for the hour's end."""
    standard = {"nixopsExpr": Expression("./deployment.nix"), "billingPeriod": 0}
    return standard | {"maxMachines": 2, "runnablesPerMachine": 5} | settings


def with_jobs(jobs, **more):
    """A machine's entry in the queue runner's status."""
    return {"enabled": True, "currentJobs": jobs, "idleSince": 0} | more


def seconds_ago(seconds):
    return int(time.time()) - seconds


class NixopsTest(FarmTest):
    def farm(self, version=ONE, **options):
        farm = NixopsFarm(version, **options)
        self.addCleanup(farm.end)
        return farm

    def farm_with_machine(self, version=ONE, **options):
        farm = self.farm(version, **options)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        return farm
