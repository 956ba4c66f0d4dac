"""The queue runner in Rust: machines connect to it by themselves, and are drained by their gates."""

import json
import os
import signal

from support.farm import PLAIN
from support.farm_test import FarmTest
from support.rust_farm import RustFarm, rust_pool, step
from support.waiting import wait_for


class RustTest(FarmTest):
    def farm(self, pools=None, **options):
        farm = RustFarm(**options)
        self.addCleanup(farm.end)
        farm.configure(pools=pools(farm.folder) if pools else {PLAIN: rust_pool(farm.folder)})
        return farm

    def assertNothingLost(self, farm):
        for name, outcomes in farm.outcomes().items():
            self.assertEqual(outcomes, ["done"], name)


def are_done(farm, number):
    return sum(outcomes == ["done"] for outcomes in farm.outcomes().values()) == number


class TheWholeWay(RustTest):
    def test_from_waiting_steps_to_no_machines(self):
        farm = self.farm()
        farm.say_steps([step(f"s{i}", seconds=0.5) for i in range(8)])
        farm.passes_until(lambda: farm.states() == {"t-0": "ready", "t-1": "ready"}, "both machines are ready")
        farm.passes_until(lambda: are_done(farm, 8), "all steps are done")
        farm.passes_until(lambda: farm.machines() == {}, "the machines are gone")
        self.assertNothingLost(farm)
        self.assertEqual(farm.joined(), {})

    def test_a_machine_gets_nothing_before_it_is_in_the_journal(self):
        farm = self.farm()
        farm.say_steps([step("a", seconds=1)])
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready")
        self.assertEqual(farm.journal("select count(*) from machines where first_listed_at is null"), [(0,)])


class Draining(RustTest):
    def test_a_busy_machine_ends_its_steps_before_it_goes(self):
        farm = self.farm()
        farm.say_steps([step("long", seconds=4)])
        farm.passes_until(lambda: farm.joined() and farm.joined()["t-0"]["jobs"], "it is busy")
        self.assertEnded(farm.run("destroy", "t-0", "--yes"), 0)
        self.assertEnded(farm.run_pass(), 0)
        self.assertIn("busy", farm.run("plan", farm.conf).out)
        farm.say_steps([step("long", seconds=4), step("later", seconds=0.1)])
        farm.passes_until(lambda: "t-0" not in farm.machines(), "it is gone")
        farm.passes_until(lambda: are_done(farm, 2), "another machine has done the other step")
        self.assertNothingLost(farm)

    def test_can_be_taken_back(self):
        farm = self.farm()
        farm.say_steps([step("long", seconds=3)])
        farm.passes_until(lambda: farm.joined() and farm.joined()["t-0"]["jobs"], "it is busy")
        self.assertEnded(farm.run("drain", "t-0"), 0)
        self.assertEnded(farm.run_pass(), 0)
        wait_for(lambda: farm.joined()["t-0"]["stats"]["buildDirFreePercent"] < 10, "its gate is closed")
        self.assertEnded(farm.run("undrain", "t-0"), 0)
        farm.say_steps([step("long", seconds=3), step("next")])
        farm.passes_until(lambda: are_done(farm, 2), "it goes on")
        self.assertEqual(list(farm.states()), ["t-0"])


class Demand(RustTest):
    def test_goes_by_the_features_of_derivations(self):
        def pools(folder):
            big = rust_pool(folder, supported="big-parallel", mandatory="big-parallel")
            return {PLAIN: rust_pool(folder), f"{PLAIN}:big-parallel": big}

        farm = self.farm(pools)
        farm.say_steps([step("plain"), step("big", features=["big-parallel"]), step("arm", system="aarch64-linux")])
        farm.passes_until(lambda: are_done(farm, 2), "both steps are done")
        self.assertNothingLost_but(farm, "arm")
        self.assertIn("aarch64-linux", farm.run("plan", farm.conf).out)

    def assertNothingLost_but(self, farm, waiting):
        self.assertEqual(farm.outcomes()[waiting], [])

    def test_is_not_made_by_steps_of_cancelled_builds(self):
        farm = self.farm()
        farm.say_steps([step("phantom", builds=[7])], cancelled=[7])
        self.assertEqual(len(farm.document("/status/queues")["queues"][PLAIN]), 1, "the queue runner still lists it")
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.machines(), {})

    def test_is_made_by_steps_that_a_cancelled_and_a_living_build_need(self):
        farm = self.farm()
        farm.say_steps([step("shared", builds=[7, 8]), step("phantom", builds=[7])], cancelled=[7])
        lowest = [each["lowestBuildId"] for each in farm.document("/status/queues")["queues"][PLAIN]]
        self.assertEqual(lowest, [7, 7], "the queue runner shows the cancelled build")
        self.assertIn("1 runnable", farm.run("plan", farm.conf).out)
        farm.passes_until(lambda: are_done(farm, 1), "the shared step is done")
        self.assertEqual(farm.outcomes(), {"shared": ["done"], "phantom": []})

    def test_of_steps_whose_derivation_is_missing_is_said(self):
        farm = self.farm()
        farm.say_steps([step("a")])
        farm.document("/status/queues")
        for file in (farm.queue_folder / "store").iterdir():
            file.unlink()
        ended = farm.run_pass()
        self.assertEnded(ended, 1, "1 step is not counted, because the features that it requires are not known")


class Losing(RustTest):
    def test_a_builder_that_dies_costs_its_steps_an_attempt_and_no_machine_is_lost(self):
        farm = self.farm()
        farm.say_steps([step("long", seconds=2)])
        farm.passes_until(lambda: farm.joined() and farm.joined()["t-0"]["jobs"], "it is busy")
        for pid, words in farm.processes().items():
            if "builder.py" in words:
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: farm.joined() == {}, "the queue runner notices")
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"}, "that it is missing proves nothing")


class TheOtherQueueRunner(RustTest):
    def test_is_named(self):
        farm = self.farm()
        farm.configure(queue={"type": "hydra-rust", "command": ["sh", "-c", 'echo "$0"', json.dumps({"machineTypes": {}})]})
        self.assertIn("this is the document of the queue runner in C++", farm.run("plan", farm.conf).out)
