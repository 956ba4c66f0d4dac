"""NixOps, a job or a pass dies in the middle: still one machine is made, none is lost, and no secret stays."""

import contextlib
import json
import os
import signal

from support.farm import PLAIN
from support.nixops_crashes import Interrupted, is_running
from support.nixops_farm import ONE, TWO, nixops_pool
from support.waiting import wait_for


class NixopsDies(Interrupted):
    """NixOps dies so many times at one of its points, and the passes after that go on."""

    def dies(self, farm, command, at, times):
        farm.cloud.set_faults({"command": command, "fault": "die", "at": at, "times": times})

    def check_that_it_died(self, farm):
        self.assertEqual([fault["times"] for fault in farm.cloud.faults()], [0])

    def create_nonetheless(self, command, *points):
        for at in points:
            with self.subTest(command=command, at=at):
                farm = self.farm()
                farm.queue(runnable=1)
                self.dies(farm, command, at, times=2)
                died = f"t-0: create failed: nixops {command} was ended by signal 9"
                self.assertEnded(farm.run_pass(), 1, died, f"full output: {farm.state}/logs/t-0.log")
                farm.end_back_off()
                self.go_on_until(farm, farm.listed, "a machine is listed")
                self.check_that_it_died(farm)
                self.check_that_there_is_one_machine(farm)

    def farm_with_machine(self, **options):
        farm = super().farm_with_machine(**options)
        farm.queue()
        return farm

    def leave_nonetheless(self, at, times):
        farm = self.farm_with_machine()
        self.dies(farm, "destroy", at, times)
        self.go_on_until(farm, lambda: not farm.machines(), "the machine is gone")
        self.check_that_it_died(farm)
        self.check_that_nothing_is_left(farm)


class WhileItCreates(NixopsDies):
    def test_a_deployment_without_a_name(self):
        self.create_nonetheless("create", "after-insert")

    def test_a_deployment_without_arguments(self):
        self.create_nonetheless("create", "after-name")
        self.create_nonetheless("set-args", "before")

    def test_a_deployment_of_another_user_without_a_name_stays(self):
        farm = self.farm()
        foreign = farm.nixops("create", "deployment.nix").out.strip()
        farm.queue(runnable=1)
        self.dies(farm, "create", "after-insert", 2)
        self.go_on_until(farm, farm.listed, "a machine is listed")
        self.check_that_it_died(farm)
        self.assertEqual(len(farm.deployments()), 2)
        self.assertIsNone(farm.deployments()[foreign])


class WhileItCreates2(NixopsDies):
    version = TWO

    def test_a_deployment_without_a_name(self):
        self.create_nonetheless("create", "after-insert")

    def test_a_deployment_without_arguments(self):
        self.create_nonetheless("create", "after-name")
        self.create_nonetheless("set-args", "before")


class WhileItDeploys(NixopsDies):
    def test_before_there_is_an_instance(self):
        self.create_nonetheless("deploy", "locked", "after-token")

    def test_before_the_instance_is_known(self):
        self.create_nonetheless("deploy", "after-run")


class WhileItDeploys2(WhileItDeploys):
    version = TWO


class WhileItConfigures(NixopsDies):
    def test_before_the_host_key_is_a_secret(self):
        self.create_nonetheless("deploy", "after-ip", "after-ssh")

    def test_before_the_configuration_is_active(self):
        self.create_nonetheless("deploy", "mid-activation", "before-exit")


class WhileItConfigures2(WhileItConfigures):
    version = TWO


class WhileItDestroys(NixopsDies):
    def test_before_anything_is_destroyed(self):
        self.leave_nonetheless("locked", times=3)

    def test_once_the_instance_is_terminated(self):
        self.leave_nonetheless("mid", times=2)  # then there is none to terminate


class WhileItDestroys2(WhileItDestroys):
    version = TWO


class WhileItStopsOrStarts(NixopsDies):
    def test_with_nixops_1(self):
        self.stop_and_start(ONE)

    def test_with_nixops_2(self):
        self.stop_and_start(TWO)

    def stop_and_start(self, version):
        """The instance is really stopped. A machine that did not start is started again, or replaced."""
        farm = self.farm_with_machine(version=version, pools={PLAIN: nixops_pool(maxMachines=1, stopOnIdle=True)})
        self.dies(farm, "stop", "mid", 1)
        self.go_on_until(farm, lambda: farm.states() == {"t-0": "stopped"}, "the machine is stopped")
        self.check_that_it_died(farm)
        (instance,) = farm.cloud.alive().values()
        self.assertEqual(instance["state"], "stopped")
        self.dies(farm, "start", "mid", 1)
        farm.queue(runnable=1)
        self.go_on_until(farm, farm.listed, "a machine is listed")
        self.check_that_it_died(farm)
        self.check_that_there_is_one_machine(farm)


def kill_job(farm):
    (job,) = [pid for pid, words in farm.processes().items() if " run-job t t-0" in words]
    os.kill(job, signal.SIGKILL)


class JobKilledWhileItDeploys(Interrupted):
    """NixOps goes on for a while without its job. Nothing else begins before it has ended."""

    def test_before_there_is_an_instance(self):
        self.kill_and_go_on("after-token", lambda farm: "ec2.clientToken" in farm.attributes("t-0"))

    def test_before_the_instance_is_known(self):
        self.kill_and_go_on("after-run", lambda farm: farm.cloud.alive())

    def kill_and_go_on(self, at, is_there):
        farm = self.farm(passTimeout=1)
        farm.queue(runnable=1)
        slow = {"fault": "slow", "seconds": 3, "at": at}
        running, deploy = self.begin_pass_and_deploy(farm, slow, {"fault": "ssh-master"})
        wait_for(lambda: is_there(farm), "the deploy comes to the point")
        farm.cloud.set_faults()
        with self.cloud_held(farm):
            kill_job(farm)
            self.assertEqual(running.wait(60), 0)
            for _ in range(2):
                self.assertEnded(farm.run_pass(), 0, "t-0: create still under way; the next pass goes on")
                self.assertEqual(farm.states(), {"t-0": "creating"})
            self.assertTrue(is_running(deploy))
            self.assertEqual(len(farm.calls("deploy")), 1)
        wait_for(lambda: not is_running(deploy), "the deploy has ended")
        self.go_on_until(farm, farm.listed, "a machine is listed")
        self.check_that_there_is_one_machine(farm)

    def test_a_deploy_that_never_ends_is_ended(self):
        """A pass ends it some time after its job would have done that."""
        farm = self.farm(passTimeout=1)
        farm.queue(runnable=1)
        hangs = {"fault": "hang", "at": "after-run", "times": 1}
        running, deploy = self.begin_pass_and_deploy(farm, hangs, {"fault": "ssh-master"})
        wait_for(farm.cloud.alive, "the instance is there")
        kill_job(farm)
        self.assertEqual(running.wait(60), 0)
        self.assertEnded(farm.run_pass(), 0, "t-0: create still under way")
        self.assertTrue(is_running(deploy))
        (request,) = farm.state.glob("jobs/t-0.request.json")
        said = json.loads(request.read_text())
        request.write_text(json.dumps(said | {"begunAt": said["begunAt"] - said["deadlineSeconds"] - 100}))
        self.go_on_until(farm, farm.listed, "a machine is listed")
        self.assertFalse(is_running(deploy))
        self.check_that_there_is_one_machine(farm)

    @contextlib.contextmanager
    def cloud_held(self, farm):
        """Lets all calls wait that make or use an instance. Other calls go on, as there are no faults."""
        os.unlink(f"{farm.cloud.folder}/faults.json")
        with farm.cloud.lock():
            yield


class JobKilledWhileItDeploys2(JobKilledWhileItDeploys):
    version = TWO


class PassEndedWhileItDeploys(Interrupted):
    def test_by_sigterm(self):
        self.end_and_take_up(signal.SIGTERM, ONE)
        self.end_and_take_up(signal.SIGTERM, TWO)

    def test_by_sigint(self):
        self.end_and_take_up(signal.SIGINT, ONE)

    def test_by_sigkill(self):
        self.end_and_take_up(signal.SIGKILL, ONE)

    def end_and_take_up(self, number, version):
        farm = self.farm(version)
        farm.queue(runnable=1)
        running, deploy = self.begin_pass_and_deploy(farm, {"fault": "slow", "seconds": 2})
        running.send_signal(number)
        self.assertEqual(running.wait(60), -number if number == signal.SIGKILL else 0)
        self.assertTrue(is_running(deploy))
        self.assertEqual(farm.states(), {"t-0": "creating"})
        self.assertEqual(farm.listed(), [])
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        self.assertEqual(len(farm.calls("deploy")), 1)
        self.check_that_there_is_one_machine(farm)
