"""What was, told from the journal alone."""

import json
import os
import subprocess
import time

from support.farm import PLAIN, pool
from support.farm_test import FarmTest
from support.waiting import wait_for


class History(FarmTest):
    def farm_with_a_past(self):
        """Three passes: a machine created, the same seen again, and a status that cannot be trusted."""
        farm = self.farm_with_machine(pools={PLAIN: pool(pricePerHour=1, maxMachines=1)})
        farm.queue(runnable=12)
        self.assertEnded(farm.run_pass(), 0)
        farm.queue_says("{")
        self.assertEnded(farm.run_pass(), 69)
        return farm

    def json(self, farm, *words):
        ended = farm.run(*words, "--json")
        self.assertEnded(ended, 0)
        document = json.loads(ended.out)
        self.assertEqual(document["formatVersion"], 1)
        return document

    def test_every_pass_is_decided_again_as_it_was(self):
        farm = self.farm_with_a_past()
        passes = [number for (number,) in farm.journal("select id from passes")]
        self.assertEqual(len(passes), 3)
        for number in passes:
            self.assertTrue(self.json(farm, "replay", str(number))["equal"])

    def test_a_plan_that_was_another_one_is_told(self):
        farm = self.farm_with_a_past()
        self.assertEnded(farm.run("replay", "2"), 0, "byte for byte")
        farm.journal("update passes set plan_hash = plan_hash + 1 where id = 2")
        self.assertEnded(farm.run("replay", "2"), 1, "another plan than was recorded")
        self.assertEnded(farm.run("replay", "1"), 0)
        self.assertEnded(farm.run("replay", "99"), 64, "there are 1 (")

    def test_another_configuration_would_have_decided_otherwise(self):
        farm = self.farm_with_a_past()
        farm.configure(pools={PLAIN: pool(maxMachines=2)})
        document = self.json(farm, "replay", "2", "--config", farm.conf)
        (difference,) = document["differences"]
        self.assertEqual(difference["machine"], "t-1")
        self.assertIsNone(difference["was"])
        self.assertEqual(difference["wouldBe"]["action"], "create")

    def test_history_has_machines_and_troubles(self):
        farm = self.farm_with_a_past()
        events = self.json(farm, "history")["events"]
        self.assertEqual([event["event"] for event in events], ["requested", "creating", "ready", "pass 3"])
        self.assertEqual(events[0]["reason"], "1 of 1 new machines")
        self.assertIn("status not trusted", events[3]["reason"])
        self.assertEqual(len(self.json(farm, "history", "t-0")["events"]), 3)
        self.assertEnded(farm.run("history", "--since", "10 min"), 64, "2h, 3d, 2026-01-15")
        self.assertEnded(farm.run("history", "t-1"), 64, "did you mean t-0?")

    def test_a_type_is_explained_by_what_would_change_it(self):
        farm = self.farm_with_a_past()
        last_trusted = farm.journal("select start from passes where id = 2")[0][0]
        self.assertGreater(last_trusted, 0)
        self.assertIn("the status is not trusted", self.json(farm, "explain", PLAIN)["binding"][0])
        farm.queue(runnable=12)
        self.assertEnded(farm.run_pass(), 0)
        explanation = self.json(farm, "explain", PLAIN)
        self.assertEqual(explanation["binding"], ["maxMachines 1"])
        changes = {change["what"]: change["result"] for change in explanation["changes"]}
        self.assertIn("create 1", changes["maxMachines 2 instead of 1"])
        self.assertEqual(changes["4 more runnable steps"], "")

    def test_a_machine_is_explained(self):
        farm = self.farm_with_a_past()
        explanation = self.json(farm, "explain", "t-0")
        self.assertIn("listed; the status is not trusted", explanation["now"])
        self.assertEqual(explanation["events"][0]["reason"], "1 of 1 new machines")

    def test_a_creation_that_failed_is_one_line(self):
        farm = self.farm(pools={PLAIN: pool(bootTimeout=1, local={"bootSeconds": 600})})
        farm.queue(runnable=1)
        wait_for(lambda: farm.run_pass() and "gone" in farm.run("history", "t-0").out, "it is given up")
        (line,) = [line for line in farm.run("history").out.splitlines() if " t-0 " in line]
        self.assertRegex(line, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+  t-0 +failed +")
        self.assertIn("create: not finished within 1 s", line)
        self.assertGreater(len(self.json(farm, "history")["events"]), 2)

    def test_logs_have_the_times_of_the_history(self):
        farm = self.farm_with_machine()
        for zone, name in (("Asia/Tokyo", "JST"), ("UTC", "UTC")):
            history = farm.run("history", "t-0", TZ=zone).out
            self.assertRegex(history, rf"(?m)^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d {name}  t-0 +creating")
            logged = farm.run("logs", "t-0", TZ=zone).out
            self.assertRegex(logged, rf"(?m)^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d {name} t-0: create begins")

    def test_what_happened_since_the_pass_is_told(self):
        farm = self.farm_with_a_past()
        self.assertEnded(farm.run("pause", PLAIN), 0)
        (event,) = self.json(farm, "explain", PLAIN)["since"]
        self.assertEqual(event["event"], "ordered")
        self.assertIn("is paused", event["reason"])
        self.assertEnded(farm.run("resume", PLAIN), 0)

    def test_steps_that_fit_no_type_are_explained(self):
        farm = self.farm()
        farm.queue(machineTypes={"riscv64-linux": {"runnable": 2, "running": 0}})
        self.assertEnded(farm.run_pass(), 0)
        explanation = self.json(farm, "explain", "riscv64-linux")
        self.assertIn("systemTypes.riscv64-linux = {", explanation["changes"][0]["result"])

    def test_cost_is_what_the_passes_saw(self):
        farm = self.farm_with_a_past()
        cost = self.json(farm, "cost")
        passes = farm.journal("select start from passes order by id")
        self.assertEqual(cost["sum"]["totalSeconds"], passes[2][0] - passes[0][0])
        self.assertEqual(cost["pools"][0]["name"], PLAIN)
        self.assertIsNotNone(cost["sum"]["microMoney"])

    def test_passes_add_up_their_load(self):
        farm = self.farm_with_machine(pools={PLAIN: pool(pricePerHour=1, maxMachines=1)})
        farm.queue(runnable=12)
        figures = "observed, waiting, most_waiting, boot + busy + idle + drain, cost"
        load = lambda span: farm.journal(f"select {figures} from load where span = ? and pool = ?", span, PLAIN)
        farm.passes_until(lambda: any(row[2] == 12 for row in load(300)), "a pass has seen some time")
        observed, waiting, most_waiting, machines, cost = (sum(row) for row in zip(*load(3600)))
        self.assertGreater(observed, 0)
        self.assertGreaterEqual(waiting, 12)
        self.assertGreaterEqual(most_waiting, 12)
        self.assertEqual(machines, observed)
        self.assertAlmostEqual(cost, machines * 1e6 / 3600, delta=1)
        self.assertEqual(observed, sum(row[0] for row in load(300)))

    def test_a_million_events_need_little_memory(self):
        farm = self.farm()
        farm.queue(runnable=0)
        self.assertEnded(farm.run_pass(), 0)
        farm.journal(
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) "
            "insert into events (time, machine, pool, kind, reason) "
            "select ? + i / 100, 't-' || (i % 50), ?, 'ready', 'event number ' || i from n",
            int(time.time()) - 20_000,
            PLAIN,
        )
        for options in ([], ["--json"]):
            with open(farm.folder / "history", "wb") as output:
                command = [str(word) for word in farm.command("history", *options)]
                history = subprocess.Popen(command, stdout=output, env=farm.environment)
                _, history.returncode, usage = os.wait4(history.pid, 0)
            self.assertEqual(history.returncode, 0)
            self.assertLess(usage.ru_maxrss, 100_000, "KiB")
        with open(farm.folder / "history", "rb") as file:
            self.assertEqual(len(json.load(file)["events"]), 1_000_000)

    def test_nothing_is_changed_and_what_is_missing_is_named(self):
        farm = self.farm()
        self.assertEnded(farm.run("history"), 64, "no journal")
        farm.queue(runnable=0)
        self.assertEnded(farm.run_pass(), 0)
        journal = farm.state / "t.sqlite"
        before = journal.read_bytes()
        for words in (["history"], ["cost"], ["explain", PLAIN], ["replay"]):
            self.assertEnded(farm.run(*words), 0)
        self.assertEqual(journal.read_bytes(), before)
        (farm.state / "u.sqlite").write_bytes(before)
        self.assertEnded(farm.run("history"), 64, "t, u; choose one by --tag")
        self.assertEnded(farm.run("history", "--tag", "u"), 0)
        journal.write_text("no journal at all")
        self.assertEnded(farm.run("history", "--tag", "t"), 1, "cannot be read")
