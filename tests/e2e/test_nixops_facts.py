"""What a provisioner must know of NixOps: one fact a test, by its number, with the versions that it holds for.

1-4     versions, networks, search paths       14-17  deadlines, what stays behind, several at a time
5-6     which deployments there are            18-21  deploys that fail, that are needed, and that are not
7-11    which machines there are               23-26  the machines file, and keeping alive
12-13   machines that go                       27-29  the original's faults, the queue runner, money
22, 30  what is interrupted, and what is left  31     credentials
"""

import base64
import contextlib
import fcntl
import functools
import json
import os
import re
import signal
import time
from pathlib import Path

from support.farm import PLAIN
from support.nix_text import Expression
from support.nixops_farm import EC2, ONE, TWO, NixopsTest, nixops_pool
from support.waiting import wait_for

BOTH = (ONE, TWO)
BENCHMARK = f"{PLAIN}:benchmark"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DANGEROUS = {"--allow-recreate", "--allow-reboot", "--force-reboot", "--force", "-k", "--kill-obsolete"}

ASKING = ("stop", "destroy")
TEMPORARY = "NixOps auto-generated key"

# Where the records have the address and the host key of each target.
ADDRESSES = {
    "ec2": ("privateIpv4", "ec2.publicHostKey"),
    "none": ("targetHost", None),
    "virtualbox": ("privateIpv4", "virtualbox.publicHostKey"),
    "libvirtd": ("privateIpv4", None),
    "gce": ("publicIpv4", "gce.publicHostKey"),
    "digitalOcean": ("publicIpv4", None),
    "hetzner": ("mainIpv4", None),
}

PER_TYPE = """{ type, tag, ... }:
{ network.description = "${tag} ${type}";
  machine = {
    deployment.targetEnv = "ec2";
    deployment.ec2.region = "us-east-1";
    deployment.ec2.instanceType = { "x86_64-linux" = "small"; "x86_64-linux:benchmark" = "large"; }.${type};
  };
}
"""
HOST = "build.example.org"
EXISTING_HOST = f"""{{ ... }}:
{{ machine = {{
    deployment.targetEnv = "none";
    deployment.targetHost = "{HOST}";
  }};
}}
"""
WITH_KEY_PAIR = """{ ... }:
{ resources.ec2KeyPairs.default = { region = "us-east-1"; };
  machine = { resources, ... }: {
    deployment.targetEnv = "ec2";
    deployment.ec2.region = "us-east-1";
    deployment.ec2.keyPair = resources.ec2KeyPairs.default;
  };
}
"""


def with_both(test):
    """The test with each version of NixOps."""

    @functools.wraps(test)
    def with_each(self):
        for version in BOTH:
            with self.subTest(nixops=version):
                test(self, version)

    return with_each


def of_target(target, more=""):
    return f'{{ ... }}: {{ machine = {{ deployment.targetEnv = "{target}"; {more} }}; }}\n'


def load(runnable):
    return {"runnable": runnable, "running": 0}


def pool_without_billing_period():
    return {name: value for name, value in nixops_pool().items() if name != "billingPeriod"}


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


class FactsTest(NixopsTest):
    def farm(self, version=ONE, **options):
        farm = super().farm(version, **options)
        self.addCleanup(self.check_calls, farm)
        return farm

    def check_calls(self, farm):
        """Checks what holds for every call, in every test."""
        for call in farm.cloud.calls():
            words = call["argv"]
            self.assertFalse(DANGEROUS & set(words), f"loses machines: {words}")
            if words[:1] in (["deploy"], ["destroy"], ["stop"]):
                self.assertIn("--confirm", words)

    def commands(self, farm):
        """The first words of all calls, in order of their starts."""
        return [argv[0] for argv in farm.calls()]

    def idle(self, farm):
        """There is no work, and the queue runner knows that nothing runs on any machine."""
        addresses = farm.journal("select address from machines where state <> 'gone' and address <> ''")
        entry = {"enabled": False, "currentJobs": 0, "idleSince": 1}
        farm.queue(machines={f"root@{address}": entry for (address,) in addresses})

    def passes_until_all_is_gone(self, farm):
        self.idle(farm)
        farm.passes_until(lambda: not farm.deployments(), "all deployments are gone")
        self.assertEqual(farm.cloud.alive(), {})
        self.assertEqual(farm.listed(), [])

    def a_check_is_due(self, farm):
        """Lets the time pass after which a machine is kept alive; if that fails, NixOps checks it."""
        farm.time_passes(400)

    def the_queue_runner_fails(self, farm):
        """The queue runner reports a failure of the only machine, so the next pass checks it."""
        failed = {"enabled": True, "currentJobs": 0, "lastFailure": int(time.time()) + 1}
        farm.queue(runnable=1, machines={f"root@{farm.listed()[0]}": failed})

    def lose_journal(self, farm):
        for path in farm.state.glob("t.sqlite*"):
            path.unlink()

    @contextlib.contextmanager
    def deployment_lock(self, farm):
        """Holds the lock of t-0's deployment, as another NixOps would."""
        with open(farm.home / ".nixops/locks" / farm.uuid("t-0"), "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def host_keys(self, farm):
        """Column 8 of the machines' lines, by address."""
        lines = [line.split() for line in farm.machines_file.read_text().splitlines()]
        return {line[0].removeprefix("root@"): line[7] for line in lines if len(line) == 8}

    def foreign_deployment(self, farm, name, tag):
        """Makes a deployment of another user, with a machine; returns its UUID."""
        network = farm.folder / "foreign.nix"
        network.write_text(of_target("virtualbox"))
        uuid = farm.nixops("create", network, "-d", name, NIXOPS_STANDIN_VERSION=ONE).out.strip()
        for words in (["set-args", "-d", uuid, "--argstr", "tag", tag], ["deploy", "-d", uuid, "--confirm"]):
            self.assertEnded(farm.nixops(*words, NIXOPS_STANDIN_VERSION=ONE), 0)
        return uuid

    def begin_and_kill_all(self, farm, command, at):
        """Begins a pass, and kills it and all that it started when the command has come to the point."""
        farm.cloud.set_faults({"command": command, "fault": "hang", "at": at})
        farm.begin_pass()
        log = farm.state / "logs/t-0.log"
        wait_for(lambda: log.exists() and "waiting for SSH" in log.read_text(), f"{command} has come to {at}")
        for pid in farm.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        farm.wait_until_ended()
        farm.cloud.set_faults()


class VersionsAndNetworks(FactsTest):
    """1-4."""

    def test_01_the_version_is_found_out_from_either_output(self):
        """1. 1.x says it on stderr and stores the expression, 2.x on stdout and takes --network."""
        for version in (*BOTH, "@version@"):
            with self.subTest(nixops=version):
                farm = self.farm_with_machine(version)
                others = [argv for argv in farm.calls() if argv != ["--version"]]
                self.assertEqual({"--network" in argv for argv in others}, {version != ONE})
                expression = str(farm.folder / "deployment.nix")
                self.assertEqual([expression in argv for argv in farm.calls("create")], [version == ONE])

    def test_01_what_is_no_nixops_is_not_used(self):
        """1. A program that does not tell its version is asked nothing else."""
        farm = self.farm()
        farm.before_nixops('if [ "$1" = --version ]; then echo frobnicate 1.7; exit 0; fi')
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, 'nixops --version says "frobnicate 1.7", which is no version of NixOps')
        self.assertEqual(farm.cloud.calls(), [])

    @with_both
    def test_02_each_type_has_a_network_of_its_own(self, version):
        """2. NixOps 2 evaluates it without arguments and wants network.storage: we wrap it to give both."""
        pools = {PLAIN: nixops_pool(), BENCHMARK: nixops_pool()}
        farm = self.farm(version, network=PER_TYPE, pools=pools)
        farm.queue(machineTypes={PLAIN: load(1), BENCHMARK: load(1)})
        self.assertEnded(farm.run_pass(), 0)
        pool_of = {name: machine["pool"] for name, machine in farm.machines().items()}
        kinds = {pool_of[name]: farm.instance(name)["type"] for name in ("t-0", "t-1")}
        self.assertEqual(kinds, {PLAIN: "small", BENCHMARK: "large"})

    def test_02_only_deploying_needs_nixpkgs(self):
        """2. Every command of NixOps 2 evaluates a network first; ours for the others needs no <nixpkgs>."""
        farm = self.farm_with_machine(TWO, pools={PLAIN: nixops_pool(gracePeriod=3600)})
        farm.environment["NIX_PATH"] = ""
        folder = self.by_hand(farm, "{ ... }: { network.storage.legacy = { }; }")
        self.assertEnded(farm.nixops("export", "--all", "--network", folder), 1, "'nixpkgs' was not found")
        farm.forget_calls()
        self.the_queue_runner_fails(farm)
        self.assertEnded(farm.run_pass(), 0)
        farm.queue()
        farm.configure(pools={PLAIN: nixops_pool()})
        self.passes_until_all_is_gone(farm)
        self.assertLessEqual({"export", "check", "ssh", "destroy", "delete"}, set(self.commands(farm)))
        self.assertEqual({call["exit"] for call in farm.cloud.calls("check", "ssh", "destroy", "delete")}, {0})

    def by_hand(self, farm, network):
        """Makes a folder with the network, as NixOps 2 wants it."""
        folder = farm.folder / "by-hand"
        folder.mkdir()
        (folder / "nixops.nix").write_text(network)
        return folder

    def test_03_a_network_for_nixops_1_works_with_2(self):
        """3. `{ type, tag, ... }:` alone fails with NixOps 2."""
        farm = self.farm_with_machine(TWO)
        ended = farm.nixops("create", "--network", self.by_hand(farm, EC2), "-d", "x")
        self.assertEnded(ended, 1, "called without required argument")

    @with_both
    def test_03_machines_of_a_broken_network_can_be_destroyed(self, version):
        """3. A broken network is reported, and its machines stay until they are not needed."""
        farm = self.farm_with_machine(version)
        farm.network("{ type, tag, ... }: {")
        self.assertEnded(farm.run_pass(), 1, f"{farm.folder}/deployment.nix:")
        self.assertEqual(len(farm.listed()), 1)
        self.idle(farm)
        wait_for(lambda: farm.run_pass().status is not None and not farm.deployments(), "it is gone")
        self.assertEqual(farm.cloud.alive(), {})
        self.assertEqual(farm.listed(), [])

    @with_both
    def test_04_the_search_path_is_given_in_both_ways(self, version):
        """4. NixOps 2 does not heed -I when it first evaluates a network, so NIX_PATH has it all, too."""
        farm = self.farm(version)
        conf = farm.folder / "conf"
        conf.mkdir()
        (conf / "network.nix").write_text(EC2.replace("${tag}", "${toString <hydra-provisioner/auto-shutdown.nix>}"))
        farm.network("args: import <conf/network.nix> args")
        entries = [f"conf={conf}", farm.environment["NIX_PATH"]]
        farm.environment["NIX_PATH"] = ""
        farm.configure(pools={PLAIN: nixops_pool(nixPath=entries)})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.listed()), 1)
        (deploy,) = farm.cloud.calls("deploy")
        given = [b for a, b in zip(deploy["argv"], deploy["argv"][1:]) if a == "-I"]
        self.assertEqual(given[:2], entries)
        self.assertRegex(given[2], "^hydra-provisioner=/")
        self.assertEqual(deploy["nix_path"].split(":"), given)


class Deployments(FactsTest):
    """5-6: which deployments there are."""

    @with_both
    def test_05_deployments_are_addressed_by_their_full_uuids(self, version):
        """5. Names are not unique: the deployment t-0 of another user is not touched."""
        farm = self.farm(version)
        other = self.foreign_deployment(farm, "t-0", tag="other")
        farm.forget_calls()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(sorted(farm.deployments().values()), ["t-0", "t-0"])
        self.a_check_is_due(farm)
        self.assertEnded(farm.run_pass(), 0)
        self.idle(farm)
        farm.passes_until(lambda: list(farm.deployments()) == [other], "ours is gone, and only ours")
        self.assertEqual([i["kind"] for i in farm.cloud.alive().values()], ["virtualbox"])
        named = [argv[argv.index("-d") + 1] for argv in farm.calls() if "-d" in argv and argv[0] != "create"]
        self.assertEqual({bool(UUID.fullmatch(name)) for name in named}, {True})
        self.assertNotIn(other, named)

    def test_05_a_tag_that_no_name_can_begin_with_is_refused(self):
        """5. The syntax of names is restricted: no digit at the front, no colon, no blank."""
        farm = self.farm()
        for tag in ("9lives", "a:b", "a b"):
            with self.subTest(tag=tag):
                farm.configure(tag=tag)
                self.assertEnded(farm.run_pass(), 78, "tag:")
        self.assertEqual(farm.cloud.calls(), [])

    @with_both
    def test_06_a_pass_exports_once(self, version):
        """6. One export answers all questions of a pass."""
        farm = self.farm(version)
        farm.queue(runnable=10)
        farm.passes_until(lambda: len(farm.listed()) == 2, "there are two machines")
        farm.forget_calls()
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(sorted(self.commands(farm)), ["export", "ssh", "ssh"])
        self.assertIn("--all", farm.calls("export")[0])

    @with_both
    def test_06_private_keys_stay_in_the_export(self, version):
        """6. The export contains private keys, but no log, message or file of ours does."""
        farm = self.farm(version, network=WITH_KEY_PAIR)
        farm.queue(runnable=1)
        farm.cloud.set_faults({"command": "deploy", "fault": "fail", "at": "after-ip", "times": 1})
        said = [farm.run_pass("-v")]
        farm.end_back_off()
        said.append(farm.run_pass("-v"))
        self.assertIn("PRIVATE KEY", farm.nixops("export", "--all", NIXOPS_STANDIN_VERSION=ONE).out)
        files = [path.read_bytes() for path in farm.state.rglob("*") if path.is_file()]
        self.assertTrue(files)
        told = b"".join(files) + "".join(ended.out + ended.err for ended in said).encode()
        self.assertNotIn(b"PRIVATE KEY", told)

    @with_both
    def test_06_a_deployment_that_export_leaves_out_is_not_taken_for_gone(self, version):
        """6. Deployments whose plugin is missing are left out silently, with exit status 0."""
        farm = self.farm_with_machine(version)
        (uuid,) = farm.deployments()
        farm.cloud.set_faults({"command": "export", "deployment": uuid, "fault": "skip"})
        farm.queue(runnable=10)
        self.assertEnded(farm.run_pass(), 1, f"nixops export leaves out our deployment {uuid}", "plugin")
        self.idle(farm)
        self.assertEnded(farm.run_pass(), 1)
        self.assertEqual((len(farm.listed()), len(farm.cloud.alive())), (1, 1))
        self.assertEqual(farm.calls("create", "destroy")[1:], [])
        farm.cloud.set_faults()
        self.passes_until_all_is_gone(farm)

    def test_06_a_foreign_deployment_that_export_leaves_out_does_not_matter(self):
        """6. A foreign deployment whose plugin is missing hinders nothing."""
        farm = self.farm()
        other = self.foreign_deployment(farm, "theirs", tag="other")
        farm.cloud.set_faults({"command": "export", "deployment": other, "fault": "skip"})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.listed()), 1)


class Interrupted(FactsTest):
    """22, 30: what is interrupted, and what is left."""

    def check_one_machine(self, farm):
        """Checks that there is one deployment, one instance and one line."""
        wait_for(lambda: farm.run_pass().status in (0, 1) and farm.listed(), "there is a machine", farm.states)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(list(farm.deployments()), [farm.uuid("t-0")])
        self.assertEqual([i["ip"] for i in farm.cloud.alive().values()], farm.listed())

    @with_both
    def test_22_creations_interrupted_anywhere_are_carried_on(self, version):
        """22. A deployment that has no name or no arguments yet is found again."""
        points = [("create", "after-insert"), ("create", "after-name"), ("set-args", "before"), ("deploy", "after-run")]
        for command, at in points:
            with self.subTest(killed=f"{command} {at}"):
                farm = self.farm(version)
                farm.queue(runnable=1)
                self.begin_and_kill_all(farm, command, at)
                self.assertEqual(len(farm.deployments()), 1)
                self.check_one_machine(farm)

    def test_22_a_create_that_dies_leaves_nothing_behind(self):
        """22. NixOps writes the row of a deployment before its name."""
        for at in ("after-insert", "after-name"):
            with self.subTest(dies=at):
                farm = self.farm()
                farm.queue(runnable=1)
                farm.cloud.set_faults({"command": "create", "fault": "die", "at": at, "times": 1})
                self.assertEnded(farm.run_pass(), 1, "t-0: create failed: nixops create was ended by signal 9")
                farm.end_back_off()
                farm.passes_until(lambda: len(farm.listed()) == 1, "there is a machine")
                self.assertEqual(list(farm.deployments().values()), list(farm.states()))
                self.assertEqual(len(farm.deployments()), 1)

    @with_both
    def test_30_other_resources_go_with_the_machine(self, version):
        """30. A deployment is deleted when none of its resources, such as a key pair, is left."""
        farm = self.farm_with_machine(version, network=WITH_KEY_PAIR)
        self.assertEqual(farm.attributes("t-0", "default")["state"], "3")
        self.passes_until_all_is_gone(farm)
        self.assertEqual(farm.in_state_file("select * from Resources"), [])

    @with_both
    def test_30_a_deployment_may_have_no_machine(self, version):
        """30. The deploy made the key pair only; or the network names another machine."""
        other = 'other.deployment = { targetEnv = "ec2"; ec2.region = "us-east-1"; };'
        farm = self.farm(version, network=f"{{ ... }}: {{ {other} }}")
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "t-0: create failed: nixops deploy exited with 0, but")
        self.assertEqual(farm.listed(), [])
        farm.network(WITH_KEY_PAIR)
        farm.end_back_off()
        farm.passes_until(lambda: len(farm.listed()) == 1, "there is a machine")
        self.assertEqual(farm.listed(), [farm.instance(next(iter(farm.states())))["ip"]])
        self.passes_until_all_is_gone(farm)


class Machines(FactsTest):
    """7-8, 10-11: which machines there are."""

    @with_both
    def test_07_records_that_outlive_a_machine_are_not_believed(self, version):
        """7. Address, start time and host key stay when vmId and state are gone."""
        farm = self.farm_with_machine(version)
        instance = farm.instance("t-0")
        farm.cloud.terminate(instance["id"])
        farm.nixops("check", "-d", farm.uuid("t-0"), NIXOPS_STANDIN_VERSION=ONE)
        left = farm.attributes("t-0")
        self.assertEqual(left["publicIpv4"], instance["ip"])
        self.assertLessEqual({"startTime", "ec2.publicHostKey"}, set(left))
        self.assertFalse({"vmId", "state"} & set(left))
        self.assertEnded(farm.run_pass(), 0, "t-0: destroy: vanished", "t-0: gone")
        self.assertNotIn(instance["ip"], farm.machines_file.read_text())
        farm.passes_until(lambda: farm.states() == {"t-1": "ready"}, "it is replaced")

    def test_07_a_vanished_machine_is_not_taken_over_for_a_lost_journal(self):
        """7. A machine that is taken over is there only if NixOps says so."""
        farm = self.farm_with_machine()
        instance = farm.instance("t-0")
        farm.cloud.terminate(instance["id"])
        farm.nixops("check", "-d", farm.uuid("t-0"))
        self.lose_journal(farm)
        farm.machines_file.unlink()
        self.assertEqual(farm.run_pass().status, 0)
        self.assertNotIn(instance["ip"], farm.machines_file.read_text())
        farm.passes_until(lambda: len(farm.listed()) == 1, "it is replaced")
        self.assertEqual([i["ip"] for i in farm.cloud.alive().values()], farm.listed())

    @with_both
    def test_07_a_host_without_a_state_is_not_used(self, version):
        """7. For `none`, an absent state means unknown; the address is recorded from the beginning."""
        farm = self.farm_with_machine(version, network=EXISTING_HOST)
        farm.in_state_file("delete from ResourceAttrs where name = 'state'")
        self.assertEqual(farm.attributes("t-0")["targetHost"], HOST)
        idle = {"enabled": False, "currentJobs": 0, "idleSince": 1}
        farm.queue(machines={f"root@{HOST}": idle})
        self.assertEnded(farm.run_pass(), 0, "t-0: failed: its provider says that it is incomplete")
        self.assertEqual(farm.listed(), [])
        farm.queue(runnable=1, machines={f"root@{HOST}": idle})
        farm.passes_until(lambda: farm.listed() == [HOST], "another deployment has it")
        self.assertEqual(list(farm.deployments()), [farm.uuid("t-1")])

    @with_both
    def test_08_an_interrupted_creation_is_destroyed(self, version):
        """8. destroy finds the instance by its token, though NixOps recorded neither vmId nor address."""
        for at in ("after-token", "after-run"):
            with self.subTest(dies=at):
                farm = self.farm(version)
                farm.queue(runnable=1)
                farm.cloud.set_faults({"command": "deploy", "fault": "die", "at": at, "times": 1})
                self.assertEnded(farm.run_pass(), 1, "t-0: create failed: nixops deploy was ended by signal 9")
                uuid = farm.uuid("t-0")
                self.assertEqual(farm.attributes("t-0")["state"], "2")
                farm.end_back_off()
                farm.passes_until(lambda: farm.states() == {"t-1": "ready"}, "it is replaced")
                self.assertEqual(list(farm.deployments()), [farm.uuid("t-1")])
                self.assertEqual([i["ip"] for i in farm.cloud.alive().values()], farm.listed())
                self.assertNotIn(uuid, [word for argv in farm.calls("ssh") for word in argv])

    @with_both
    def test_10_what_a_check_changes_is_seen_at_once(self, version):
        """10. A check may find that the address has changed."""
        farm = self.farm_with_machine(version)
        farm.cloud.set_ip(farm.attributes("t-0")["vmId"], "198.51.100.200")
        self.the_queue_runner_fails(farm)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.listed(), ["198.51.100.200"])

    @with_both
    def test_11_a_vanished_machine_is_not_deployed_anew(self, version):
        """11. deploy says that the machine went away. It is destroyed and deleted, and another is created."""
        farm = self.farm_with_machine(version)
        farm.cloud.terminate(farm.attributes("t-0")["vmId"])
        farm.network(EC2.replace("c5.4xlarge", "c5.9xlarge"))
        self.assertEnded(farm.run_pass(), 1, "t-0: redeploy failed", "went away")
        self.assertEqual(farm.listed(), [])
        farm.end_back_off()
        wait_for(lambda: farm.run_pass().status is not None and self.is_replaced(farm), "it is replaced", farm.states)
        self.assertEqual([i["ip"] for i in farm.cloud.alive().values()], farm.listed())
        self.assertEqual(len(farm.cloud.instances()), 2)

    def is_replaced(self, farm):
        farm.end_back_off()
        return farm.states() == {"t-1": "ready"}


class Checks(FactsTest):
    """9: what `check` says, and when it is asked."""

    def vanish(self, farm, name="t-0"):
        farm.cloud.terminate(farm.attributes(name)["vmId"])
        self.a_check_is_due(farm)

    def check_replacement(self, farm):
        """The pass of the check unlists the machine, the next removes it, and then another takes its place."""
        self.assertEnded(farm.run_pass(), 0, "t-0: vanished")
        self.assertEqual(farm.listed(), [])
        self.assertEnded(farm.run_pass(), 0, "t-0: gone")
        farm.passes_until(lambda: farm.states() == {"t-1": "ready"}, "it is replaced")
        self.assertEqual(list(farm.deployments()), [farm.uuid("t-1")])
        self.assertEqual(len(farm.cloud.alive()), 1)

    @with_both
    def test_09_exists_not_available_with_status_0_means_vanished(self, version):
        """9. check says nothing else about a terminated EC2 instance."""
        farm = self.farm_with_machine(version)
        self.vanish(farm)
        farm.forget_calls()
        self.check_replacement(farm)
        self.assertEqual([check["exit"] for check in farm.cloud.calls("check")], [0])

    def test_09_exists_no_means_vanished(self):
        """9. check says that for GCE, and NixOps keeps the vmId."""
        farm = self.farm_with_machine(network=of_target("gce"))
        self.vanish(farm)
        farm.forget_calls()
        self.check_replacement(farm)
        self.assertEqual([check["exit"] & 1 for check in farm.cloud.calls("check")], [1])

    @with_both
    def test_09_status_1_without_a_table_means_nothing(self, version):
        """9. Then NixOps itself has failed, and the machine stays listed."""
        farm = self.farm_with_machine(version)
        farm.cloud.set_faults({"command": "check", "fault": "fail", "message": "no such luck", "times": 1})
        self.the_queue_runner_fails(farm)
        self.assertEnded(farm.run_pass(), 1, "t-0: check failed: nixops check exited with 1: no such luck")
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEqual(len(farm.listed()), 1)

    def test_09_status_2_and_4_mean_down_whatever_the_state(self):
        """9. NixOps keeps state 3 for a host that does not answer."""
        for network, where in ((EXISTING_HOST, HOST), (EC2, None)):
            with self.subTest(where=where):
                farm = self.farm_with_machine(network=network)
                address = farm.listed()[0]
                farm.cloud.make_unreachable(address)
                self.a_check_is_due(farm)
                farm.forget_calls()
                self.assertEnded(farm.run_pass(), 0, "t-0: it did not answer when it was checked")
                self.assertEqual(farm.cloud.calls("check")[0]["exit"], 2 if where else 4)
                self.assertEqual(farm.attributes("t-0")["state"], "3" if where else "6")
                self.assertEqual(farm.listed(), [])
                farm.cloud.make_reachable(address)
                farm.time_passes(60)
                farm.passes_until(lambda: farm.listed() == [address], "it is listed again")
                self.assertEqual(farm.states(), {"t-0": "ready"})

    def test_09_a_machine_with_failed_units_stays_listed(self):
        """9. check ends with status 16, though the machine is up."""
        farm = self.farm_with_machine()
        farm.cloud.set_host(farm.listed()[0], units=["nginx.service [failed]"])
        self.the_queue_runner_fails(farm)
        farm.forget_calls()
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.cloud.calls("check")[0]["exit"], 16)
        self.assertEqual(len(farm.listed()), 1)

    def test_09_the_queue_runners_failures_cause_a_check(self):
        """9. The check comes at once, and only once. Otherwise a failed keep-alive causes it."""
        farm = self.farm_with_machine()
        address = farm.listed()[0]
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.calls("check"), [])
        farm.time_passes(10)
        failed = {"enabled": True, "currentJobs": 0, "lastFailure": int(time.time()) - 1}
        farm.queue(runnable=1, machines={f"root@{address}": failed})
        self.assertEnded(farm.run_pass(), 0)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.calls("check")), 1)
        farm.queue(runnable=1)
        farm.time_passes(400)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.calls("check")), 1)


class Goodbyes(FactsTest):
    """12-13: machines that go."""

    @with_both
    def test_12_nothing_waits_for_an_answer(self, version):
        """12. destroy and stop ask without --confirm; at the end of their input they do nothing, and succeed."""
        farm = self.farm(version, pools={PLAIN: nixops_pool(stopOnIdle=True)})
        heard = farm.folder / "heard"
        farm.before_nixops(f'if read -r line; then echo "$1 $line" >> {heard}; fi')
        farm.queue(runnable=1)
        self.assertEnded(self.pass_that_is_told_yes(farm), 0)
        uuid = farm.uuid("t-0")
        self.idle(farm)
        wait_for(lambda: self.pass_that_is_told_yes(farm).status == 0 and self.is_stopped(farm), "it is stopped")
        self.assertEqual([instance["state"] for instance in farm.cloud.alive().values()], ["stopped"])
        farm.configure(pools={PLAIN: nixops_pool(maxMachines=0)})
        self.assertEnded(self.pass_that_is_told_yes(farm), 0, "t-0: gone")
        self.assertEqual((farm.deployments(), farm.cloud.alive()), ({}, {}))
        self.assertFalse(heard.exists())
        asking = [[word for word in argv if word != "--network"] for argv in farm.calls("stop", "destroy")]
        self.assertEqual([(argv[0], argv[-3:]) for argv in asking], [(a, ["-d", uuid, "--confirm"]) for a in ASKING])

    def pass_that_is_told_yes(self, farm):
        return farm.run_command(["sh", "-c", 'yes | "$@"', "sh", *farm.command(farm.conf)])

    def is_stopped(self, farm):
        return farm.states() == {"t-0": "stopped"}

    @with_both
    def test_13_only_an_empty_deployment_is_deleted(self, version):
        """13. A deployment with resources is not forgotten, even if destroy succeeded."""
        farm = self.farm_with_machine(version, network=WITH_KEY_PAIR)
        farm.before_nixops('[ "$1" = destroy ] && exit 0')
        self.idle(farm)
        wait_for(lambda: farm.run_pass().status == 1, "the destruction fails")
        farm.end_back_off()
        said = "t-0: destroy failed: nixops destroy exited with 0, but left behind: default, machine"
        self.assertEnded(farm.run_pass(), 1, said)
        self.assertEqual((len(farm.deployments()), len(farm.cloud.alive())), (1, 1))
        self.assertEqual(farm.calls("delete"), [])
        self.assertEqual(farm.states(), {"t-0": "destroying"})
        farm.before_nixops('[ "$1" = delete ] && exit 0')
        farm.end_back_off()
        self.assertEnded(farm.run_pass(), 1, "t-0: destroy failed: nixops delete exited with 0, but there is still")
        self.assertEqual(farm.states(), {"t-0": "destroying"})
        farm.before_nixops("")
        farm.end_back_off()
        self.assertEnded(farm.run_pass(), 0, "t-0: gone")
        self.assertEqual((farm.deployments(), farm.cloud.alive()), ({}, {}))


class Deadlines(FactsTest):
    """14-15: what would take for ever, and what would stay behind."""

    @with_both
    def test_14_a_deploy_that_waits_for_ssh_is_ended(self, version):
        """14. deploy would wait for ever, while the instance costs money."""
        farm = self.farm(version, pools={PLAIN: nixops_pool(bootTimeout=3)})
        farm.cloud.set_faults({"command": "deploy", "fault": "hang", "at": "after-ip", "times": 1})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "t-0: create failed: ", "within 3 s")
        farm.wait_until_ended()
        self.assertEqual(farm.listed(), [])
        farm.configure(pools={PLAIN: nixops_pool()})
        farm.end_back_off()
        farm.passes_until(lambda: len(farm.listed()) == 1, "there is a machine")
        self.passes_until_all_is_gone(farm)

    @with_both
    def test_14_a_request_that_nixops_repeats_for_ever_is_given_up(self, version):
        """14. NixOps 2 repeats a request when EC2 has no capacity. Other types go on meanwhile."""
        farm = self.farm(version, pools={PLAIN: nixops_pool(), BENCHMARK: nixops_pool()})
        farm.cloud.set_faults({"command": "deploy", "deployment": "t-0", "fault": "capacity"})
        farm.queue(machineTypes={PLAIN: load(1), BENCHMARK: load(1)})
        self.assertEnded(farm.run_pass(), 1, "t-0: create failed: no capacity: EC2 says InsufficientInstanceCapacity")
        farm.wait_until_ended()
        self.assertEqual(farm.listed(), [farm.instance("t-1")["ip"]])
        self.assertEnded(farm.run_pass(), 0, "t-0: gone")
        self.assertEqual(farm.states(), {"t-1": "ready"})
        self.assertIn("back-off of 30 s", farm.run("plan", farm.conf).out)

    def test_14_a_deploy_that_waits_for_a_held_lock_is_ended(self):
        """14. deploy would wait for the lock for ever."""
        farm = self.farm_with_machine()
        farm.network(EC2.replace("c5.4xlarge", "c5.9xlarge"))
        farm.configure(pools={PLAIN: nixops_pool(bootTimeout=2)})
        with self.deployment_lock(farm):
            self.assertEnded(farm.run_pass(), 1, "t-0: redeploy failed: ", "within 2 s")
        farm.wait_until_ended()

    @with_both
    def test_15_a_call_leaves_no_process_and_no_file(self, version):
        """15. NixOps leaves ssh masters in sessions of their own for ten minutes, and keys in TMPDIR."""
        farm = self.farm(version)
        farm.cloud.set_faults({"command": ["deploy", "ssh"], "fault": "ssh-master"})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        masters = (Path(farm.cloud.folder) / "ssh-masters").read_text().split()
        self.assertTrue(masters)
        wait_for(lambda: not farm.cloud.ssh_masters(), "the ssh masters have ended", farm.cloud.ssh_masters)
        farm.wait_until_ended()
        folders = [call["tmpdir"] for call in farm.cloud.calls() if call["argv"] != ["--version"]]
        self.assertEqual(len(set(folders)), len(folders))
        self.assertEqual([folder for folder in folders if os.path.exists(folder)], [])

    @with_both
    def test_15_a_call_that_is_ended_leaves_no_process_and_no_file(self, version):
        """15. A message of deploy is why it is ended. Its folder has the mode 700."""
        farm = self.farm(version)
        modes = farm.folder / "modes"
        farm.before_nixops(f'[ "$1" = --version ] || stat -c %a "$TMPDIR" >> {modes}')
        error = "got (possibly transient) EC2 error '{'Code': 'InsufficientInstanceCapacity', 'Message': 'none'}'\n"
        at = {"command": "deploy", "at": "mid-activation"}
        farm.cloud.set_faults(
            {"command": "deploy", "fault": "ssh-master"}, at | {"fault": "says", "text": error}, at | {"fault": "hang"}
        )
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "InsufficientInstanceCapacity (none); NixOps was ended")
        self.assertTrue((Path(farm.cloud.folder) / "ssh-masters").read_text())
        wait_for(lambda: not farm.cloud.ssh_masters(), "the ssh masters have ended", farm.cloud.ssh_masters)
        farm.wait_until_ended()
        self.assertFalse(os.path.exists(farm.cloud.calls("deploy")[0]["tmpdir"]))
        self.assertEqual(set(modes.read_text().split()), {"700"})

    def test_15_the_next_pass_clears_away_what_a_killed_pass_left(self):
        """15. The pass, its job and NixOps were killed together."""
        farm = self.farm()
        farm.queue(runnable=1)
        self.begin_and_kill_all(farm, "deploy", "mid-activation")
        folder = farm.cloud.calls("deploy")[0]["tmpdir"]
        self.assertTrue(list(Path(folder).glob("nixops-tmp*")))
        farm.run_pass()
        self.assertFalse(os.path.exists(folder))


class Together(FactsTest):
    """16-17: several calls at a time."""

    def test_16_machines_are_deployed_at_the_same_time(self):
        """16. Each deploy waits until the other has begun."""
        farm = self.farm()
        begun = f"{farm.folder}/begun"
        farm.before_nixops(
            f'if [ "$1" = deploy ]; then : > {begun}.$$; until [ $(ls {begun}.* | wc -l) = 2 ]; do sleep 0.05; done; fi'
        )
        farm.queue(runnable=10)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready", "t-1": "ready"})

    @with_both
    def test_16_only_one_call_makes_the_state_file(self, version):
        """16. Two calls that make the state file at the same time break it. Two provisioners begin at once."""
        farm = self.farm(version)
        farm.cloud.set_faults({"command": ["export", "create"], "fault": "slow-schema", "seconds": 0.2})
        farm.queue(runnable=10)
        other = farm.folder / "other.nix"
        mine, others = str(farm.machines_file), str(farm.folder / "others")
        other.write_text(farm.conf.read_text().replace('"tag" = "t"', '"tag" = "u"').replace(mine, others))
        running = [farm.begin_pass(), farm.spawn(farm.command(other), farm.folder / "other.log")]
        self.assertEqual([child.wait(60) for child in running], [0, 0], (farm.folder / "other.log").read_text())
        self.assertEqual(sorted(farm.deployments().values()), ["t-0", "t-1", "u-0", "u-1"])

    @with_both
    def test_17_only_deploying_and_destroying_wait_for_the_lock(self, version):
        """17. The lock is in the home folder, even if the state file is elsewhere."""
        farm = self.farm(version)
        farm.environment["NIXOPS_STATE"] = str(farm.folder / "elsewhere.nixops")
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.a_check_is_due(farm)
        farm.forget_calls()
        with self.deployment_lock(farm):
            self.assertEnded(farm.run_pass(), 0)
            self.assertEqual([call["exit"] for call in farm.cloud.calls("check", "ssh")], [0])
            self.idle(farm)
            self.assertEnded(farm.run_pass(), 0, "t-0: draining")
            running = farm.begin_pass()
            wait_for(lambda: "waiting for exclusive deployment lock" in farm.log("t-0"), "destroy waits")
            self.assertIsNone(running.poll())
            self.assertEqual(len(farm.cloud.alive()), 1)
        self.assertEqual(running.wait(60), 0)
        self.assertEqual((farm.deployments(), farm.cloud.alive()), ({}, {}))


class Deploys(FactsTest):
    """18-19: deploys that fail."""

    @with_both
    def test_18_the_last_line_of_a_traceback_is_told(self, version):
        """18. The log has the whole traceback."""
        farm = self.farm(version)
        farm.cloud.set_faults({"command": "deploy", "fault": "fail", "message": "no such luck"})
        farm.queue(runnable=1)
        ended = farm.run_pass()
        where = f"full output: {farm.state}/logs/t-0.log"
        self.assertEnded(ended, 1, f"t-0: create failed: nixops deploy exited with 1: no such luck; {where}\n")
        self.assertNotIn("Traceback", ended.err)
        self.assertIn("Traceback", farm.log("t-0"))

    @with_both
    def test_19_a_machine_is_listed_when_its_deploy_has_succeeded(self, version):
        """19. NixOps records state 3 even if the activation fails. The machine stays, and is deployed again."""
        farm = self.farm(version)
        farm.cloud.set_faults({"command": "deploy", "fault": "activation-fails", "times": 1})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "t-0: create failed: nixops deploy exited with 1: unable to activate")
        self.assertEqual(farm.attributes("t-0")["state"], "3")
        self.assertNotIn("toplevel", farm.attributes("t-0"))
        self.assertEqual(farm.listed(), [])
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual((len(farm.calls("deploy")), farm.listed()), (1, []))
        farm.time_passes(31)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready")
        self.assertEqual(farm.listed(), [instance["ip"] for instance in farm.cloud.instances().values()])

    @with_both
    def test_19_a_machine_stays_listed_when_a_later_deploy_fails(self, version):
        """19. A check says whether the machine works as before."""
        farm = self.farm_with_machine(version)
        address = farm.listed()
        farm.network(EC2 + "# changed")
        farm.cloud.set_faults({"command": "deploy", "fault": "die", "at": "mid-activation", "times": 1})
        self.assertEnded(farm.run_pass(), 1, "t-0: redeploy failed: nixops deploy was ended by signal 9")
        self.assertEqual((farm.attributes("t-0")["state"], farm.listed()), ("3", address))
        farm.time_passes(31)
        self.assertEnded(farm.run_pass(), 0, "t-0: redeployed")
        self.assertEqual(farm.listed(), address)


class Redeploys(FactsTest):
    """20-21: deploys that are needed, and those that are not."""

    @with_both
    def test_20_no_instance_is_stopped_for_another_type(self, version):
        """20. `--allow-reboot` would stop it, and a spot instance would be lost."""
        farm = self.farm_with_machine(version)
        before = farm.instance("t-0")
        farm.network(EC2.replace("c5.4xlarge", "c5.9xlarge"))
        self.assertEnded(farm.run_pass(), 0, "t-0: redeploy: its specification has changed")
        self.assertEqual(farm.instance("t-0"), before)
        self.assertEqual(farm.listed(), [before["ip"]])

    @with_both
    def test_21_a_machine_is_deployed_only_when_its_specification_changes(self, version):
        """21. A changed specification is deployed once, and the machine stays listed meanwhile."""
        farm = self.farm(version, network="args: import ./imported.nix args")
        imported = farm.folder / "imported.nix"
        imported.write_text(EC2)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        address = farm.listed()
        for _ in range(2):
            imported.touch()
            self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.calls("deploy")), 1)
        imported.write_text(EC2 + "# changed")
        farm.before_nixops(f'[ "$1" = deploy ] && cp {farm.machines_file} {farm.folder}/meanwhile')
        for _ in range(2):
            self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.calls("deploy")), 2)
        self.assertEqual((farm.folder / "meanwhile").read_text(), farm.machines_file.read_text())
        self.assertEqual(farm.listed(), address)

    @with_both
    def test_21_a_machine_is_deployed_once_for_a_lost_journal(self, version):
        """21. Without the journal it is not known whether the last deploy succeeded."""
        farm = self.farm_with_machine(version)
        address = farm.listed()
        self.lose_journal(farm)
        for _ in range(3):
            self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.calls("deploy")), 2)
        self.assertEqual(farm.listed(), address)

    @with_both
    def test_21_the_search_path_and_the_expression_belong_to_the_specification(self, version):
        """21. NixOps has stored the old ones, so `modify` tells it the new ones first."""
        farm = self.farm_with_machine(version)
        entry = f"conf={farm.folder}"
        farm.configure(pools={PLAIN: nixops_pool(nixPath=[entry])})
        farm.forget_calls()
        self.assertEnded(farm.run_pass(), 0, "t-0: redeploy")
        self.assertEqual([argv[-2:] for argv in farm.calls("modify")], [["-I", entry]])
        self.assertEqual(len(farm.calls("deploy")), 1)
        (farm.folder / "other.nix").write_text(EC2)
        farm.configure(pools={PLAIN: nixops_pool(nixopsExpr=Expression("./other.nix"), nixPath=[entry])})
        farm.forget_calls()
        self.assertEnded(farm.run_pass(), 0, "t-0: redeploy")
        self.assertEqual(len(farm.calls("modify")), 1 if version == ONE else 0)
        self.assertEqual(len(farm.calls("deploy")), 1)


class Published(FactsTest):
    """23-26: the machines file."""

    @with_both
    def test_23_column_8_is_the_key_without_its_comment(self, version):
        """23. The column is in base 64."""
        farm = self.farm_with_machine(version)
        key = farm.attributes("t-0")["ec2.publicHostKey"]
        self.assertTrue(key.split()[2].startswith("root@ip-"), key)
        self.assertEqual(list(self.host_keys(farm).values()), [base64_of(" ".join(key.split()[:2]))])

    @with_both
    def test_23_a_temporary_key_is_not_published(self, version):
        """23. Others may have seen the key in the user data. The machine waits for a deploy, which replaces the key."""
        farm = self.farm(version)
        farm.cloud.set_faults({"command": "deploy", "fault": "die", "at": "after-ssh", "times": 1})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "t-0: create failed")
        machine = farm.attributes("t-0")
        self.assertEqual((machine["state"], machine["ec2.publicHostKey"].split(" ", 2)[2]), ("3", TEMPORARY))
        self.assertEqual(farm.listed(), [])
        farm.time_passes(60)
        farm.passes_until(lambda: len(farm.listed()) == 1, "it is replaced")
        self.assertFalse(farm.attributes("t-0")["ec2.publicHostKey"].endswith(TEMPORARY))
        change = "update ResourceAttrs set value = ? where name = 'ec2.publicHostKey'"
        farm.in_state_file(change, machine["ec2.publicHostKey"])
        farm.cloud.set_faults({"command": "deploy", "fault": "fail", "times": 1})
        self.assertEnded(farm.run_pass(), 1, "t-0: redeploy failed")
        self.assertEqual(farm.listed(), [])

    def test_24_machines_are_listed_under_the_address_that_nixops_uses(self):
        """24. That is the private address only if NixOps was told so, and an existing host's name."""
        farm = self.farm()
        networks = {target: of_target(target) for target in ADDRESSES}
        networks["ec2"] = of_target("ec2", "deployment.ec2.usePrivateIpAddress = true;")
        networks["none"] = EXISTING_HOST
        pools = {}
        for target, network in networks.items():
            (farm.folder / f"{target}.nix").write_text(network)
            pools[f"{PLAIN}:{target}"] = nixops_pool(nixopsExpr=Expression(f"./{target}.nix"), minMachines=1)
        farm.configure(pools=pools)
        farm.queue()
        self.assertEnded(farm.run_pass(), 0)
        keys = self.host_keys(farm)
        for name, machine in farm.machines().items():
            target = machine["pool"].partition(":")[2]
            address, key = ADDRESSES[target]
            with self.subTest(target=target):
                expected = farm.attributes(name)
                line = " ".join(expected[key].split()[:2]) if key else ""
                self.assertEqual(keys.pop(expected[address], None), base64_of(line) if key else "-")
        self.assertEqual(keys, {})

    @with_both
    def test_25_machines_in_use_are_kept_alive_every_five_minutes(self, version):
        """25. Draining machines are kept alive, too. No word has a blank, because the remote shell splits them."""
        farm = self.farm_with_machine(version)
        (id,) = farm.cloud.alive()
        self.assertEnded(farm.run_pass(), 0)
        farm.queue(machines={f"root@{farm.listed()[0]}": {"enabled": False, "currentJobs": 1}})
        before = farm.cloud.keep_alive_touches(id)
        for n in range(1, 4):
            farm.time_passes(300)
            self.assertEnded(farm.run_pass(), 0)
            self.assertEnded(farm.run_pass(), 0)
            self.assertEqual(farm.cloud.keep_alive_touches(id), before + n)
        self.assertEqual(farm.states(), {"t-0": "draining"})
        words = ["-d", farm.uuid("t-0"), "machine", "touch", "/run/keep-alive"]
        self.assertEqual([argv[-5:] for argv in farm.calls("ssh")], [words] * len(farm.calls("ssh")))

    @with_both
    def test_25_a_failing_touch_is_a_reason_to_check(self, version):
        """25. The check tells at once whether the machine can be used. If it can, the failure is reported."""
        farm = self.farm_with_machine(version)
        address = farm.listed()
        farm.cloud.set_faults({"command": "ssh", "fault": "fail", "message": "ssh: no luck", "times": 1})
        self.assertEnded(farm.run_pass(), 1, "t-0: keep-alive failed: nixops ssh exited with 1: ssh")
        self.assertEqual(farm.listed(), address)
        self.a_check_is_due(farm)
        farm.cloud.make_unreachable(address[0])
        farm.environment["NIXOPS_STANDIN_WAITS"] = "1"
        farm.forget_calls()
        self.assertEnded(farm.run_pass(), 0, "t-0: it did not answer when it was checked: out of use")
        self.assertEqual(farm.listed(), [])
        self.assertEqual(farm.states(), {"t-0": "creating"})
        self.assertEqual(["exit" in call for call in farm.cloud.calls("ssh")], [False], "ended before its second try")

    def test_26_the_file_is_written_before_a_slow_deploy_and_after(self):
        """26. The file is replaced by renaming, and only when it changes."""
        farm = self.farm_with_machine()
        (first,) = farm.listed()
        before = farm.machines_file.stat()
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.machines_file.stat()[:7], before[:7])
        self.assertEqual(farm.machines_file.stat().st_mtime_ns, before.st_mtime_ns)
        farm.machines_file.unlink()
        farm.before_nixops(f'[ "$1" = deploy ] && cp {farm.machines_file} {farm.folder}/meanwhile')
        farm.queue(runnable=10)
        self.assertEnded(farm.run_pass(), 0)
        meanwhile = (farm.folder / "meanwhile").read_text()
        self.assertIn(f"root@{first} ", meanwhile)
        self.assertEqual(len(farm.listed()), 2)
        with farm.machines_file.open() as old:
            self.idle(farm)
            self.assertEnded(farm.run_pass(), 0)
            self.assertEqual(farm.listed(), [])
            self.assertEqual(old.read().count("\nroot@198.51.100."), 2)

    @with_both
    def test_26_a_machine_is_drained_before_it_is_destroyed(self, version):
        """26. A step may have begun on it since the status was written."""
        farm = self.farm_with_machine(version)
        (address,) = farm.listed()
        farm.before_nixops(f'[ "$1" = destroy ] && cp {farm.machines_file} {farm.folder}/meanwhile')
        farm.queue(machines={f"root@{address}": {"enabled": True, "currentJobs": 0, "idleSince": 1}})
        self.assertEnded(farm.run_pass(), 0, "t-0: draining")
        farm.queue(machines={f"root@{address}": {"enabled": False, "currentJobs": 1}})
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual((farm.listed(), farm.calls("destroy")), ([], []))
        self.passes_until_all_is_gone(farm)
        self.assertNotIn(address, (farm.folder / "meanwhile").read_text())


class FaultsOfTheOriginal(FactsTest):
    """27: what the original program did wrong."""

    def test_27_the_grace_period_is_not_inverted(self):
        """27. A busy surplus machine leaves the file at once without a grace period, and stays with one."""
        farm = self.farm_with_machine(pools={PLAIN: nixops_pool(gracePeriod=3600)})
        (address,) = farm.listed()
        farm.queue(machines={f"root@{address}": {"enabled": True, "currentJobs": 1}})
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.listed(), [address])
        farm.configure(pools={PLAIN: nixops_pool(gracePeriod=0)})
        self.assertEnded(farm.run_pass(), 0, "t-0: draining: surplus, busy: 1 job, grace 0 s")
        self.assertEqual(farm.listed(), [])

    def test_27_machines_expire_after_the_queue_runner_was_down(self):
        """27. Their idleness counts from half an hour after the queue runner's start."""
        farm = self.farm_with_machine(pools={PLAIN: nixops_pool(gracePeriod=60)})
        (address,) = farm.listed()
        farm.queue_says('{"status": "down"}')
        self.assertEnded(farm.run_pass(), 69)
        self.assertEqual(farm.listed(), [address])
        idle = {f"root@{address}": {"enabled": True, "currentJobs": 0, "idleSince": 0}}
        farm.queue(machines=idle, uptime=100)
        farm.time_passes(200)  # the machine was there before the queue runner
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.listed(), [address])
        farm.queue(machines=idle, uptime=1900)
        self.assertEnded(farm.run_pass(), 0, "t-0: draining: surplus, idle")
        self.passes_until_all_is_gone(farm)

    @with_both
    def test_27_stop_on_idle_stops_and_starts_again(self, version):
        """27. Without a terminal the original never stopped anything."""
        farm = self.farm_with_machine(version, pools={PLAIN: nixops_pool(stopOnIdle=True)})
        (address,) = farm.listed()
        self.idle(farm)
        farm.passes_until(lambda: farm.states() == {"t-0": "stopped"}, "it is stopped")
        self.assertEqual([i["state"] for i in farm.cloud.instances().values()], ["stopped"])
        self.assertEqual((farm.listed(), farm.calls("destroy")), ([], []))
        farm.forget_calls()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: start: stopped; warm store", "t-0: ready")
        self.assertEqual([i["state"] for i in farm.cloud.instances().values()], ["running"])
        self.assertEqual([argv[0] for argv in farm.calls("start", "deploy", "create")], ["start", "deploy"])
        self.assertEqual(farm.listed(), [address])

    @with_both
    def test_27_a_machine_that_cannot_stop_is_destroyed(self, version):
        """27. NixOps refuses to stop spot instances."""
        farm = self.farm_with_machine(version, pools={PLAIN: nixops_pool(stopOnIdle=True)})
        farm.cloud.set_faults({"command": "stop", "fault": "refuses-to-stop"})
        self.idle(farm)
        self.assertEnded(farm.run_pass(), 0, "t-0: draining")
        self.assertEnded(farm.run_pass(), 1, "t-0: stop failed: ", "stop")
        self.passes_until_all_is_gone(farm)

    def test_27_a_vanished_machine_is_deleted_with_stop_on_idle_too(self):
        """27. The original kept such deployments for ever."""
        farm = self.farm_with_machine(pools={PLAIN: nixops_pool(stopOnIdle=True)})
        farm.cloud.terminate(farm.attributes("t-0")["vmId"])
        self.a_check_is_due(farm)
        self.assertEnded(farm.run_pass(), 0, "t-0: vanished")
        farm.queue()
        self.assertEnded(farm.run_pass(), 0, "t-0: gone")
        self.assertEqual((farm.deployments(), farm.calls("stop")), ({}, []))

    def test_27_a_type_may_be_removed_while_its_machine_builds(self):
        """27. The original then wrote no machines file any more."""
        farm = self.farm(pools={PLAIN: nixops_pool(), BENCHMARK: nixops_pool()})
        farm.queue(machineTypes={PLAIN: load(1), BENCHMARK: load(1)})
        self.assertEnded(farm.run_pass(), 0)
        of_pool = {machine["pool"]: machine["address"] for machine in farm.machines().values()}
        farm.configure(pools={PLAIN: nixops_pool()})
        busy = {"enabled": True, "currentJobs": 1}
        farm.queue(runnable=1, machines={f"root@{of_pool[BENCHMARK]}": busy})
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.listed(), [of_pool[PLAIN]])
        self.assertEqual(len(farm.cloud.alive()), 2)
        idle = {"enabled": False, "currentJobs": 0, "idleSince": 1}
        farm.queue(runnable=1, machines={f"root@{of_pool[BENCHMARK]}": idle})
        farm.passes_until(lambda: len(farm.deployments()) == 1, "it is gone")
        self.assertEqual([i["ip"] for i in farm.cloud.alive().values()], [of_pool[PLAIN]])

    def test_27_one_failure_stops_nothing_else_and_shows_in_the_exit_status(self):
        """27. The original gave up its other creations and destructions, with exit status 0."""
        farm = self.farm()
        farm.cloud.set_faults({"command": "deploy", "deployment": "t-0", "fault": "die", "at": "after-run"})
        farm.queue(runnable=10)
        self.assertEnded(farm.run_pass(), 1, "t-0: create failed")
        self.assertEqual(farm.listed(), [farm.instance("t-1")["ip"]])
        farm.cloud.set_faults()
        farm.passes_until(lambda: farm.states() == {"t-1": "ready", "t-2": "ready"}, "t-0 is replaced")
        farm.cloud.set_faults({"command": "destroy", "deployment": farm.uuid("t-1"), "fault": "fail"})
        self.idle(farm)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEnded(farm.run_pass(), 1, "t-1: destroy failed: ", "t-2: gone")
        self.assertEqual(list(farm.deployments()), [farm.uuid("t-1")])
        farm.cloud.set_faults()
        self.passes_until_all_is_gone(farm)


class TheQueueRunnerAndMoney(FactsTest):
    """28-29, 31."""

    @with_both
    def test_28_machines_are_kept_while_the_queue_runner_is_down(self, version):
        """28. Only vanished machines are removed, and new ones are made up to minMachines."""
        farm = self.farm_with_machine(version)
        address = farm.listed()
        for status in ("", '{"status": "down"}'):
            farm.queue_says(status)
            self.assertEnded(farm.run_pass(), 69)
            self.assertEqual((farm.states(), farm.listed()), ({"t-0": "ready"}, address))
        farm.cloud.terminate(farm.attributes("t-0")["vmId"])
        self.a_check_is_due(farm)
        self.assertEnded(farm.run_pass(), 69, "t-0: vanished")
        self.assertEqual(farm.listed(), [])
        self.assertEnded(farm.run_pass(), 69, "t-0: gone")
        self.assertEqual(farm.deployments(), {})
        farm.configure(pools={PLAIN: nixops_pool(minMachines=1)})
        self.assertEnded(farm.run_pass(), 69, "t-1: ready")
        self.assertEqual(farm.states(), {"t-1": "ready"})

    def test_29_ec2_machines_count_as_paid_by_the_hour(self):
        """29. A machine is listed while half an hour is paid, and exists while ten minutes are."""
        farm = self.farm_with_machine(pools={PLAIN: pool_without_billing_period()})
        (address,) = farm.listed()
        entry = {"enabled": False, "currentJobs": 0, "idleSince": 1}
        farm.queue(machines={f"root@{address}": entry})
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.listed(), [address])
        farm.move_launch("t-0", 2400)
        self.assertEnded(farm.run_pass(), 0, "t-0: draining: surplus, 1")
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual((farm.listed(), len(farm.cloud.alive())), ([], 1))
        farm.move_launch("t-0", 3200)
        self.assertEnded(farm.run_pass(), 0, "t-0: gone")
        self.assertEqual(farm.cloud.alive(), {})

    def test_29_other_machines_do_not_count_as_paid_by_the_hour(self):
        """29. EC2 machines with billingPeriod = 0, as in most tests here, do not either."""
        farm = self.farm_with_machine(network=of_target("gce"), pools={PLAIN: pool_without_billing_period()})
        self.passes_until_all_is_gone(farm)
        farm = self.farm_with_machine()
        self.passes_until_all_is_gone(farm)

    @with_both
    def test_29_the_module_that_powers_off_can_be_imported(self, version):
        """29. <hydra-provisioner/auto-shutdown.nix> is the last guard against costs."""
        farm = self.farm_with_machine(version)
        (deploy,) = farm.calls("deploy")
        entry = next(word for word in deploy if word.startswith("hydra-provisioner="))
        module = "builtins.functionArgs (import <hydra-provisioner/auto-shutdown.nix>)"
        ended = farm.run_command(["nix-instantiate", "--eval", "--strict", "--json", "-I", entry, "-E", module])
        self.assertEnded(ended, 0)
        self.assertLessEqual({"config", "lib"}, set(json.loads(ended.out)))
        farm.network(EC2.replace("auto-shutdown.nix", "no-such-module.nix"))
        self.assertEnded(farm.run_pass(), 1, "t-0: redeploy failed: ", "no-such-module.nix")

    @with_both
    def test_31_credentials_in_the_environment_reach_nixops(self, version):
        """31. No file and no message of ours contains them."""
        secrets = {"EC2_ACCESS_KEY": "AKIAOFTHISTEST", "EC2_SECRET_KEY": "secret-of-this-test"}
        farm = self.farm(version)
        farm.environment |= secrets
        heard = Path(farm.cloud.folder) / "heard"
        farm.before_nixops(f'echo "$EC2_ACCESS_KEY $EC2_SECRET_KEY $HOME" >> {heard}')
        farm.queue(runnable=1)
        said = [farm.run_pass("-v")]
        self.assertEqual(farm.attributes("t-0")["ec2.accessKeyId"], secrets["EC2_ACCESS_KEY"])
        self.idle(farm)
        said += [farm.run_pass("-v"), farm.run_pass("-v")]
        self.assertEqual(farm.deployments(), {})
        self.assertEqual(set(heard.read_text().splitlines()), {" ".join([*secrets.values(), str(farm.home)])})
        files = [path for path in farm.folder.rglob("*") if path.is_file() and path != heard]
        told = b"".join(path.read_bytes() for path in files) + "".join(e.out + e.err for e in said).encode()
        self.assertNotIn(secrets["EC2_SECRET_KEY"].encode(), told)
