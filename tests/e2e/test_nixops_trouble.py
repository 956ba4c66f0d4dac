"""NixOps that hangs or would go on for ever beside one that does not; full disks; how often NixOps is called."""

from support.daemon_farm import DaemonFarm
from support.farm import PLAIN, fill
from support.nixops_crashes import NETWORK, Interrupted, is_running, uuid_of
from support.nixops_farm import ONE, TWO, NixopsFarm, nixops_pool
from support.waiting import wait_for

BENCHMARK = f"{PLAIN}:benchmark"


class NixopsDaemonFarm(NixopsFarm, DaemonFarm):
    """Machines of NixOps, with a queue that changes."""


class BesideAnother(Interrupted):
    """Machines of two types, of which t-0 has the trouble."""

    def farm_of_two_types(self, version, **settings):
        pools = {PLAIN: nixops_pool(maxMachines=1, **settings), BENCHMARK: nixops_pool(maxMachines=1)}
        farm = self.farm(version, pools=pools)
        types = {name: {"runnable": 1, "running": 0} for name in pools}
        farm.queue(runnable=2, machineTypes=types)
        return farm

    def go_on_with_both(self, farm):
        farm.cloud.set_faults()
        self.go_on_until(farm, lambda: len(farm.listed()) == 2, "both machines are listed")
        self.assertEqual(set(farm.states().values()), {"ready"})
        self.assertEqual(sorted(i["ip"] for i in farm.cloud.alive().values()), sorted(farm.listed()))
        self.assertEqual(farm.folders(), sorted(farm.states()))
        self.check_that_nothing_goes_on(farm)


class ADeployThatHangs(BesideAnother):
    def test_before_there_is_an_instance(self):
        self.hang("after-token")

    def test_with_an_ssh_connection_that_stays_open(self):
        self.hang("mid-activation")

    def hang(self, at):
        farm = self.farm_of_two_types(self.version, bootTimeout=15)
        hangs = {"fault": "hang", "at": at, "deployment": "t-0"}
        running, _ = self.begin_pass_and_deploy(farm, hangs, {"fault": "ssh-master"})
        wait_for(lambda: farm.machines_file.exists() and farm.listed(), "the other machine is listed")
        (hung,) = [call["pid"] for call in farm.cloud.calls("deploy") if uuid_of(call["argv"]) == farm.uuid("t-0")]
        self.assertTrue(is_running(hung))
        self.assertIsNone(running.poll())
        self.assertEqual(farm.listed(), [farm.instance("t-1")["ip"]])
        self.assertEqual(running.wait(60), 1)
        said = (farm.folder / "pass.log").read_text()
        what = "(nixops deploy did not finish within 12 s|not finished within 15 s)"
        self.assertRegex(said, rf"t-0: create failed: {what}.*; full output: {farm.state}/logs/t-0.log")
        wait_for(lambda: not farm.cloud.ssh_masters(), "the ssh masters have ended", farm.cloud.ssh_masters)
        self.check_that_nothing_goes_on(farm)
        self.go_on_with_both(farm)
        self.assertIn("t-1", farm.states())


class ADeployThatHangs2(ADeployThatHangs):
    version = TWO


class NoCapacity(BesideAnother):
    def test_with_nixops_1(self):
        self.lack(ONE, "InsufficientInstanceCapacity")

    def test_with_nixops_2(self):
        self.lack(TWO, "InsufficientInstanceCapacity")

    def test_of_spot_instances(self):
        self.lack(TWO, "MaxSpotInstanceCountExceeded")

    def lack(self, version, code):
        """NixOps 2 repeats its request for ever, so it must be ended."""
        farm = self.farm_of_two_types(version)
        farm.cloud.set_faults({"command": "deploy", "fault": "capacity", "code": code, "deployment": "t-0"})
        refused = rf"t-0: create failed: .*capacity.* {code}.*; full output: {farm.state}/logs/t-0.log"
        ended = farm.run_pass()
        self.assertEnded(ended, 1, "t-1: ready after")
        self.assertRegex(ended.err, refused)
        self.assertEqual(farm.listed(), [farm.instance("t-1")["ip"]])
        self.check_that_nothing_goes_on(farm)
        self.assertEnded(farm.run_pass(), 0, "t-0: gone")
        self.assertEqual(list(farm.deployments()), [farm.uuid("t-1")])
        self.assertIn("back-off of 30 s", farm.run("plan", farm.conf).out)
        self.assertEqual(len(farm.calls("deploy")), 2)
        farm.time_passes(60)
        self.go_on_with_both(farm)


class AFullDisk(Interrupted):
    def test_a_full_disk_of_the_logs_stops_nothing(self):
        farm = self.farm(pools={PLAIN: nixops_pool(maxMachines=1)})
        farm.mount(farm.state / "logs", "size=64k,mode=700")
        fill(farm.state / "logs/filling")
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        self.check_that_there_is_one_machine(farm)
        farm.network(NETWORK + "# changed\n")
        self.assertEnded(farm.run_pass(), 0, "t-0: redeploy")
        self.check_that_there_is_one_machine(farm)
        farm.queue()
        farm.passes_until(lambda: not farm.machines(), "the machine is gone")
        self.check_that_nothing_is_left(farm)


class Calls(Interrupted):
    def test_are_as_few_for_many_machines_as_for_some(self):
        pools = {PLAIN: nixops_pool(maxMachines=12, runnablesPerMachine=1)}
        few, many = self.farm(pools=pools), self.farm(pools=pools)
        self.assertEqual(self.calls_of_a_pass_over(few, 3), self.calls_of_a_pass_over(many, 12))

    def test_of_a_single_pass_are_two_at_most(self):
        """The original needed as many."""
        farm = self.farm(pools={PLAIN: nixops_pool(maxMachines=1)})
        self.assertEqual(self.calls_of_a_pass_over(farm, 1), [["export", "--all"]])
        farm.forget_calls()
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.calls(), [["export", "--all"]])

    def test_of_a_daemon_with_idle_machines_are_those_that_keep_them_alive(self):
        """A call of the real program takes half a second of processor time: 20 machines take 4 calls a minute."""
        farm = NixopsDaemonFarm(pools={PLAIN: nixops_pool(minMachines=4, maxMachines=4)})
        self.addCleanup(farm.end)
        daemon = farm.begin_daemon()
        farm.wait_for_machines(4)
        wait_for(lambda: len(farm.calls("ssh")) == 4, "all were told that they are needed", farm.said)
        farm.wait_for_passes(4)  # until NixOps' state file is old enough
        farm.forget_calls()
        farm.wait_for_passes(6)
        self.assertEqual(farm.cloud.calls(), [], farm.said())
        daemon.terminate()
        self.assertEqual(daemon.wait(60), 0, farm.said())

    def calls_of_a_pass_over(self, farm, machines):
        """The calls of a pass that only keeps the machines alive, without those that do it."""
        farm.queue(runnable=machines)
        farm.passes_until(lambda: len(farm.listed()) == machines, "all machines are listed")
        farm.time_passes(300)
        farm.forget_calls()
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.calls("ssh")), machines)
        return [argv for argv in farm.calls() if argv[0] != "ssh"]
