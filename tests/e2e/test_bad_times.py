"""Clocks that were set: what the journal holds is then of the future, or of long ago."""

import time

from support.farm import PLAIN
from support.farm_test import FarmTest

DAY = 86400


class AClockThatJumps(FarmTest):
    def shift(self, farm, seconds):
        times = ("since", "requested_at", "launched_at", "ready_at", "listed_at", "first_listed_at", "unlisted_at")
        farm.journal(f"update machines set {', '.join(f'{t} = {t} + {seconds}' for t in times)}")
        farm.journal(f"update deliveries set time = time + {seconds}")

    def test_back_proves_nothing(self):
        """Whether the queue runner ever saw the machine cannot be told from times that make no sense."""
        farm = self.farm_with_machine()
        self.shift(farm, DAY)
        farm.queue(runnable=0)
        for _ in range(3):
            self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.folders(), ["t-0"])

    def test_back_does_not_keep_a_machine_for_ever(self):
        farm = self.farm_with_machine()
        self.shift(farm, DAY)
        entry = {"enabled": False, "currentJobs": 0, "idleSince": 1}
        farm.queue(machines={f"root@{farm.listed()[0]}": entry})
        farm.passes_until(lambda: not farm.folders(), "the machine is gone")

    def test_forward_gives_up_no_machine_that_builds(self):
        farm = self.farm_with_machine()
        self.shift(farm, -DAY)
        entry = {"enabled": True, "currentJobs": 1}
        farm.queue(machines={f"root@{farm.listed()[0]}": entry})
        for _ in range(3):
            self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "draining"})

    def test_back_does_not_hold_up_creations_for_longer_than_a_back_off(self):
        farm = self.farm()
        self.assertEnded(farm.run_pass(), 0)
        row = (PLAIN, 1, int(time.time()) + DAY)
        farm.journal("insert or replace into creations (pool, failed_passes, last_failed_pass) values (?, ?, ?)", *row)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: create: ")
