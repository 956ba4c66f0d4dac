"""The base of all end-to-end tests."""

import signal
import unittest

from farm import Farm


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
        """One that has built: t-0 is ready, listed, and needed."""
        farm = self.farm(**options)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        return farm

    def assertEnded(self, ended, status, *messages):
        """The exit status, and what is said about it."""
        self.assertEqual(ended.status, status, ended)
        for message in messages:
            self.assertIn(message, ended.err, ended)


def too_late(_signal, _frame):
    raise TimeoutError("the test takes too long")
