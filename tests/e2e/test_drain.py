"""Machines that are not needed any more leave the machines file, and nothing that builds is disturbed."""

import os
import signal

from support.farm import PLAIN, job, pool
from support.farm_test import FarmTest


class ABusySurplusMachine(FarmTest):
    def start_building(self, **settings):
        """While the step runs none is runnable, and no machine is needed for any other."""
        farm = self.farm(pools={PLAIN: pool(**settings)}, settle=1)
        farm.start_queue_runner([job("long", seconds=5)])
        farm.passes_until(lambda: self.is_running(farm), "the step runs")
        return farm

    def is_running(self, farm):
        return farm.steps()["long"]["state"] == "running"

    def test_is_drained_at_once_and_destroyed_only_after_its_build_survived(self):
        farm = self.start_building(gracePeriod=0)
        farm.passes_until(lambda: farm.states() == {"t-0": "draining"}, "the machine is drained")
        self.assertEqual(farm.listed(), [])
        while self.is_running(farm):
            self.assertEqual(farm.states(), {"t-0": "draining"})
            self.assertEnded(farm.run_pass(), 0)
        step = farm.steps()["long"]
        self.assertTrue(step["ok"], step)
        self.assertEqual(step["tries"], 1, step)
        farm.passes_until(lambda: not farm.folders(), "the machine is gone")

    def test_with_a_grace_period_stays_listed(self):
        farm = self.start_building(gracePeriod=3600)
        while self.is_running(farm):
            self.assertEnded(farm.run_pass(), 0)
            self.assertEqual(len(farm.listed()), 1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})


class ABusyMachineThatHangs(FarmTest):
    """Its listener and its builds are stopped, not dead, as those of a virtual machine that its host has lost."""

    def minutes_pass(self, farm):
        farm.journal("update machines set ready_at = ready_at - 130, checked_at = checked_at - 130")
        farm.journal("update machines set unanswered_since = unanswered_since - 130")
        self.assertEnded(farm.run_pass(), 0)

    def test_is_reported_and_stays_in_use_until_it_answers_again(self):
        farm = self.farm_with_machine()
        address = farm.listed()[0]
        farm.queue(runnable=1, machines={f"root@{address}": {"enabled": True, "currentJobs": 1, "idleSince": 0}})
        os.kill(farm.sshd("t-0"), signal.SIGSTOP)
        self.minutes_pass(farm)
        self.assertNotIn("does not answer", farm.run("plan", farm.conf).out)
        self.minutes_pass(farm)
        hangs = r"t-0 does not answer for \d+ (s|min), busy: 1 job; if it hangs: hydra-provisioner destroy --force t-0"
        self.assertRegex(farm.run("plan", farm.conf).out, hangs)
        self.assertEnded(farm.run_pass(), 0)
        self.assertRegex(farm.run("explain", PLAIN).out, hangs)
        self.assertEqual(farm.listed(), [address])
        os.kill(farm.sshd("t-0"), signal.SIGCONT)
        self.minutes_pass(farm)
        self.assertNotIn("does not answer", farm.run("plan", farm.conf).out)


class AnIdleSurplusMachine(FarmTest):
    def setUp(self):
        super().setUp()
        self.idle = self.farm_with_machine(pools={PLAIN: pool(gracePeriod=3600)})
        self.address = self.idle.listed()[0]

    def drain(self):
        """The queue runner says that it is busy, so that it is not destroyed just yet."""
        self.idle.configure(pools={PLAIN: pool(gracePeriod=0)})
        self.idle.queue(machines={f"root@{self.address}": {"enabled": False, "currentJobs": 1}})
        self.assertEnded(self.idle.run_pass(), 0, "t-0: draining: surplus, busy: 1 job, grace 0 s")
        self.assertEqual(self.idle.listed(), [])

    def test_stays_listed_for_its_grace_period_and_then_leaves(self):
        self.idle.queue(runnable=0)
        self.assertEnded(self.idle.run_pass("-v"), 0, "surplus, idle", "< grace 3600 s")
        self.assertEqual(self.idle.listed(), [self.address])
        self.idle.configure(pools={PLAIN: pool(gracePeriod=1)})
        # The queue runner has been up for long, and knows nothing of a job.
        self.idle.passes_until(lambda: self.idle.listed() == [], "the machine is drained")
        self.idle.passes_until(lambda: self.idle.folders() == [], "the machine is gone")

    def test_is_put_back_into_the_file_when_work_returns(self):
        self.drain()
        self.idle.queue(runnable=1)
        self.assertEnded(self.idle.run_pass(), 0, "t-0: back in use: needed again")
        self.assertEqual(self.idle.states(), {"t-0": "ready"})
        self.assertEqual(self.idle.listed(), [self.address])

    def test_waits_until_the_queue_runner_has_read_the_file_without_it(self):
        self.idle.configure(pools={PLAIN: pool(gracePeriod=0)})
        self.idle.queue(machines={f"root@{self.address}": {"enabled": True, "currentJobs": 0, "idleSince": 1}})
        for _ in range(3):
            self.assertEnded(self.idle.run_pass(), 0)
        self.assertEqual(self.idle.states(), {"t-0": "draining"})
        self.assertIn("has not read the machines file without it yet", self.idle.run("plan", self.idle.conf).out)
