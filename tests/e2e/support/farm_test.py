"""The base of all end-to-end tests."""

import signal
import unittest

from support.farm import PLAIN, Farm, pool


class FarmTest(unittest.TestCase):
    seconds_max = 100  # of one test, after which it cleans up and fails

    def setUp(self):
        signal.signal(signal.SIGALRM, too_late)
        signal.alarm(self.seconds_max)
        self.addCleanup(signal.alarm, 0)

    def farm(self, **options):
        farm = Farm(**options)
        self.addCleanup(farm.end)
        return farm

    def farm_with_machine(self, **options):
        """Its machine t-0 is ready, listed, and needed."""
        farm = self.farm(**options)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        return farm

    def farm_with_some_of_everything(self):
        """A machine that is needed, another to come, a third that may not, and steps that fit nowhere."""
        farm = self.farm_with_machine()
        farm.configure(pools={PLAIN: pool(ignoredRunnables=1), f"{PLAIN}:benchmark": pool()})
        types = {PLAIN: {"runnable": 12, "running": 1}, "x86_64-linux:kvm": {"runnable": 3, "running": 0}}
        entry = {"enabled": True, "currentJobs": 1, "idleSince": 0}
        farm.queue(machines={f"root@{farm.listed()[0]}": entry}, machineTypes=types)
        return farm

    def assertEnded(self, ended, status, *messages):
        """The exit status, and what is said about it."""
        self.assertEqual(ended.status, status, ended)
        for message in messages:
            self.assertIn(message, ended.err, ended)


class UnharmedFarmTest(FarmTest):
    """All tests of a class have one farm with one machine, and none of them may do the machine any harm."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Farm()
        cls.addClassCleanup(cls.shared.end)
        cls.shared.queue(runnable=1)
        cls.shared.run_pass()
        cls.address = cls.shared.listed()
        cls.options = cls.shared.options.copy()

    def setUp(self):
        super().setUp()
        self.check_the_machine()
        self.addCleanup(self.check_the_machine)

    def check_the_machine(self):
        """It still is in use, it can be reached, and nothing was begun with it."""
        self.shared.configure(**self.options)
        self.shared.queue(runnable=1)
        self.assertEnded(self.shared.run_pass(), 0)
        self.assertEqual(self.shared.states(), {"t-0": "ready"})
        self.check_that_it_is_listed()
        self.assertTrue(self.shared.is_listening("t-0"))
        self.assertEqual(self.shared.log("t-0").count(" begins"), 1)

    def check_that_it_is_listed(self):
        self.assertEqual(self.shared.listed(), self.address)


def too_late(_signal, _frame):
    raise TimeoutError("the test takes too long")
