"""Two passes at once, and two provisioners on one host."""

from support.farm import PLAIN, pool
from support.farm_test import FarmTest
from support.waiting import wait_for


class TwoPasses(FarmTest):
    def test_the_second_says_that_another_is_at_work_and_does_nothing(self):
        farm = self.farm(pools={PLAIN: pool(local={"bootSeconds": 2})})
        farm.queue(runnable=1)
        first = farm.begin_pass()
        wait_for(farm.folders, "the first pass creates a machine")
        self.assertEnded(farm.run_pass(), 75, "another pass of tag t is at work", "t.lock", "nothing was done")
        self.assertIsNone(first.poll())
        self.assertEqual(first.wait(60), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEqual(farm.log("t-0").count("create begins"), 1)

    def test_of_many_at_the_same_moment_one_works(self):
        farm = self.farm(pools={PLAIN: pool(local={"bootSeconds": 2})})
        farm.queue(runnable=1)
        passes = [farm.begin_pass() for _ in range(4)]
        self.assertEqual(sorted(running.wait(60) for running in passes), [0, 75, 75, 75])
        self.assertEqual(farm.states(), {"t-0": "ready"})

    def test_reading_verbs_are_answered_while_a_pass_works(self):
        farm = self.farm(pools={PLAIN: pool(local={"bootSeconds": 2})})
        farm.queue(runnable=1)
        running = farm.begin_pass()
        wait_for(farm.folders, "the pass creates a machine")
        self.assertEqual(farm.states(), {"t-0": "creating"})
        self.assertEnded(farm.run("plan", farm.conf), 0)
        self.assertIsNone(running.poll())
        self.assertEqual(running.wait(60), 0)


class TwoTags(FarmTest):
    def use_both(self, one, other):
        """Each gets a machine, sees only its own, and gives up only its own."""
        for farm in (one, other):
            farm.queue(runnable=1)
            self.assertEnded(farm.run_pass(), 0)
        self.assertEqual((one.states(), other.states()), ({"t-0": "ready"}, {"u-0": "ready"}))
        addresses = one.listed() + other.listed()
        self.assertEqual(len(set(addresses)), 2, addresses)
        one.queue(runnable=0)
        one.passes_until(lambda: one.machines() == {}, "the first has no machine")
        self.assertEnded(other.run_pass(), 0)
        self.assertEqual(other.states(), {"u-0": "ready"})
        self.assertTrue(other.is_listening("u-0") or one.is_listening("u-0"))

    def test_share_a_state_directory(self):
        one = self.farm()
        self.use_both(one, self.farm(tag="u", state=one.state))

    def test_are_shown_together(self):
        one = self.farm_with_machine()
        other = self.farm(tag="u", state=one.state)
        for farm in (other, one):  # what a machine costs is counted from one pass to the next
            self.assertEnded(farm.run_pass(), 0)
        shown = one.run("status", "--all", one.conf).out
        self.assertRegex(shown, r"(?m)^ +t +\S.* ago +- +- +1 ready")
        self.assertRegex(shown, r"(?m)^ +u +\S.* ago +- +- +none")
        self.assertRegex(one.run("cost", "--all").out, rf"(?m)^t/{PLAIN} .*\nsum ")
        self.assertEnded(one.run("cost", "--all", "--tag", "t"), 64, "--all and --tag exclude each other")

    def test_have_a_state_directory_each(self):
        self.use_both(self.farm(), self.farm(tag="u"))

    def test_do_not_overwrite_each_others_machines_file(self):
        one = self.farm_with_machine()
        before = one.machines_file.read_text()
        other = self.farm(tag="other", machinesFile=one.machines_file)
        other.queue(runnable=1)
        ended = other.run_pass()
        self.assertEnded(ended, 1, 'belongs to the provisioner with tag "t", and this one has tag "other"')
        self.assertEqual(one.machines_file.read_text(), before)
        self.assertEqual(list(one.folder.glob(".machines*")), [])
