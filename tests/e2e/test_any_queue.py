"""A queue that a program describes: what is believed, what is decided, and check-queue."""

import json
import time

import jsonschema
from support.farm import PLAIN, ROOT, Farm, pool
from support.farm_test import FarmTest

SCHEMA = ROOT / "docs/queue.schema.json"


class DescribedFarm(Farm):
    """The document is a file, whose time is that of its reading."""

    def __init__(self, **options):
        super().__init__()
        self.file = self.folder / "document.json"
        self.command_of_queue = ["sh", "-c", f'sed "s/NOW/$(date +%s)/" {self.file}']
        self.describe()
        queue = {"type": "command", "command": self.command_of_queue}
        self.configure(**({"statusCommand": None, "queue": queue} | options))

    def describe(self, waiting=0, **more):
        demand = [{"system": PLAIN, "waiting": waiting}]
        self.file.write_text(json.dumps({"time": "NOW", "demand": demand} | more).replace('"NOW"', "NOW"))

    def end(self):
        self.configure(queue=None)
        super().end()


class QueueTest(FarmTest):
    def farm(self, **options):
        options = {"pools": {PLAIN: pool(runnablesPerMachine=1, gracePeriod=0)}} | options
        farm = DescribedFarm(**options)
        self.addCleanup(farm.end)
        return farm


class AnyQueue(QueueTest):
    def farm_with_unlisted_machine(self, **options):
        farm = self.farm(**options)
        farm.describe(waiting=1)
        farm.passes_until(lambda: farm.listed(), "a machine is ready")
        name = f"root@{farm.listed()[0]}"
        farm.describe(machines=[{"name": name, "jobs": 0, "listed": True}])
        self.assertEnded(farm.run("destroy", "t-0", "--yes"), 0)
        farm.passes_until(lambda: farm.listed() == [], "it is out of the list")
        return farm, name

    def test_machines_come_for_what_waits_and_go_when_they_are_proven_idle(self):
        farm, name = self.farm_with_unlisted_machine()
        for entry, why in (
            ({"jobs": 0, "listed": True}, "has not read the machines file without it yet"),
            ({"jobs": 0}, "does not say whether it still uses it"),
            ({"listed": False}, "does not say how many jobs it has"),
            ({"jobs": 2, "listed": False}, "busy: 2 jobs"),
        ):
            farm.describe(machines=[{"name": name} | entry])
            self.assertEnded(farm.run_pass(), 0)
            self.assertIn(why, farm.run("plan", farm.conf).out)
        for machines, why in (([], "the queue does not name it"), (None, "does not say what its machines do")):
            farm.describe(machines=machines)
            self.assertEnded(farm.run_pass(), 0)
            self.assertIn(why, farm.run("plan", farm.conf).out)
        farm.describe(machines=[{"name": name, "jobs": 0, "listed": False}])
        farm.passes_until(lambda: farm.machines() == {}, "it is gone")

    def test_how_long_a_machine_is_idle_is_remembered_where_the_queue_does_not_say_it(self):
        farm, name = self.farm_with_unlisted_machine(quiet=3)
        farm.describe(machines=[{"name": name, "jobs": 1, "listed": False}])
        self.assertEnded(farm.run_pass(), 0)
        farm.describe(machines=[{"name": name, "jobs": 0, "listed": False}])
        self.assertEnded(farm.run_pass(), 0)
        self.assertRegex(farm.run("plan", farm.conf).out, r"waits: idle [012] s < quiet 3 s")
        farm.passes_until(lambda: farm.machines() == {}, "it is gone")

    def test_a_document_that_is_wrong_is_not_trusted(self):
        farm = self.farm()
        farm.describe(waiting=-1)
        ended = farm.run_pass()
        self.assertEnded(ended, 69, "demand[0].waiting: -1 is out of range")

    def test_a_program_that_is_missing_is_told_before_it_is_used(self):
        farm = self.farm(queue={"type": "command", "command": ["/nowhere"]})
        self.assertEnded(farm.run("check", farm.conf), 0, "queue.command: ", "/nowhere")

    def test_the_schema_accepts_and_refuses_what_the_program_does(self):
        farm = self.farm()
        schema = json.loads(SCHEMA.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        entry = {"system": PLAIN, "features": ["kvm"], "waiting": 1, "running": 2}
        machine = {"name": "root@192.0.2.7", "jobs": 1, "listed": True, "idleSince": 1, "failures": 0, "lastFailure": 1}
        unknown = {"jobs": None, "listed": None, "idleSince": None, "failures": None, "lastFailure": None}
        right = ({}, {"machines": None, "x": 1}, {"machines": [machine | unknown]}, {"started": 1, "machines": [{"name": "a"}]})
        wrong = (
            *({"demand": [entry | bad]} for bad in ({"waiting": -1}, {"waiting": "1"}, {"system": ""}, {"features": ["a:b"]})),
            *({"demand": [entry | bad]} for bad in ({"running": None}, {"features": None}, {"system": "a b"})),
            *({"machines": [machine | bad]} for bad in ({"name": ""}, {"jobs": -1}, {"listed": 1}, {"idleSince": 0})),
            *({"machines": [machine | bad]} for bad in ({"failures": 1.5}, {"lastFailure": "1"}, {"name": "a b"})),
            {"demand": {}},
            {"demand": None},
            {"machines": {}},
            {"started": 0},
        )
        for members in right + wrong:
            document = {"time": int(time.time()), "demand": [entry], "machines": [machine]} | members
            farm.file.write_text(json.dumps(document))
            with self.subTest(document):
                self.assertEqual(validator.is_valid(document), members in right)
                self.assertEqual(self.is_read(farm), members in right)

    def is_read(self, farm):
        ended = farm.run("check-queue", "--json", "--", *farm.command_of_queue)
        return json.loads(ended.out)["points"][1]["outcome"] == "passed"


class CheckQueue(QueueTest):
    def failures(self, farm, *command):
        """The points that fail, with their reasons, and how the program ended."""
        ended = farm.run("check-queue", "--json", "--", *(command or farm.command_of_queue))
        document = json.loads(ended.out)
        self.assertEqual(document["formatVersion"], 1)
        self.assertEqual(document["passed"], ended.status == 0)
        return {point["point"]: point["why"] for point in document["points"] if point["outcome"] == "failed"}

    def test_a_program_that_says_everything_passes_all_points(self):
        farm = self.farm()
        farm.describe(waiting=3, machines=[{"name": "root@192.0.2.7", "jobs": 1, "listed": False, "idleSince": 1767225600}])
        ended = farm.run("check-queue", "--", *farm.command_of_queue)
        self.assertEnded(ended, 0)
        self.assertEqual(
            ended.out,
            "passed   exits with 0 within 30 s\n"
            "passed   prints a document that can be read\n"
            "passed   has the right time\n"
            "passed   names the same machines when it is run again\n"
            "passed   says how many jobs each machine has\n"
            "passed   says whether each machine may get new jobs\n"
            "6 passed, 0 skipped, 0 failed\n\n"
            "demand        waiting  running\n"
            "x86_64-linux        3        0\n"
            "machine         jobs  listed  idle since\n"
            "root@192.0.2.7     1  no      2026-01-01T00:00:00Z\n",
        )

    def test_a_program_that_prints_no_document_is_not_asked_again(self):
        farm = self.farm()
        readable = "prints a document that can be read"
        for command, point, message in (
            (["false"], "exits with 0 within 30 s", "false exited with 1"),
            (["/nowhere"], "exits with 0 within 30 s", "cannot run /nowhere: No such file or directory"),
            (["true"], readable, "the document is not usable JSON"),
            (["echo", "{}"], readable, "time: missing"),
        ):
            failed = self.failures(farm, *command)
            self.assertEqual(list(failed), [point])
            self.assertIn(message, failed[point])

    def test_a_clock_that_is_wrong_is_told(self):
        farm = self.farm()
        farm.file.write_text(json.dumps({"time": int(time.time()) - 3600, "demand": [], "machines": []}))
        failed = self.failures(farm)
        self.assertEqual(list(failed), ["has the right time"])
        self.assertIn("behind our clock", failed["has the right time"])

    def test_names_that_change_are_told(self):
        farm = self.farm()
        names = '{"time": NOW, "demand": [], "machines": [{"name": "root@RUN", "jobs": 0, "listed": true}]}'
        farm.file.write_text(names)
        script = f'echo x >>{farm.folder}/runs; sed "s/NOW/$(date +%s)/; s/RUN/$(wc -l <{farm.folder}/runs)/" {farm.file}'
        failed = self.failures(farm, "sh", "-c", script)
        point = "names the same machines when it is run again"
        self.assertEqual(failed, {point: "only one of two documents names root@1, root@2"})

    def test_what_is_unknown_of_machines_is_told(self):
        farm = self.farm()
        jobs, listed = "says how many jobs each machine has", "says whether each machine may get new jobs"
        farm.describe(machines=[{"name": "a", "listed": True}, {"name": "b", "jobs": 1}, {"name": "c"}])
        self.assertEqual(self.failures(farm), {jobs: "not of a, c", listed: "not of b, c"})
        farm.describe()
        self.assertEqual(set(self.failures(farm)), {jobs, listed})
        farm.describe(machines=[])
        self.assertEqual(self.failures(farm), {})
