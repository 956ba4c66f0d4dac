"""Gates of machines that are not local: they are set over SSH, with the sshKey of their type."""

import signal

from support.crashes import CrashTest
from support.farm_test import FarmTest
from support.joining_farm import JoiningFarm
from support.rust_farm import step
from support.waiting import wait_for


class JoiningTest(FarmTest):
    def farm(self, **pool):
        farm = JoiningFarm(pool)
        self.addCleanup(farm.end)
        return farm

    def busy_farm(self, *names, **pool):
        """Of as many machines as steps, which go on until they are let go. No machine leaves without an order."""
        farm = self.farm(maxMachines=len(names), runnablesPerMachine=1, gracePeriod=600, **pool)
        farm.say_steps([farm.held_step(name) for name in names])
        ids = [f"t-{number}" for number in range(len(names))]
        farm.passes_until(lambda: all(farm.jobs(id) for id in ids), "all machines are busy")
        return farm

    def assertAllDone(self, farm, *names):
        self.assertEqual(farm.outcomes(), {name: ["done"] for name in names})

    def assertClosedWhenDestroyed(self, farm, *ids):
        self.assertEqual(sorted(farm.destroyed()), [(id, "closed") for id in ids])


class TheWholeWayOverSsh(JoiningTest):
    def test_from_waiting_steps_to_no_machines(self):
        farm = self.farm()
        names = [f"s{number}" for number in range(8)]
        farm.say_steps([step(name) for name in names])
        farm.passes_until(lambda: farm.states() == {"t-0": "ready", "t-1": "ready"}, "both machines are ready")
        farm.passes_until(lambda: farm.machines() == {}, "the machines are gone")
        self.assertAllDone(farm, *names)
        self.assertClosedWhenDestroyed(farm, "t-0", "t-1")
        self.assertEqual(farm.joined(), {})
        for id in ("t-0", "t-1"):
            opens, *others, stops = farm.orders(id)
            self.assertIn("rm -f /run/hydra-gate/closed", opens)
            # A pass repeats what the queue runner does not show yet.
            self.assertIn(">/run/hydra-gate/closed", others[-1])
            self.assertIn("hydra-builder", stops)


class DrainingOverSsh(JoiningTest):
    def test_a_busy_machine_ends_its_steps_and_gets_no_more_before_it_goes(self):
        farm = self.busy_farm("long")
        self.assertEnded(farm.run("destroy", "t-0", "--yes"), 0)
        self.assertEnded(farm.run_pass(), 0)
        self.assertTrue(farm.is_closed("t-0"))
        wait_for(lambda: farm.shows_closed("t-0"), "it has reported that")

        farm.say_steps([farm.held_step("long"), step("later")])
        self.assertEnded(farm.run_pass(), 0)
        self.assertIn("busy", farm.run("plan", farm.conf).out)
        self.assertEqual(farm.jobs("t-0"), ["long"], "it could have two")
        farm.let_go("long")
        farm.passes_until(lambda: "t-0" not in farm.machines(), "it is gone")
        farm.passes_until(lambda: farm.outcomes()["later"], "the next machine has done the other step")
        self.assertAllDone(farm, "long", "later")
        self.assertClosedWhenDestroyed(farm, "t-0")

    def test_can_be_taken_back(self):
        farm = self.busy_farm("long")
        self.assertEnded(farm.run("drain", "t-0"), 0)
        self.assertEnded(farm.run_pass(), 0)
        self.assertTrue(farm.is_closed("t-0"))
        wait_for(lambda: farm.shows_closed("t-0"), "it has reported that")

        farm.say_steps([farm.held_step("long"), farm.held_step("next")])
        self.assertEnded(farm.run("undrain", "t-0"), 0)
        self.assertEnded(farm.run_pass(), 0)
        self.assertFalse(farm.is_closed("t-0"))
        wait_for(lambda: farm.jobs("t-0") == ["long", "next"], "it gets steps again")
        farm.let_go("long", "next")
        wait_for(lambda: farm.jobs("t-0") == [], "the steps have ended")
        self.assertAllDone(farm, "long", "next")
        self.assertEqual(farm.states(), {"t-0": "ready"})


class UnreachableOverSsh(JoiningTest):
    """Of two busy machines that are drained, one cannot be closed."""

    def test_a_server_that_refuses(self):
        farm = self.busy_farm("a", "b", max_jobs=1)
        farm.signal_server("t-0", signal.SIGKILL)
        self.check_that_it_stays(farm, "Connection refused")
        farm.start_server("t-0")
        self.check_that_it_goes(farm)

    def test_a_server_that_hangs(self):
        farm = self.busy_farm("a", "b", max_jobs=1)
        farm.signal_server("t-0", signal.SIGSTOP)
        self.check_that_it_stays(farm, "timed out")
        farm.signal_server("t-0", signal.SIGCONT)
        self.check_that_it_goes(farm)

    def check_that_it_stays(self, farm, why):
        """Also when its step has ended, as it may get another."""
        said = f"t-0: its gate cannot be closed: ssh -i {farm.key} root@127.84.0.1 exited with 255: ", why
        for id in ("t-0", "t-1"):
            self.assertEnded(farm.run("destroy", id, "--yes"), 0)
        self.assertEnded(farm.run_pass(), 1, *said)
        self.assertFalse(farm.is_closed("t-0"))
        self.assertTrue(farm.is_closed("t-1"))
        farm.let_go("a", "b")
        wait_for(lambda: farm.jobs("t-0") == farm.jobs("t-1") == [], "the steps have ended")

        def other_is_gone():
            self.last = farm.run_pass()
            self.assertEnded(self.last, 1, *said)
            return list(farm.states()) == ["t-0"]

        wait_for(other_is_gone, "the other machine is gone", lambda: self.last)
        self.assertIn("the queue runner may still give it steps", farm.run("plan", farm.conf).out)
        farm.say_steps([farm.held_step("late")])
        wait_for(lambda: farm.jobs("t-0") == ["late"], "it gets another step")

    def check_that_it_goes(self, farm):
        self.assertEnded(farm.run_pass(), 0)
        self.assertTrue(farm.is_closed("t-0"))
        farm.let_go("late")
        farm.passes_until(lambda: farm.machines() == {}, "it is gone")
        self.assertAllDone(farm, "a", "b", "late")
        self.assertClosedWhenDestroyed(farm, "t-0", "t-1")


class KilledOverSsh(JoiningTest, CrashTest):
    seconds_max = 280
    stride = 4

    def farm(self, pools):
        del pools
        return super().farm(maxMachines=1)

    def test_survives_the_end_of_the_pass_anywhere(self):
        self.sweep("pass", self.come_and_go)

    def come_and_go(self, crash):
        """A machine is drained while it is busy; once it is not, it goes."""
        farm = self.crash_farm
        name = f"s{len(farm.outcomes())}"
        farm.say_steps([farm.held_step(name)])
        self.go("a machine comes", crash, lambda: farm.jobs(self.the_machine()[0]) == [name])
        machine = self.the_machine()[0]
        self.assertEnded(farm.run("drain", machine), 0)
        self.go("it drains", crash, lambda: self.the_state() == "draining" and farm.is_closed(machine))
        self.assertEqual(farm.jobs(machine), [name])
        farm.let_go(name)
        wait_for(lambda: farm.jobs(machine) == [], "the step has ended")
        self.go("it is gone", crash, lambda: self.the_state() == "gone")
        self.assertEqual(farm.outcomes()[name], ["done"])
        self.assertEqual(farm.destroyed()[-1], (machine, "closed"))
        self.assertEqual((farm.folders(), farm.joined()), ([], {}))
