"""A queue of real derivations, from the first step to the last machine."""

from support.farm import PLAIN, job, pool
from support.farm_test import FarmTest
from support.processes import seen_from_its_file_system


class Builds(FarmTest):
    def setUp(self):
        super().setUp()
        # Without any machine at first, and with real times but for those that only Hydra's slowness needs.
        pools = {PLAIN: pool(runnablesPerMachine=3), f"{PLAIN}:benchmark": {"local": {}}}
        self.made = {}  # addresses by machine, of all that were ever listed
        self.queue_farm = self.farm(pools=pools, settle=1)

    def build(self, *jobs):
        """Passes until all steps ended; the steps by name."""
        self.queue_farm.start_queue_runner(list(jobs))
        self.queue_farm.passes_until(self.all_ended, "all steps have ended")
        return self.queue_farm.steps()

    def all_ended(self):
        self.made |= {id: machine["address"] for id, machine in self.queue_farm.machines().items()}
        steps = self.queue_farm.steps()
        return steps and all(step["state"] in ("done", "failed") for step in steps.values())

    def machine_that_built(self, step):
        """Told by the build itself, which sees in whose store it happens."""
        store = step["output"].split()[1]
        machines = f"{seen_from_its_file_system(self.queue_farm.state)}/local/"
        machine = store.removeprefix(machines).removesuffix("/store")
        self.assertIn(machine, self.made, step)
        return machine

    def test_every_step_is_built_by_the_machine_it_was_sent_to_and_all_machines_leave(self):
        steps = self.build(*[job(f"step-{number}") for number in range(5)])
        for step in steps.values():
            self.assertTrue(step["ok"], step)
            self.assertEqual(step["tries"], 1, step)
            self.assertEqual(step["machine"], f"root@{self.made[self.machine_that_built(step)]}")
        self.assertEqual({"t-0", "t-1"}, set(self.made))
        self.queue_farm.passes_until(lambda: not self.queue_farm.folders(), "all machines are gone")
        self.assertEqual(self.queue_farm.listed(), [])
        self.assertEqual(self.queue_farm.machines(), {})
        lines = self.queue_farm.machines_file.read_text().splitlines()
        self.assertEqual([line.split()[0] for line in lines[1:]],
                         ["root@x86-64-linux.placeholder.invalid", "root@x86-64-linux-benchmark.placeholder.invalid"])

    def test_systems_and_features_decide_which_machine_builds(self):
        steps = self.build(
            job("plain"), job("narrow", system="i686-linux"), job("measured", features=["benchmark"])
        )
        self.assertTrue(steps["plain"]["output"].startswith("x86_64 "), steps)
        self.assertTrue(steps["narrow"]["output"].startswith("i686 "), steps)
        pools = {name: self.pool_of(self.machine_that_built(step)) for name, step in steps.items()}
        self.assertEqual(pools, {"plain": PLAIN, "narrow": PLAIN, "measured": f"{PLAIN}:benchmark"})

    def test_one_type_builds_steps_that_require_any_of_its_features_or_none(self):
        kind = {"systems": ["x86_64-linux", "i686-linux"], "supportedFeatures": ["benchmark", "big-parallel"]}
        self.queue_farm = self.farm(pools={"builders": pool(**kind)}, settle=1)
        steps = self.build(
            job("plain"),
            job("narrow", system="i686-linux", features=["big-parallel"]),
            job("measured", features=["benchmark"]),
            job("both", features=["big-parallel", "benchmark"]),
        )
        for step in steps.values():
            self.assertTrue(step["ok"], step)
        self.assertEqual(set(self.made), {"t-0"})
        self.queue_farm.passes_until(lambda: not self.queue_farm.folders(), "the machine is gone")
        columns = self.queue_farm.machines_file.read_text().splitlines()[1].split()
        self.assertEqual([columns[1], *columns[5:7]], ["i686-linux,x86_64-linux", "benchmark,big-parallel", "-"])

    def pool_of(self, machine):
        return self.queue_farm.journal("select pool from machines where id = ?", machine)[0][0]

    def test_steps_that_fit_no_type_are_reported_and_wait_for_ever(self):
        self.queue_farm.start_queue_runner([job("odd", features=["kvm"])])
        ended = self.queue_farm.run_pass()
        self.assertEnded(ended, 0, "1 runnable step of type x86_64-linux:kvm fits no configured type")
        self.assertEqual(self.queue_farm.steps()["odd"]["state"], "runnable")
        self.assertEqual(self.queue_farm.folders(), [])
