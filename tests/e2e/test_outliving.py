"""What goes on when a pass or a machine ends before its time."""

import os
import signal
import time

from support.farm import PLAIN, pool
from support.farm_test import FarmTest
from support.waiting import wait_for

SLOW = {PLAIN: pool(local={"bootSeconds": 3})}


class APassThatEndsWhileAMachineBoots(FarmTest):
    def end_by(self, number):
        """Ends the pass that creates t-0; the farm, and the pass's exit status."""
        farm = self.farm(pools=SLOW)
        farm.queue(runnable=1)
        running = farm.begin_pass()
        wait_for((farm.state / "local/t-0/nix.conf").exists, "the machine boots")
        began = time.monotonic()
        running.send_signal(number)
        status = running.wait(60)
        self.assertLess(time.monotonic() - began, 3)
        self.check_that_only_the_job_is_left(farm)
        return farm, status

    def check_that_only_the_job_is_left(self, farm):
        left = lambda: list(farm.processes().values())  # the job runs other programs, one after another
        wait_for(lambda: [" run-job t t-0" in words for words in left()] == [True], "only the job is left", left)
        self.assertEqual(farm.states(), {"t-0": "creating"})
        self.assertEqual(farm.listed(), [])

    def check_that_the_next_pass_takes_it_up(self, farm):
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEqual(len(farm.listed()), 1)
        self.assertEqual(farm.log("t-0").count("create begins"), 1)

    def test_by_sigterm(self):
        farm, status = self.end_by(signal.SIGTERM)
        self.assertEqual(status, 0)
        self.assertIn("stopped by a signal; running operations go on", (farm.folder / "pass.log").read_text())
        self.check_that_the_next_pass_takes_it_up(farm)

    def test_by_sigint(self):
        farm, status = self.end_by(signal.SIGINT)
        self.assertEqual(status, 0)
        self.check_that_the_next_pass_takes_it_up(farm)

    def test_by_sigkill(self):
        farm, status = self.end_by(signal.SIGKILL)
        self.assertEqual(status, -signal.SIGKILL)
        self.check_that_the_next_pass_takes_it_up(farm)

    def test_by_its_own_timeout(self):
        farm = self.farm(pools=SLOW, passTimeout=1)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: create still under way; the next pass goes on")
        self.check_that_only_the_job_is_left(farm)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "the machine is ready")
        self.assertEqual(len(farm.listed()), 1)
        self.assertEqual(farm.log("t-0").count("create begins"), 1)

    def test_and_what_hangs_ends_with_it(self):
        farm = self.farm(statusCommand=["sh", "-c", "sleep 1000 & echo begun; wait"])
        running = farm.begin_pass()
        wait_for(lambda: "sleep 1000 " in "".join(f"{w} " for w in farm.processes().values()), "the command runs")
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(60), 0)
        farm.wait_until_ended()


class AMachineThatVanishes(FarmTest):
    def test_is_unlisted_at_once_and_replaced_under_a_new_id(self):
        farm = self.farm_with_machine()
        self.end_sshd(farm, "t-0")
        self.assertEnded(farm.run_pass(), 0, "t-0: destroy: vanished", "t-0: gone")
        farm.passes_until(lambda: farm.states() == {"t-1": "ready"}, "another machine is ready")
        self.assertEqual(farm.listed(), [farm.machines()["t-1"]["address"]])
        self.assertEqual(farm.folders(), ["t-1"])

    def test_is_unlisted_even_when_the_status_is_not_trusted(self):
        farm = self.farm_with_machine()
        farm.queue_says("")
        self.end_sshd(farm, "t-0")
        self.assertEnded(farm.run_pass(), 69)
        self.assertEqual(farm.listed(), [])

    def test_by_a_reboot_whose_process_ids_belong_to_others_now(self):
        farm = self.farm(pools={PLAIN: pool(runnablesPerMachine=1)})
        farm.queue(runnable=2)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready", "t-1": "ready"})
        stranger = farm.spawn(["sleep", "1000"], os.devnull)
        for machine in ("t-0", "t-1"):
            self.end_sshd(farm, machine)
            (farm.state / f"local/{machine}/sshd.pid").write_text(f"{stranger.pid}\n")
        farm.passes_until(lambda: farm.states() == {"t-2": "ready", "t-3": "ready"}, "both are replaced")
        self.assertIsNone(stranger.poll(), "a process that is not ours was ended")
        self.assertEqual(len(farm.listed()), 2)

    def end_sshd(self, farm, machine):
        os.kill(farm.sshd(machine), signal.SIGKILL)
        wait_for(lambda: not farm.is_listening(machine), "its sshd has ended")
