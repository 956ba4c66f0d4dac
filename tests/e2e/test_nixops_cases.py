"""Farms as they were and are: hydra.nixos.org's, other targets than EC2, farms that the program takes over, and strange
names and texts."""

import base64
import contextlib
import json
import shutil
import unicodedata
from uuid import uuid1

from support.farm import PLAIN, ROOT
from support.nix_text import Expression
from support.nixops_farm import EC2, ONE, TWO, NixopsTest, nixops_pool, seconds_ago, with_jobs
from support.waiting import wait_for

BENCHMARK = f"{PLAIN}:benchmark"
VERSIONS = (ONE, TWO)


def without_network(argv):
    """The words without `--network FOLDER`, which NixOps 2 is given; the folder's name is never the same."""
    return argv[:1] + argv[3:] if argv[1:2] == ["--network"] else argv


def column_8(key_line):
    """Column 8 of the machines file for the key `TYPE KEY COMMENT`."""
    return base64.b64encode(" ".join(key_line.split()[:2]).encode()).decode()


def root_at(farm, name):
    return f"root@{farm.machines()[name]['address']}"


# One type of spot instances, each with a key pair of its own.
PRODUCTION = """
{ type, tag, ... }:

let
  region = "us-east-1";
  accessKeyId = "hydra-builders";
in
{
  network.description = "Builders of Hydra: ${type}, provisioned by ${tag}";

  resources.ec2KeyPairs.default = { inherit region accessKeyId; };

  machine = { config, lib, pkgs, resources, ... }: {
    imports = [ <hydra-provisioner/auto-shutdown.nix> ];

    deployment.targetEnv = "ec2";
    deployment.ec2 = {
      inherit region accessKeyId;
      zone = "us-east-1c";
      instanceType = "c3.8xlarge";
      spotInstancePrice = 40;
      keyPair = resources.ec2KeyPairs.default;
      securityGroups = [ "builders" ];
    };

    boot.kernel.sysctl."vm.swappiness" = 0;
    nix.maxJobs = lib.mkForce 4;
    users.extraUsers.root.openssh.authorizedKeys.keys =
      [ ''command="nix-store --serve --write" ${builtins.readFile ./queue-runner.pub}'' ];
  };
}
"""
CHANNEL = "nixpkgs=channel:nixos-17.09-small"
SSH_KEY = "/var/lib/hydra/queue-runner/.ssh/id_buildfarm"
PRODUCTION_TYPE = {
    "nixopsExpr": Expression("./deployment.nix"),
    "nixPath": [CHANNEL],
    "minMachines": 0,
    "maxMachines": 12,
    "ignoredRunnables": 250,
    "runnablesPerMachine": 50,
    "maxJobs": 4,
    "sshKey": SSH_KEY,
}
TAG = "hydra-provisioned-nixos-org"


class HydraNixosOrg(NixopsTest):
    """The configuration that hydra.nixos.org had: up to twelve spot instances, paid by the hour."""

    def production(self, version=ONE, network=PRODUCTION):
        options = {"tag": TAG, "pools": {PLAIN: PRODUCTION_TYPE}, "settle": None, "quiet": None}
        farm = self.farm(version, network=network, **options)
        (farm.folder / "queue-runner.pub").write_text("ssh-ed25519 AAAA queue-runner\n")
        return farm

    def one_machine(self, **options):
        farm = self.production(**options)
        farm.queue(runnable=300)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {f"{TAG}-0": "ready"})
        return farm

    # Growing.

    def test_much_work_makes_twelve_machines_and_one_that_is_reclaimed_is_replaced(self):
        farm = self.production()
        farm.queue(runnable=900)
        counted = "900 runnable, 250 ignored, 50 per machine → 13 wanted, 12 allowed (max 12)"
        self.assertIn(counted, farm.run("plan", farm.conf).out)
        self.assertEnded(farm.run_pass(), 0)
        names = [f"{TAG}-{number}" for number in range(12)]
        self.assertEqual(farm.states(), dict.fromkeys(names, "ready"))
        self.assertEqual(farm.machines_file.read_text(), self.expected_file(farm, names))
        self.check_creations(farm, names)
        self.reclaim(farm, f"{TAG}-4")
        self.assertLessEqual(self.most_at_a_time(farm), 12)

    def reclaim(self, farm, name):
        """EC2 takes the machine away while it builds, and the queue runner cannot reach it any more."""
        uuid, vm, address = farm.uuid(name), farm.attributes(name)["vmId"], root_at(farm, name)
        farm.cloud.terminate(vm)
        farm.queue(runnable=900, machines={address: with_jobs(4, lastFailure=seconds_ago(-1))})
        self.assertEnded(farm.run_pass(), 0, f"{name}: vanished", "out of use")
        self.assertNotIn(address, farm.machines_file.read_text())
        self.assertEqual(len(farm.listed()), 11)
        twelve = [f"{TAG}-{number}" for number in range(13) if f"{TAG}-{number}" != name]
        farm.passes_until(lambda: farm.states() == dict.fromkeys(twelve, "ready"), "it is replaced, under a new name")
        self.assertEqual(farm.machines_file.read_text(), self.expected_file(farm, twelve))
        self.assertNotIn(uuid, farm.deployments())
        ends = [argv for argv in farm.calls("destroy", "delete") if uuid in argv]
        self.assertEqual(ends, [["destroy", "-d", uuid, "--confirm"], ["delete", "-d", uuid]])
        self.assertEqual(len(farm.cloud.alive()), 12)

    def expected_file(self, farm, names):
        lines = [f"# hydra-provisioner {TAG}"]
        for name in names:
            of = farm.attributes(name)
            key = column_8(of["ec2.publicHostKey"])
            lines.append(f"root@{of['publicIpv4']} i686-linux,x86_64-linux {SSH_KEY} 4 1 - - {key}")
        return "\n".join(lines) + "\n"

    def check_creations(self, farm, names):
        """Checks each call, word by word."""
        expression = str(farm.folder / "deployment.nix")
        creations = [["create", expression, "-d", name, "-I", CHANNEL] for name in names]
        self.assertCountEqual(farm.calls("create"), creations)
        uuids = [farm.uuid(name) for name in names]
        words = ["--argstr", "type", PLAIN, "--argstr", "tag", TAG]
        self.assertCountEqual(farm.calls("set-args"), [["set-args", "-d", uuid, *words] for uuid in uuids])
        modules = f"hydra-provisioner={ROOT}/nix"
        words = ["--check", "--confirm", "-I", CHANNEL, "-I", modules]
        self.assertCountEqual(farm.calls("deploy"), [["deploy", "-d", uuid, *words] for uuid in uuids])
        for deploy in farm.cloud.calls("deploy"):
            self.assertEqual(deploy["nix_path"], f"{CHANNEL}:{modules}:{farm.environment['NIX_PATH']}")
        self.assertTrue((ROOT / "nix/auto-shutdown.nix").exists())

    def most_at_a_time(self, farm):
        """The most deployments that existed at a time, from the begin of a creation to the end of a deletion."""
        changes = [(call["began"], 1) for call in farm.cloud.calls("create")]
        changes += [(call["ended"], -1) for call in farm.cloud.calls("delete") if call["exit"] == 0]
        counts, count = [], 0
        for _, change in sorted(changes):
            count += change
            counts.append(count)
        return max(counts)

    # Shrinking.

    def test_a_surplus_machine_stays_listed_while_half_an_hour_is_paid(self):
        farm = self.one_machine()
        name, address = f"{TAG}-0", farm.listed()
        for jobs in (0, 4):
            farm.queue(machines={f"root@{address[0]}": with_jobs(jobs, idleSince=0 if jobs else seconds_ago(900))})
            farm.move_launch(name, 1000)
            self.assertRegex(self.reason(farm), r"surplus; paid for another 2[56]\d\d s ≥ 1800 s")
            self.assertEnded(farm.run_pass(), 0)
            self.assertEqual(farm.listed(), address)

    def test_a_surplus_machine_is_drained_in_the_last_half_hour_and_listed_again_in_a_new_hour(self):
        farm = self.drained()
        name, address = f"{TAG}-0", farm.instance(f"{TAG}-0")["ip"]
        self.assertRegex(self.reason(farm), r"draining; paid for another 1[56]\d\d s ≥ 600 s")
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {name: "draining"})
        farm.move_launch(name, 3600 + 100)
        self.assertEnded(farm.run_pass(), 0, "back in use: paid for another")
        self.assertEqual(farm.listed(), [address])
        self.assertEqual(farm.calls("destroy", "stop", "delete"), [])

    def test_a_surplus_machine_is_destroyed_in_the_last_ten_minutes_and_only_with_proof(self):
        farm = self.drained()
        name, uuid = f"{TAG}-0", farm.uuid(f"{TAG}-0")
        farm.move_launch(name, 3100)
        address = f"root@{farm.instance(name)['ip']}"
        idle = {"enabled": False, "currentJobs": 0, "idleSince": seconds_ago(600)}
        self.check_that_it_stays(farm, {address: idle}, r"unlisted \d+ s < settle 35 s")
        farm.time_passes(60)
        self.check_that_it_stays(farm, {address: idle | {"enabled": True}}, "has not read the machines file without it")
        self.check_that_it_stays(farm, {address: idle | {"currentJobs": 1}}, "still busy: 1 job")
        self.check_that_it_stays(farm, {address: idle | {"idleSince": seconds_ago(20)}}, r"idle \d+ s < quiet 120 s")
        self.assertEqual(farm.attributes(name, "default")["state"], "3")
        farm.queue(machines={address: idle})
        self.assertEnded(farm.run_pass(), 0, f"{name}: destroy: surplus", f"{name}: gone")
        self.assertEqual((farm.deployments(), farm.cloud.alive(), farm.states()), ({}, {}, {}))
        self.assertIn(f"deleting EC2 key pair ‘charon-{uuid}-default’", farm.log(name))
        ends = [["destroy", "-d", uuid, "--confirm"], ["delete", "-d", uuid]]
        self.assertEqual(farm.calls("destroy", "delete", "stop"), ends)
        self.assertIn("root@x86-64-linux.placeholder.invalid", farm.machines_file.read_text())

    def drained(self):
        farm = self.one_machine()
        address = farm.listed()[0]
        farm.move_launch(f"{TAG}-0", 2000)
        farm.queue(machines={f"root@{address}": with_jobs(0, idleSince=seconds_ago(600))})
        self.assertEnded(farm.run_pass(), 0, f"{TAG}-0: draining: surplus, 1")
        self.assertEqual(farm.listed(), [])
        self.assertEqual(farm.states(), {f"{TAG}-0": "draining"})
        return farm

    def reason(self, farm):
        (action,) = json.loads(farm.run("plan", farm.conf, "--json").out)["actions"]
        return action["reason"]

    def check_that_it_stays(self, farm, machines, why):
        farm.queue(machines=machines)
        self.assertRegex(self.reason(farm), why)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.cloud.alive()), 1)
        self.assertEqual(farm.calls("destroy", "stop", "delete"), [])

    def test_a_machine_lives_and_leaves_with_nixops_2(self):
        """NixOps 2 needs nixpkgs to evaluate a network; this one brings its own."""
        own_nixpkgs = "network.nixpkgs.lib.fold = op: nul: builtins.foldl' (a: x: op x a) nul;"
        network = PRODUCTION.replace("network.description", f"{own_nixpkgs}\n  network.description")
        farm = self.one_machine(version=TWO, network=network)
        name, uuid = f"{TAG}-0", farm.uuid(f"{TAG}-0")
        self.assertEqual(farm.machines_file.read_text(), self.expected_file(farm, [name]))
        modules = f"hydra-provisioner={ROOT}/nix"
        owner = (farm.state / "owner").read_text().strip()
        expected = [
            ["create", "-d", name, "-I", CHANNEL],
            ["set-args", "-d", uuid, "--argstr", "type", PLAIN, "--argstr", "tag", TAG, "--argstr", "owner", owner],
            ["deploy", "-d", uuid, "--check", "--confirm", "-I", CHANNEL, "-I", modules],
        ]
        self.assertEqual([*map(without_network, farm.calls("create", "set-args", "deploy", "modify"))], expected)
        self.assertEqual(farm.cloud.calls("deploy")[0]["nix_path"].split(":hydra")[0], CHANNEL)
        farm.move_launch(name, 3100)
        farm.queue(machines={f"root@{farm.listed()[0]}": with_jobs(0, idleSince=seconds_ago(600))})
        self.assertEnded(farm.run_pass(), 0, f"{name}: draining")
        farm.time_passes(60)
        idle = {"enabled": False, "currentJobs": 0, "idleSince": seconds_ago(600)}
        farm.queue(machines={f"root@{farm.instance(name)['ip']}": idle})
        self.assertEnded(farm.run_pass(), 0, f"{name}: gone")
        self.assertEqual((farm.deployments(), farm.cloud.alive()), ({}, {}))


# A machine beside the desk, of which nothing is paid by the hour.
VIRTUALBOX = """
{ type, tag, ... }:

{
  network.description = "${tag}: ${type}";

  machine = { config, pkgs, ... }: {
    imports = [ <hydra-provisioner/auto-shutdown.nix> ];
    deployment.targetEnv = "virtualbox";
    deployment.virtualbox.memorySize = 1024;
    nix.extraOptions = "build-cores = 0";
  };
}
"""


def plain_pool(**settings):
    """A pool without a billingPeriod."""
    standard = {"nixopsExpr": Expression("./deployment.nix"), "maxMachines": 1, "runnablesPerMachine": 5}
    return {PLAIN: standard | settings}


class VirtualBox(NixopsTest):
    """Nearly the example that the original program came with."""

    def test_a_machine_is_listed_and_destroyed(self):
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm_with_machine(version, network=VIRTUALBOX, pools=plain_pool())
                of = farm.attributes("t-0")
                key = column_8(of["virtualbox.publicHostKey"])
                line = f"root@{of['privateIpv4']} i686-linux,x86_64-linux - 1 1 - - {key}"
                self.assertEqual(farm.machines_file.read_text(), f"# hydra-provisioner t\n{line}\n")
                farm.queue()
                self.assertEnded(farm.run_pass(), 0, "t-0: draining: surplus, idle")
                self.assertEnded(farm.run_pass(), 0, "t-0: destroy: surplus", "t-0: gone")
                self.assertEqual((farm.deployments(), farm.cloud.alive(), farm.states()), ({}, {}, {}))

    def test_an_idle_machine_is_stopped_and_started_again_as_it_was(self):
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm_with_machine(version, network=VIRTUALBOX, pools=plain_pool(stopOnIdle=True))
                uuid, before, address = farm.uuid("t-0"), farm.instance("t-0"), farm.listed()
                farm.queue()
                farm.passes_until(lambda: farm.states() == {"t-0": "stopped"}, "the machine is stopped")
                self.assertEqual(farm.listed(), [])
                self.assertEqual(farm.instance("t-0")["state"], "stopped")
                self.check_that_it_stays_stopped(farm)
                farm.forget_calls()
                farm.queue(runnable=1)
                self.assertEnded(farm.run_pass(), 0, "t-0: start: stopped; warm store", "t-0: ready after")
                calls = [argv[0] for argv in farm.calls() if argv[0] not in ("--version", "export")]
                self.assertEqual(calls, ["start", "deploy"])
                self.assertEqual(farm.listed(), address)
                self.assertEqual((farm.uuid("t-0"), farm.instance("t-0")["id"]), (uuid, before["id"]))
                self.assertEqual(farm.instance("t-0")["state"], "running")

    def check_that_it_stays_stopped(self, farm):
        """No call of NixOps reaches the machine, because most calls would start it."""
        farm.forget_calls()
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "stopped"})
        self.assertEqual(farm.calls("ssh", "check", "start", "deploy", "destroy"), [])


HOST = "builder-1.example.org"
NONE = f"""
{{ type, tag, ... }}:
{{
  machine = {{ ... }}: {{
    deployment.targetEnv = "none";
    deployment.targetHost = "{HOST}";
  }};
}}
"""


class NoneTarget(NixopsTest):
    """A host that existed before. NixOps can do little more than configure it."""

    def test_a_host_cannot_stop_and_is_destroyed_instead_and_that_is_reported(self):
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm_with_machine(version, network=NONE, pools=plain_pool(stopOnIdle=True))
                self.check_line(farm)
                farm.queue()
                self.assertEnded(farm.run_pass(), 0, "t-0: draining")
                self.assertEnded(farm.run_pass(), 1, "t-0: stop failed: nixops cannot stop this kind of machine")
                self.assertEqual(farm.listed(), [])
                self.assertEnded(
                    farm.run_pass(), 0, "t-0: destroy: surplus, and its provider refuses to stop it", "t-0: gone"
                )
                self.assertEqual(len(farm.calls("stop")), 1)
                self.assertEqual(farm.deployments(), {})

    def check_line(self, farm):
        line = f"root@{HOST} i686-linux,x86_64-linux - 1 1 - - -"
        self.assertEqual(farm.machines_file.read_text(), f"# hydra-provisioner t\n{line}\n")

    def test_a_host_is_out_of_the_file_while_its_port_is_closed(self):
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm_with_machine(version, network=NONE, pools=plain_pool())
                farm.cloud.make_unreachable(HOST, "port closed")
                farm.queue(runnable=1, machines={f"root@{HOST}": with_jobs(2, lastFailure=seconds_ago(-1))})
                self.assertEnded(farm.run_pass(), 0, "t-0: it did not answer when it was checked")
                self.assertEqual(len(farm.calls("check")), 1)
                self.assertEqual(farm.attributes("t-0")["state"], "3")
                self.assertEqual(farm.listed(), [])
                farm.configure(passTimeout=1)
                farm.run_pass()
                self.assertEqual(farm.listed(), [])
                farm.cloud.make_reachable(HOST)
                farm.end_calls("deploy")  # in which NixOps may wait for it, and the stand-in for ever
                wait_for(lambda: self.is_back_after_a_pass(farm), "it is back", lambda: farm.run("plan", farm.conf).out)
                self.assertEqual(farm.states(), {"t-0": "ready"})
                self.assertEqual(farm.calls("destroy", "stop", "delete"), [])

    def is_back_after_a_pass(self, farm):
        farm.end_back_off()
        farm.run_pass()
        return farm.listed() == [HOST]


HOSTS = ["builder-0.example.org", "builder-1.example.org"]
NAMED_HOSTS = " ".join(f'"{host}"' for host in HOSTS)
BY_NAME = f"""
{{ type, tag, ... }}:
{{
  machine = {{ deploymentName, ... }}:
    let number = builtins.fromJSON (builtins.head (builtins.match ".*-([0-9]+)" deploymentName));
    in {{
      deployment.targetEnv = "none";
      deployment.targetHost = builtins.elemAt [ {NAMED_HOSTS} ] number;
    }};
}}
"""
BY_SLOT = f"""
{{ type, tag, slot }}:
{{
  machine = {{
    deployment.targetEnv = "none";
    deployment.targetHost = builtins.elemAt [ {NAMED_HOSTS} ] slot;
  }};
}}
"""
CHOICES = {"by name": (ONE, BY_NAME), "by slot": (TWO, BY_SLOT)}


class ListedHosts(NixopsTest):
    """The network names as many hosts as there may be machines, and each machine has its own."""

    seconds_max = 200

    def with_each(self, live):
        for choice, (version, network) in CHOICES.items():
            with self.subTest(choice):
                farm = self.farm(version, network=network, pools=plain_pool(maxMachines=2, runnablesPerMachine=1))
                farm.queue(runnable=2)
                self.assertEnded(farm.run_pass(), 0)
                self.check_all_hosts(farm, "t-0", "t-1")
                live(farm)

    def check_all_hosts(self, farm, *ids):
        self.assertEqual(farm.states(), dict.fromkeys(ids, "ready"))
        self.check_hosts(farm)

    def check_hosts(self, farm):
        self.assertCountEqual(farm.listed(), HOSTS)
        self.assertCountEqual(farm.deployments().values(), ["t-0", "t-1"])

    def replace_the_first(self, farm):
        """Removes the first host's machine, which is idle. The next pass makes another."""
        busy = {f"root@{HOSTS[1]}": with_jobs(1)}
        farm.queue(runnable=1, machines=busy)
        farm.passes_until(lambda: farm.states() == {"t-1": "ready"}, "the idle one is gone")
        self.assertEqual(list(farm.deployments().values()), ["t-1"])
        farm.queue(runnable=2, machines=busy)

    def test_hosts_are_used_again(self):
        self.with_each(self.come_and_go)

    def come_and_go(self, farm):
        self.replace_the_first(farm)
        self.assertEnded(farm.run_pass(), 0, "t-2: ready")
        self.check_all_hosts(farm, "t-1", "t-2")
        machine = farm.machines()["t-2"]
        self.assertEqual((machine["notedAs"], machine["address"]), ("t-0", HOSTS[0]))
        farm.queue()
        farm.passes_until(lambda: not farm.deployments(), "all are gone")
        farm.queue(runnable=2)
        self.assertEnded(farm.run_pass(), 0)
        self.check_all_hosts(farm, "t-3", "t-4")

    def test_hosts_stay_with_their_machines_when_the_journal_is_lost(self):
        self.with_each(self.lose_journal)

    def lose_journal(self, farm):
        self.replace_the_first(farm)
        self.assertEnded(farm.run_pass(), 0, "t-2: ready")
        deployments = farm.deployments()
        for path in farm.state.glob("t.sqlite*"):
            path.unlink()
        found = "found at its provider as t-0, but not in the journal; taken over"
        self.assertEnded(farm.run_pass(), 0, f"t-2: {found}")
        farm.passes_until(lambda: farm.states() == {"t-1": "ready", "t-2": "ready"}, "both are in use again")
        self.check_hosts(farm)
        self.assertEqual(farm.deployments(), deployments)
        self.assertEqual(farm.machines()["t-2"]["address"], HOSTS[0])

    def test_hosts_stay_with_their_machines_when_nixops_dies(self):
        """NixOps dies before there is a result, so only the name tells to which machine a deployment belongs."""
        self.with_each(self.be_interrupted)

    def be_interrupted(self, farm):
        for command, at in (("create", "after-name"), ("set-args", "before"), ("deploy", "before-exit")):
            self.replace_the_first(farm)
            farm.cloud.set_faults({"command": command, "fault": "die", "at": at, "times": 1})
            self.assertEnded(farm.run_pass(), 1, f"create failed: nixops {command} was ended by signal 9")
            wait_for(lambda: self.is_whole_after_a_pass(farm), "both are there", lambda: farm.run("plan", farm.conf))
            self.check_hosts(farm)

    def test_hosts_are_chosen_by_slot_once_the_network_takes_one(self):
        """NixOps 1 gives all arguments to the function, and this one takes no unknown arguments."""
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm_with_machine(version, network=NONE.replace(", ...", ""), pools=plain_pool())
                for network, host in ((BY_SLOT, HOSTS[0]), (NONE.replace(", ...", ""), HOST)):
                    farm.network(network)
                    self.assertEnded(farm.run_pass(), 0, "t-0: redeployed")
                    self.assertEqual(farm.listed(), [host])

    def is_whole_after_a_pass(self, farm):
        farm.end_back_off()
        farm.run_pass()
        return len(farm.listed()) == 2


class OtherTargets(NixopsTest):
    """The short lives of other machines: their addresses and host keys, and that none is paid by the hour."""

    def test_libvirtd(self):
        self.live("libvirtd", "privateIpv4")

    def test_hetzner(self):
        self.live("hetzner", "mainIpv4")

    def test_gce(self):
        self.live("gce", "publicIpv4", "gce.publicHostKey")

    def test_digital_ocean(self):
        self.live("digitalOcean", "publicIpv4")

    def live(self, target, address, host_key=None):
        network = f'{{ type, tag, ... }}: {{ machine = {{ deployment.targetEnv = "{target}"; }}; }}'
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm_with_machine(version, network=network, pools=plain_pool())
                of = farm.attributes("t-0")
                key = column_8(of[host_key]) if host_key else "-"
                line = f"root@{of[address]} i686-linux,x86_64-linux - 1 1 - - {key}"
                self.assertEqual(farm.machines_file.read_text(), f"# hydra-provisioner t\n{line}\n")
                farm.queue()
                farm.passes_until(lambda: not farm.deployments(), "the machine is gone")
                self.assertEqual((farm.cloud.alive(), farm.states()), ({}, {}))


class Original:
    """Makes deployments as the original program did: one by one, by the commands of NixOps."""

    def __init__(self, farm, version):
        self.farm = farm
        self.network = []
        self.expression = [farm.folder / "deployment.nix"]
        if version == TWO:
            folder = farm.folder / "network"
            folder.mkdir()
            text = f"""{{ type ? "{PLAIN}", tag ? "t" }}:
                       import ../deployment.nix {{ inherit type tag; }} // {{ network.storage.legacy = {{ }}; }}"""
            (folder / "nixops.nix").write_text(text)
            self.network, self.expression = ["--network", folder], []

    def nixops(self, command, *words):
        ended = self.farm.nixops(command, *self.network, *words)
        if ended.status != 0:
            raise AssertionError(ended)
        return ended.out.strip()

    def create(self, *name):
        return self.nixops("create", *self.expression, *(word for n in name for word in ("-d", n)))

    def machine(self, name, type=PLAIN, tag="t"):
        """Makes a machine, and returns its deployment's UUID."""
        uuid = self.create(name)
        self.nixops("set-args", "-d", uuid, "--argstr", "type", type, "--argstr", "tag", tag)
        self.deploy(uuid)
        return uuid

    def deploy(self, uuid):
        self.nixops("deploy", "-d", uuid, "--check", "--confirm", "-I", f"hydra-provisioner={ROOT}/nix")

    def interrupted(self, name):
        self.farm.cloud.set_faults({"command": "deploy", "fault": "die", "at": "after-token"})
        with contextlib.suppress(AssertionError):
            self.machine(name)
        self.farm.cloud.set_faults()
        return self.farm.uuid(name)

    def rename(self, uuid, name):
        self.nixops("modify", *self.expression, "-d", uuid, "-n", name)


class TakesOver(NixopsTest):
    """The program takes over its predecessor's machines, and leaves those of others alone."""

    seconds_max = 200

    def test_the_fleet_of_the_original_program(self):
        self.take_over(ONE)

    def test_the_fleet_of_the_original_program_with_nixops_2(self):
        self.take_over(TWO)

    def take_over(self, version):
        farm = self.farm(version, pools={PLAIN: nixops_pool(maxMachines=6)})
        ours, foreign = self.original_fleet(farm, version)
        before = {uuid: self.recorded(farm, uuid) for uuid in foreign.values()}
        farm.forget_calls()
        still_builds = with_jobs(1, enabled=False)
        jobs = {self.address(farm, ours["t-0"]): with_jobs(3), self.address(farm, ours["t-3"]): still_builds}
        self.adopt(farm, ours, jobs)
        self.work_returns(farm, jobs)
        self.shrink(farm, ours, jobs)
        for uuid in foreign.values():
            self.assertEqual(self.recorded(farm, uuid), before[uuid])
            self.assertEqual([argv for argv in farm.calls() if uuid in argv], [])
        self.check_that_no_secret_is_kept(farm)

    def original_fleet(self, farm, version):
        original = Original(farm, version)
        ours = {name: original.machine(name) for name in ("t-0", "t-1", "t-2")}
        original.nixops("stop", "-d", ours["t-2"], "--confirm")
        ours["t-3"] = original.machine("t-3", type=BENCHMARK)
        ours["t-4"] = original.interrupted("t-4")
        ours["renamed"] = original.machine("t-5")
        original.rename(ours["renamed"], "my-builder")
        ours["duplicate"] = original.machine("t-1")
        ours["t-9"] = original.create("t-9")
        foreign = {
            "nameless": original.create(),
            "of another tag": original.machine("t-77", tag="other"),
            "without arguments": original.create("t-builder"),
        }
        return ours, foreign

    def recorded(self, farm, uuid):
        """All that NixOps knows of the deployment."""
        attributes = farm.in_state_file("select name, value from DeploymentAttrs where deployment = ?", uuid)
        machine = farm.attributes(uuid)
        return sorted(attributes), machine, machine and farm.cloud.instance(machine["vmId"])

    def address(self, farm, uuid):
        return f"root@{farm.attributes(uuid)['publicIpv4']}"

    def adopt(self, farm, ours, jobs):
        """The work needs all machines that run, but not the stopped one."""
        farm.queue(runnable=20, machines=jobs)
        up = [ours[name] for name in ("t-0", "t-1", "renamed", "duplicate")]
        lines = "".join(f"{self.address(farm, uuid)} x86_64-linux - 1 1 - - -\n" for uuid in up)
        farm.machines_file.write_text(lines)
        self.take_over_what_is_in_use(farm, lines)
        self.assertCountEqual([f"root@{ip}" for ip in farm.listed()], [self.address(farm, uuid) for uuid in up])
        self.assertEnded(farm.run("adopt", "--all", "--yes", "--tag", "t"), 0)
        late = "t-12: found at its provider as t-2, but not in the journal; taken over"  # others may have been t-2
        self.assertEnded(farm.run_pass(), 0, late)
        instances = {id: machine["instance"] for id, machine in farm.machines().items()}
        for id, name in {"t-0": "t-0", "t-12": "t-2", "t-3": "t-3"}.items():
            self.assertEqual(instances[id], ours[name])
        others = {ours[name] for name in ("t-1", "duplicate", "renamed")}
        self.assertEqual({instances[id] for id in ("t-1", "t-10", "t-11")}, others)
        self.assertNotEqual(instances["t-1"], ours["renamed"])
        self.assertEqual(farm.calls("create", "stop"), [])
        self.assertCountEqual([f"root@{ip}" for ip in farm.listed()], [self.address(farm, uuid) for uuid in up])
        for _ in range(4):
            self.assertEnded(farm.run_pass(), 0)
        # What was begun and never finished is not needed; what is left of the type that is gone still builds.
        states = dict.fromkeys(("t-0", "t-1", "t-10", "t-11"), "ready") | {"t-12": "stopped"}
        self.assertEqual({id: state for id, state in farm.states().items() if id != "t-3"}, states)
        self.assertIn("still busy: 1 job", farm.run("plan", farm.conf).out)
        self.assertEqual(farm.cloud.instance(farm.attributes(ours["t-3"])["vmId"])["state"], "running")
        self.assertNotIn(ours["t-4"], farm.deployments())
        self.assertNotIn(ours["t-9"], farm.deployments())

    def take_over_what_is_in_use(self, farm, lines):
        """The machines keep their lines, also while they are redeployed one after another."""
        during = farm.folder / "during-the-first-deploy"
        farm.before_nixops(f'[ "$1" = deploy ] && [ ! -e {during} ] && cp {farm.machines_file} {during}')
        ended = farm.run_pass()
        self.assertEnded(ended, 0, *(f"t-{n}: found at its provider" for n in (0, 1, 3, 10, 11)))
        self.assertIn("t-2 (nixops", ended.err)
        for line in lines.splitlines():
            self.assertIn(line.split()[0] + " ", during.read_text())

    def work_returns(self, farm, jobs):
        """The stopped machine is started, then another is made, with an unused number under a free name."""
        farm.queue(runnable=30, machines=jobs)
        self.assertEnded(farm.run_pass(), 0, "t-12: start: stopped", "t-15: create: 1 of 1 new machines")
        self.assertEqual([argv[argv.index("-d") + 1] for argv in farm.calls("create")], ["t-4"])
        self.assertEqual(len(farm.listed()), 6)

    def shrink(self, farm, ours, jobs):
        """Less work leaves only the busy machine."""
        idle = {self.address(farm, uuid): with_jobs(0) for uuid in farm.deployments() if farm.attributes(uuid)}
        gone = {self.address(farm, ours["t-3"]): {"enabled": False, "currentJobs": 0, "idleSince": 0}}
        farm.queue(runnable=1, machines=idle | jobs | gone)
        self.assertEnded(farm.run_pass(), 0, "t-3: destroy: ", "t-3: gone")
        self.assertEqual([f"root@{ip}" for ip in farm.listed()], [self.address(farm, ours["t-0"])])
        out = {address: entry | {"enabled": False} for address, entry in idle.items()}
        farm.queue(runnable=1, machines=out | {self.address(farm, ours["t-0"]): with_jobs(3)})
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "only the busy machine is left")
        self.assertEqual(farm.machines()["t-0"]["instance"], ours["t-0"])
        self.assertEqual([argv for argv in farm.calls("stop", "destroy", "delete") if ours["t-0"] in argv], [])

    def check_that_no_secret_is_kept(self, farm):
        for file in farm.state.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"OPENSSH PRIVATE KEY", file.read_bytes(), file)


class LostState(NixopsTest):
    """The program loses its state: all that it remembers of its machines."""

    def test_a_lost_state_costs_no_machine(self):
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm(version)
                farm.queue(runnable=10)
                self.assertEnded(farm.run_pass(), 0)
                before = farm.deployments(), farm.cloud.alive(), sorted(farm.listed())
                shutil.rmtree(farm.state)
                farm.forget_calls()
                jobs = {f"root@{ip}": with_jobs(2) for ip in before[2]}
                if version == TWO:
                    self.take_over_by_order(farm, jobs)
                farm.queue(runnable=10, machines=jobs)
                self.assertEnded(farm.run_pass(), 0, "t-0: found at its provider", "t-1: found at its provider")
                self.assertEqual((farm.deployments(), farm.cloud.alive(), sorted(farm.listed())), before)
                self.assertEqual(farm.calls("create", "destroy", "delete", "stop", "start"), [])
                self.lose_again_without_work(farm, jobs, version)

    def take_over_by_order(self, farm, jobs):
        """NixOps 2 has noted the owner. Only the lost state directory knew that this installation is the owner."""
        farm.queue(machines=jobs)
        foreign = "is foreign: it belongs to the installation "
        self.assertEnded(farm.run_pass(), 1, "t-0 (nixops", foreign, "stays as it is: it lists ")
        self.assertEnded(farm.run("adopt", "--all", "--yes", "--tag", "t"), 0)

    def lose_again_without_work(self, farm, jobs, version):
        """No file says that the machines were listed, and they are not needed, but they still build."""
        shutil.rmtree(farm.state)
        if version == TWO:
            self.take_over_by_order(farm, jobs)
        farm.queue(machines=jobs)
        for _ in range(3):
            self.assertEnded(farm.run_pass(), 0)
            self.assertEqual(len(farm.cloud.alive()), 2)
        farm.queue(machines={address: {"enabled": False, "currentJobs": 0, "idleSince": 0} for address in jobs})
        farm.passes_until(lambda: not farm.deployments(), "they leave once they have built")
        self.assertEqual(farm.cloud.alive(), {})


WEIRD = {
    "colours": "\x1b[1;31mred\x1b[0m \x1b]0;title\x07",
    "quotes": "\"double\" 'single' ‘curly’ `back` \\ backslash",
    "Nix": "${builtins.throw \"evaluated\"} $${x} ''${y}",
    "lines": "one\ntwo\r\nthree\ttab\vvertical\x7f",
    "machines file": "root@evil.example.org x86_64-linux - 9 9 - - -; # comment",
    "characters": "Grüße, 機械, 🦀, \u202eright to left, \u2028separator",
    "other controls": "\x9b31mred \x85next line",
    "length": "x" * 100_000,
}


class WeirdStrings(NixopsTest):
    """Strange texts of others reach only a log, or are shown as one plain line."""

    def test_deployments_of_others(self):
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm_with_machine(version)
                for text in WEIRD.values():
                    self.add_foreign_deployment(farm, text)
                before = self.others(farm)
                farm.queue(runnable=10)
                self.assertEnded(farm.run_pass(), 0, "t-1: ready")
                self.check_messages_and_files(farm, 2)
                farm.queue()
                farm.passes_until(lambda: "t-0" not in farm.deployments().values(), "they leave")
                self.assertEqual(self.others(farm), before)

    def add_foreign_deployment(self, farm, text):
        """Adds a deployment with this text as name, description, arguments and type of machine."""
        uuid = str(uuid1())
        farm.in_state_file("insert into Deployments(uuid) values (?)", uuid)
        quoted = json.dumps(text).replace("${", "\\${")
        arguments = {"tag": quoted, "type": quoted, text: "1 + 1"}
        named = {"name": text, "description": text, "args": json.dumps(arguments), "nixPath": json.dumps([text])}
        for name, value in named.items():
            farm.in_state_file("insert into DeploymentAttrs values (?, ?, ?)", uuid, name, value)
        farm.in_state_file("insert into Resources(deployment, name, type) values (?, 'machine', ?)", uuid, text)

    def others(self, farm):
        own = [uuid for uuid, name in farm.deployments().items() if name in ("t-0", "t-1")]
        rows = farm.in_state_file("select * from DeploymentAttrs order by deployment, name")
        rows += farm.in_state_file("select deployment, name, type from Resources order by deployment, name")
        return [row for row in rows if row[0] not in own]

    def check_messages_and_files(self, farm, machines):
        """Checks that each message is one plain line, and that programs can read our documents."""
        for words in (("status",), ("plan",), ("plan", "-v")):
            self.check_plain(farm.run(words[0], farm.conf, *words[1:]).out)
        document = json.loads(farm.run("status", farm.conf, "--json").out)
        self.assertEqual(len(document["machines"]), machines)
        json.loads(farm.run("plan", farm.conf, "--json").out)
        lines = farm.machines_file.read_text().splitlines()
        self.assertEqual(lines[0], "# hydra-provisioner t")
        self.assertNotIn("evil", "".join(lines))
        farm.listed()

    def check_plain(self, text):
        for line in text.split("\n"):
            self.assertEqual([c for c in line if unicodedata.category(c) == "Cc"], [], line[:500])
            self.assertLess(len(line), 1000)

    def test_messages_of_a_failing_deploy(self):
        farm = self.farm_with_machine(TWO, pools={PLAIN: nixops_pool(maxMachines=3)})
        farm.queue(runnable=10, machines={f"root@{farm.listed()[0]}": with_jobs(1)})
        for name, text in WEIRD.items():
            self.fail_once(farm, name, {"fault": "fail", "message": text})
        latin = "machine> Größe nicht verfügbar\x1b[31m\nnixops: \x80\xff\xfe\n"
        self.fail_once(farm, "invalid UTF-8", {"fault": "says", "text": latin, "encoding": "latin-1"}, die=True)
        farm.end_back_off()
        self.assertEnded(farm.run_pass(), 0, "ready after")
        self.check_messages_and_files(farm, 2)

    def fail_once(self, farm, name, fault, die=False):
        """Lets the creation of a second machine fail."""
        with self.subTest(name):
            farm.time_passes(4000)
            of = {"command": "deploy", "times": 1}
            farm.cloud.set_faults(of | fault, *([of | {"fault": "die"}] if die else []))
            ended = farm.run_pass()
            self.assertEnded(ended, 1, "create failed: nixops deploy ")
            self.check_plain(ended.err)
            for line in ended.err.removesuffix("\n").split("\n"):
                self.assertRegex(line, r"^(error: |warning: )?(t-\d+|x86_64-linux): ")
            self.assertEqual(len(farm.listed()), 1)
            (failed,) = [machine for machine in farm.machines().values() if machine["state"] == "failed"]
            self.check_plain(failed["lastError"])
    def test_names_of_failed_units(self):
        """A check finds failed units with strange names."""
        farm = self.farm_with_machine(ONE)
        address = farm.listed()[0]
        farm.cloud.set_host(address, units=[f"{text} [failed]" for text in WEIRD.values()])
        farm.queue(runnable=1, machines={f"root@{address}": with_jobs(1, lastFailure=seconds_ago(-1))})
        ended = farm.run_pass()
        self.assertEnded(ended, 0)
        self.assertEqual(len(farm.calls("check")), 1)
        self.check_plain(ended.err)
        self.assertEqual(farm.listed(), [address])  # a failed unit is no reason to do without it
        self.check_messages_and_files(farm, 1)


STRANGE = "Büro \"A\" & 'B' $HOME ${x}; (1) #2 機械"
CHANNELS = "/nix/var/nix/profiles/per-user/root/channels"


class Paths(NixopsTest):
    """The files have unusual names, or are in unusual places."""

    def test_folders_with_blanks_quotes_and_other_characters(self):
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.strange(version)
                farm.queue(runnable=1)
                self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
                self.assertEnded(farm.run_pass(), 0)  # it is up to date, as far as is known
                self.assertEqual(len(farm.calls("deploy")), 1)
                self.assertTrue((farm.state / "logs/t-0.log").exists())
                self.change(farm)
                farm.queue()
                farm.passes_until(lambda: not farm.deployments(), "the machine is gone")
                self.assertEqual(farm.cloud.alive(), {})

    def strange(self, version):
        farm = self.farm(version)
        folder = farm.folder / STRANGE
        folder.mkdir()
        (folder / "déploiement 'n' \"1\".nix").write_text(EC2)
        expression = Expression('(./. + "/déploiement \'n\' \\"1\\".nix")')
        farm.conf, farm.state = folder / "conf ü.nix", folder / "my state"
        farm.machines_file = folder / "machines $x"
        farm.configure(machinesFile=farm.machines_file, pools={PLAIN: nixops_pool(nixopsExpr=expression)})
        return farm

    def change(self, farm):
        """Changes the expression, which is noticed in such a folder, too."""
        (expression,) = (farm.folder / STRANGE).glob("dé*.nix")
        expression.write_text(EC2.replace("c5.4xlarge", "c5.9xlarge"))
        self.assertEnded(farm.run_pass(), 0, "t-0: redeploy: its specification has changed")
        self.assertEqual(len(farm.calls("deploy")), 2)

    def test_the_state_file_that_the_environment_names(self):
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm(version)
                folder = farm.folder / STRANGE
                folder.mkdir()
                farm.environment["NIXOPS_STATE"] = str(folder / "state of NixOps.nixops")
                farm.queue(runnable=1)
                self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
                self.assertEqual(list(farm.deployments().values()), ["t-0"])
                self.assertFalse((farm.home / ".nixops/deployments.nixops").exists())
                farm.queue()
                farm.passes_until(lambda: not farm.deployments(), "the machine is gone")

    def test_without_a_search_path(self):
        """Without NIX_PATH, Nix uses its channels. An addition to the search path must not remove them."""
        for version in VERSIONS:
            with self.subTest(version):
                farm = self.farm(version)
                del farm.environment["NIX_PATH"]
                channels = farm.home / ".nix-defexpr/channels"
                channels.mkdir(parents=True)
                (farm.folder / "nixpkgs").rename(channels / "nixpkgs")
                farm.queue(runnable=1)
                self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
                (deploy,) = farm.cloud.calls("deploy")
                own = f"hydra-provisioner={ROOT}/nix"
                self.assertEqual(deploy["nix_path"], f"{own}:{channels}:nixpkgs={CHANNELS}/nixpkgs:{CHANNELS}")

    def test_with_an_empty_search_path(self):
        """An empty NIX_PATH is not the same as none."""
        farm = self.farm(ONE)
        farm.environment["NIX_PATH"] = ""
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        (deploy,) = farm.cloud.calls("deploy")
        self.assertEqual(deploy["nix_path"], f"hydra-provisioner={ROOT}/nix")
