"""With stopOnIdle machines are stopped, keep what they have built, and come back as themselves."""

from support.farm import PLAIN, job, pool
from support.farm_test import FarmTest
from support.processes import seen_from_its_file_system


class StopOnIdle(FarmTest):
    def test_a_machine_comes_back_as_itself_and_with_its_store(self):
        farm = self.farm(pools={PLAIN: pool(stopOnIdle=True)}, settle=1)
        farm.start_queue_runner([job("first")])
        farm.passes_until(lambda: farm.states() == {"t-0": "stopped"}, "the machine has built, and is stopped")
        self.assertEqual(farm.listed(), [])
        self.assertFalse(farm.is_listening("t-0"))
        before = self.identity(farm)
        self.assertTrue(before[2])

        farm.say_jobs([job("first"), job("second", depends_on=["first"])])
        farm.passes_until(lambda: self.is_built(farm, "second"), "the second step is built")
        self.assertEqual(self.identity(farm), before)
        store = f"{seen_from_its_file_system(farm.state)}/local/t-0/store"
        self.assertEqual(farm.steps()["second"]["output"].split()[1], store)

    def identity(self, farm):
        """The machine's name, key, and what the first step has left in its store."""
        folder = farm.state / "local/t-0"
        built = [path.stat().st_ino for path in folder.glob("store/nix/store/*-first")]
        return farm.machines()["t-0"]["instance"], (folder / "host_key.pub").read_text(), built

    def is_built(self, farm, name):
        return name in farm.steps() and farm.steps()[name]["state"] == "done"

    def test_a_stopped_machine_is_started_rather_than_another_created(self):
        farm = self.stopped()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: start: stopped; warm store", "t-0: ready after")
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEqual(len(farm.listed()), 1)

    def test_what_exceeds_a_lowered_maximum_is_destroyed(self):
        farm = self.stopped()
        farm.configure(pools={PLAIN: pool(stopOnIdle=True, maxMachines=0)})
        self.assertEnded(farm.run_pass(), 0, "t-0: destroy: stopped; exceeds max 0", "t-0: gone")
        self.assertEqual(farm.folders(), [])
        farm.wait_until_ended()

    def stopped(self):
        farm = self.farm_with_machine(pools={PLAIN: pool(stopOnIdle=True)})
        farm.queue(runnable=0)
        farm.passes_until(lambda: farm.states() == {"t-0": "stopped"}, "the machine is stopped")
        return farm
