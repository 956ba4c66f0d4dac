"""Passes that are killed, and what must be true whenever one was."""

import itertools
import os
import re

from support.farm import PLAIN, ROOT, Farm, pool
from support.farm_test import FarmTest
from support.processes import parent
from support.waiting import wait_for

DEFAULT = ROOT / "build/release/tests/e2e/hydra-provisioner-crashing"
CRASHING = os.environ.get("HYDRA_PROVISIONER_CRASHING", DEFAULT)


class CrashTest(FarmTest):
    """A farm of one machine at most is brought from state to state. Each step begins with a pass that is killed."""

    def setUp(self):
        super().setUp()
        self.crash_farm = self.farm(pools={PLAIN: pool(maxMachines=1, stopOnIdle=self.stops)})
        self.points = set()

    stops = False
    stride = 1  # all waypoints; where that takes too long, every so many are enough

    def sweep(self, where, a_round):
        """Each round kills every step at another of its waypoints, until no step has that many."""
        for number in itertools.count(1, self.stride):
            a_round(self.kill_at(number, where))
            if number > self.stride and not any(n in (number, number - self.stride) for _, n in self.points):
                break
        print(f"kill -9 sweep in the {where}: {len(self.points)} points")
        self.check_traces(operations_killed=0 if where == "pass" else len(self.points))

    def kill_at(self, number, where):
        """Returns a way to crash: at the waypoint of that number, in the pass or in its jobs."""

        def crash(step):
            if self.is_exhausted(step, number):
                return
            trace = self.crash_farm.folder / "trace"
            trace.unlink(missing_ok=True)
            self.crash_farm.program = CRASHING
            self.crash_farm.run_pass(CRASH_AT=str(number), CRASH_IN=where, CRASH_TRACE=str(trace))
            self.crash_farm.program = Farm.program
            if trace.exists() and len(trace.read_text().splitlines()) >= number:
                self.points.add((step, number))

        return crash

    def is_exhausted(self, step, number):
        """How many places a pass has depends on how long it waits, so a short one may be followed by a longer."""
        before = {(step, number - self.stride), (step, number - 2 * self.stride)}
        return number > 2 * self.stride and not before & self.points

    def come(self, crash):
        """Work comes: in the end one machine is ready and listed."""
        self.crash_farm.queue(runnable=1)
        self.go("a machine comes", crash, self.is_in_use)

    def drain(self, crash):
        """Work goes, but a build still runs on the machine."""
        self.say_of_machine(currentJobs=1)
        self.go("it drains", crash, lambda: self.the_state() == "draining")

    def leave(self, crash, to):
        """The machine is idle; in the end it is `stopped` or `gone`."""
        self.say_of_machine(currentJobs=0, idleSince=1)
        self.go(f"it is {to}", crash, lambda: self.the_state() == to)

    def go(self, step, crash, is_there):
        crash(step)
        self.check_what_always_holds()
        wait_for(lambda: self.converge(is_there), f"{step} after a crash", self.tell)

    def converge(self, is_there):
        """A pass that finds a job killed says so; it still goes on."""
        self.last = self.crash_farm.run_pass()
        self.assertIn(self.last.status, (0, 1), self.last)
        self.check_what_always_holds()
        return self.last.status == 0 and is_there()

    def tell(self):
        return self.last, self.crash_farm.run("plan", self.crash_farm.conf).out

    def say_of_machine(self, **activity):
        entry = {"enabled": False, **activity}
        self.crash_farm.queue(machines={f"root@{self.crash_farm.address}": entry})

    def the_machine(self):
        """The latest, with its state."""
        return self.crash_farm.journal("select id, state, address from machines order by number desc limit 1")[0]

    def the_state(self):
        return self.the_machine()[1]

    def is_in_use(self):
        machine, state, address = self.the_machine()
        self.crash_farm.address = address
        return state == "ready" and self.crash_farm.listed() == [address] and self.crash_farm.folders() == [machine]

    def check_what_always_holds(self):
        """Never a bad machines file, never more than one machine, never two jobs for it."""
        if self.crash_farm.machines_file.exists():
            self.assertTrue(self.crash_farm.machines_file.read_text().startswith("# hydra-provisioner t\n"))
            self.assertLessEqual(len(self.crash_farm.listed()), 1)
        self.assertLessEqual(len(self.crash_farm.folders()), 1)
        jobs = {pid for pid, words in self.crash_farm.processes().items() if " run-job t " in words}
        # Before it becomes another program, a child looks like its parent.
        self.assertLessEqual(len([pid for pid in jobs if parent(pid) not in (jobs | {None})]), 1)

    def check_that_nothing_is_left(self):
        self.assertEqual(self.crash_farm.folders(), [])
        self.assertEqual(self.crash_farm.listed(), [])
        self.crash_farm.wait_until_ended()
        self.assertEqual(self.crash_farm.journal("select distinct state from machines"), [("gone",)])

    def check_traces(self, operations_killed):
        """No operation began before the machine's last had ended or was killed; only logs are left."""
        unfinished = 0
        for path in self.crash_farm.state.glob("logs/*.log"):
            words = re.findall(r"^\S+Z \S+: \w+ (begins|done|failed)", path.read_text(), re.MULTILINE)
            unfinished += sum(a == b == "begins" for a, b in zip(words, [*words[1:], "begins"]))
            self.assertNotIn(True, [a != "begins" and b != "begins" for a, b in zip(words, words[1:])], words)
        self.assertLessEqual(unfinished, operations_killed)
        self.assertEqual(list(self.crash_farm.state.glob("jobs/*")), [])
        self.check_totals()

    def check_totals(self):
        """No crash loses or doubles what is counted."""
        [(made, gone)] = self.crash_farm.journal("select count(*), coalesce(sum(state = 'gone'), 0) from machines")
        counted = dict(self.crash_farm.journal("select metric, value from totals where labels = ?", PLAIN))
        self.assertEqual(counted["machine_creations_total"], made)
        self.assertEqual(counted.get("machine_destructions_total", 0), gone)
