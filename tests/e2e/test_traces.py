"""Traces from Hydra's database and from files, and what simulate and tune make of them."""

import csv
import gzip
import io
import json
import os
import subprocess

from support.daemon_farm import DaemonFarm
from support.farm import PLAIN, job, pool
from support.farm_test import FarmTest
from support.postgres import HYDRA_TABLES, Postgres
from support.waiting import wait_for

HEADER = "ready_at,duration_s,system,features,name\n"
BEGIN = 1_790_000_000


def build(number, name="a"):
    drv = f"/nix/store/00000000000000000000000000000000-{name}-1.drv"
    return f"insert into Builds values ({number}, {BEGIN}, 'job', '{drv}');"


def step(build, number, name, began, ended, **other):
    columns = {
        "build": build,
        "stepnr": number,
        "type": 0,
        "drvPath": f"/nix/store/00000000000000000000000000000000-{name}-1.drv",
        "busy": 0,
        "status": 0,
        "startTime": BEGIN + began,
        "stopTime": BEGIN + ended,
        "machine": "root@m1",
        "system": PLAIN,
        "overhead": 1500,
    } | other
    values = ", ".join("null" if v is None else f"'{v}'" for v in columns.values())
    return f"insert into BuildSteps ({', '.join(columns)}) values ({values});"


class HydraDatabase(FarmTest):
    def postgres(self, *statements):
        postgres = Postgres()
        self.addCleanup(postgres.end)
        if statements:
            postgres.run("".join(statements))
        return postgres

    def imported(self, postgres, *options):
        ended = self.farm().run("import-trace", "--hydra-db", postgres.where, *options)
        self.assertEnded(ended, 0)
        return list(csv.DictReader(io.StringIO(ended.out)))

    def test_steps_are_exported_with_what_they_waited_for(self):
        postgres = self.postgres(
            HYDRA_TABLES,
            build(1),
            step(1, 1, "b", 10, 40),
            step(1, 2, "c", 10, 20, status=3),
            step(1, 3, "c", 80, 95),  # tried again
            step(1, 4, "a", 100, 160, system="i686-linux", overhead=None),  # the build's own
        )
        b, first, again, own = sorted(self.imported(postgres), key=lambda row: row["name"])
        self.assertEqual([b["name"], first["name"], again["name"], own["name"]],
                         ["1.1:b-1", "1.2:c-1", "1.3:c-1", "1.4:a-1"])
        self.assertEqual({row["ready_at"] for row in (b, first, again, own)}, {str(BEGIN)})
        self.assertEqual([row["duration_s"] for row in (b, first, again, own)], ["31.5", "11.5", "16.5", "60"])
        self.assertEqual([b["depends_on"], first["depends_on"], again["depends_on"]], ["", "", "1.2:c-1"])
        self.assertEqual(set(own["depends_on"].split()), {"1.1:b-1", "1.2:c-1", "1.3:c-1"})
        self.assertEqual([b["system"], own["system"]], [PLAIN, "i686-linux"])

    def test_what_held_no_slot_is_left_out(self):
        postgres = self.postgres(
            HYDRA_TABLES,
            build(1),
            step(1, 1, "kept", 10, 40),
            step(1, 2, "substituted", 10, 40, type=1),
            step(1, 3, "running", 10, 40, busy=30),
            step(1, 4, "propagated", 10, 40, propagatedFrom=7),
            step(1, 5, "unsupported", 10, 40, startTime=None, machine=""),
            step(1, 6, "backwards", 40, 10),
            step(1, 7, "lost", 40, 40, status=3, overhead=1),
        )
        self.assertEqual([row["name"] for row in self.imported(postgres)], ["1.1:kept-1"])

    def test_steps_have_the_features_of_the_type_that_built_them(self):
        farm = self.farm(pools={f"{PLAIN}:kvm": pool(minMachines=1)})
        self.assertEnded(farm.run_pass(), 0)
        ((address, since),) = farm.journal("select address, requested_at from machines")
        began = since + 5 - BEGIN
        postgres = self.postgres(
            HYDRA_TABLES,
            build(1),
            step(1, 1, "ours", began, began + 9, machine=f"ssh://root@{address}?x=y"),
            step(1, 2, "before", began - 900, began, machine=f"root@{address}"),
            step(1, 3, "elsewhere", began, began + 9),
        )
        ended = farm.run("import-trace", "--hydra-db", postgres.where)
        self.assertEnded(ended, 0)
        features = {row["name"]: row["features"] for row in csv.DictReader(io.StringIO(ended.out))}
        self.assertEqual(features, {"1.1:ours-1": "kvm", "1.2:before-1": "", "1.3:elsewhere-1": ""})

    def test_the_trace_can_be_simulated(self):
        steps = [step(1, n, f"s{n}", 10 * n, 10 * n + 600) for n in range(1, 20)]
        postgres = self.postgres(HYDRA_TABLES, build(1, "s19"), *steps)
        farm = self.farm()
        trace = farm.folder / "trace.csv.zst"
        self.assertEnded(
            farm.run("import-trace", "--hydra-db", postgres.where, "--output", trace, "--since", "2020-01-01"), 0
        )
        ended = farm.run("simulate", farm.conf, "--trace", trace, "--json")
        self.assertEnded(ended, 0)
        self.assertEqual(json.loads(ended.out)["pools"][PLAIN]["steps"], 19)

    def test_nothing_since_then_is_said(self):
        postgres = self.postgres(HYDRA_TABLES, build(1), step(1, 1, "b", -900_000_000, -800_000_000))
        farm = self.farm()
        ended = farm.run("import-trace", "--hydra-db", postgres.where, "--since", "1d")
        self.assertEnded(ended, 1, "no build step ended since then; give an earlier --since")

    def test_another_database_is_told_from_hydras(self):
        postgres = self.postgres()
        ended = self.farm().run("import-trace", "--hydra-db", postgres.where)
        self.assertEnded(ended, 1, "Hydra's database: it does not have Hydra's tables: ")
        self.assertEqual(ended.out, "")
        postgres.run("create table Builds (id integer); create table BuildSteps (build integer);")
        ended = self.farm().run("import-trace", "--hydra-db", postgres.where)
        self.assertEnded(ended, 1, "Hydra's database: its tables have other columns than Hydra's: ")

    def test_a_database_that_goes_away_is_an_error(self):
        postgres = self.postgres(HYDRA_TABLES, build(1), step(1, 1, "b", 10, 40))
        postgres.run(
            "alter table BuildSteps rename to Steps; create view BuildSteps as select * from Steps "
            "where pg_terminate_backend(pg_backend_pid());"
        )
        ended = self.farm().run("import-trace", "--hydra-db", postgres.where)
        self.assertEnded(ended, 1, "Hydra's database: ")
        self.assertEqual(ended.out, "")

    def test_a_database_that_is_not_there_is_an_error(self):
        for where in ("host=/nowhere dbname=hydra", "dbi:Pg:dbname=hydra;host=/nowhere;", "postgresql:///hydra?host=/nowhere"):
            ended = self.farm().run("import-trace", "--hydra-db", where)
            self.assertEnded(ended, 1, "Hydra's database: cannot be reached, or went away: ", "/nowhere")


class Traces(FarmTest):
    def trace(self, farm, text, name="trace.csv"):
        path = farm.folder / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    def test_a_simulation_has_the_promised_json(self):
        farm = self.farm(pools={PLAIN: pool(pricePerHour=2)})
        trace = self.trace(farm, HEADER + f"0,600,{PLAIN},,a\n30,60,{PLAIN},,b\n", "trace.csv.gz")
        ended = farm.run("simulate", farm.conf, "--trace", trace, "--json", "--boot", "60", "--seed", "3")
        self.assertEnded(ended, 0)
        document = json.loads(ended.out)
        self.assertEqual(document["formatVersion"], 1)
        figures = document["pools"][PLAIN]
        self.assertEqual(set(figures["hours"]), {"busy", "boot", "idle", "drain"})
        self.assertEqual(set(figures["wait"]), {"mean", "p50", "p95", "p99", "max"})
        self.assertEqual(set(figures["lowerBound"]), {"work", "level"})
        self.assertEqual((figures["steps"], figures["boots"], figures["peakMachines"]), (2, 1, 1))
        self.assertAlmostEqual(sum(figures["hours"].values()), figures["machineHours"], delta=0.001)
        self.assertAlmostEqual(figures["cost"], 2 * figures["machineHours"], delta=0.001)

    def test_a_simulation_has_a_table_and_a_page(self):
        farm = self.farm()
        trace = self.trace(farm, HEADER + f"0,600,{PLAIN},,a\n")
        ended = farm.run("simulate", farm.conf, "--trace", trace, "--boot", "60", "--html", farm.folder / "page.html")
        self.assertEnded(ended, 0)
        for word in (PLAIN, "machine-hours", "wait", "lower bounds", "boots"):
            self.assertIn(word, ended.out)
        page = (farm.folder / "page.html").read_text()
        self.assertEqual(page.count("<figure>"), 4)
        for words in ("60 s, given", str(trace), str(farm.conf), "hydra-provisioner "):
            self.assertIn(words, page)
        self.assertNotIn("http", page)  # nothing from elsewhere
        self.assertNotIn("style=", page)

    def test_two_configurations_are_shown_beside_each_other(self):
        farm = self.farm(pools={PLAIN: pool(pricePerHour=2), "riscv64-linux": pool()}, currency="EUR")
        old = farm.folder / "old.nix"
        old.write_text(farm.conf.read_text())
        farm.configure(pools={PLAIN: pool(pricePerHour=1)}, currency="EUR")
        trace = self.trace(farm, HEADER + f"0,600,{PLAIN},,a\n")
        command = ["simulate", farm.conf, "--trace", trace, "--against", old]
        ended = farm.run(*command, "--html", farm.folder / "page.html")
        self.assertEnded(ended, 0)
        self.assertRegex(ended.out, r"  cost +\d\.\d\d EUR +\d\.\d\d EUR +−50.0 %\n")
        self.assertIn("only in the old configuration:\nriscv64-linux ", ended.out)
        page = (farm.folder / "page.html").read_text()
        self.assertIn("−50.0 %", page)
        self.assertIn("This type is only in the old configuration.", page)
        document = json.loads(farm.run(*command, "--json").out)
        self.assertEqual(document["currency"], "EUR")
        self.assertEqual(set(document["against"]["pools"]), {PLAIN, "riscv64-linux"})
        self.assertAlmostEqual(document["against"]["pools"][PLAIN]["cost"], 2 * document["pools"][PLAIN]["cost"], delta=1e-5)

    def test_errors_of_the_other_configuration_name_its_file(self):
        farm = self.farm()
        trace = self.trace(farm, HEADER + f"0,600,{PLAIN},,a\n")
        wrong = farm.folder / "old.nix"
        wrong.write_text("{ systemTypes = 1; }")
        self.assertEnded(farm.run("simulate", farm.conf, "--trace", trace, "--against", wrong), 78, f"{wrong}: systemTypes")
        missing = farm.folder / "none.nix"
        self.assertEnded(farm.run("simulate", farm.conf, "--trace", trace, "--against", missing), 78, f"{missing}: ")

    def test_a_simulation_says_which_types_should_be_one(self):
        features = ("", "kvm", "big-parallel")
        alike = pool(runnablesPerMachine=1, gracePeriod=600)
        farm = self.farm(pools={":".join(filter(None, (PLAIN, each))): alike for each in features})
        rows = [f"{60 * n},120,{PLAIN},{features[n % 3]},\n" for n in range(60)]
        trace = self.trace(farm, HEADER + "".join(rows))
        ended = farm.run("simulate", farm.conf, "--trace", trace, "-v")
        self.assertEnded(ended, 0)
        types = f"{PLAIN}, {PLAIN}:big-parallel, {PLAIN}:kvm"
        words = rf"merging {types} into one type: −\d+ % machine-hours, mean wait \d.* instead of \d.*; see tune"
        self.assertRegex(ended.out.splitlines()[-1], f"^{words}$")
        plain = farm.run("simulate", farm.conf, "--trace", trace, "--json", "-v")
        self.assertEqual(plain.err, ended.err, "what machines would do as one type is not shown")
        self.assertNotIn("merg", plain.out)

    def test_bad_traces_are_errors_that_name_their_place(self):
        farm = self.farm()
        for text, message in {
            "": "trace.csv: empty",
            HEADER: "trace.csv: no step in it",
            "ready_at,system\n": 'trace.csv:1: no column "duration_s"',
            HEADER + f"0,-5,{PLAIN},,\n": 'trace.csv:2: duration_s: "-5" is negative',
            HEADER + f"0,1e40,{PLAIN},,\n": 'trace.csv:2: duration_s: "1e40" is more than',
            HEADER + f"0,5,{PLAIN},,\n9,5": "trace.csv:3: 2 columns, the header has 5; is the file truncated?",
            HEADER + "0,5,x86 64,,\n": 'trace.csv:2: system: "x86 64"',
            "\x1f\x8b": "trace.csv:",
        }.items():
            trace = self.trace(farm, text)
            for verb in (["simulate"], ["tune"]):
                ended = farm.run(*verb, farm.conf, "--trace", trace)
                self.assertEnded(ended, 1, message)
                self.assertEqual(ended.out, "")
        self.assertEnded(farm.run("simulate", farm.conf, "--trace", farm.folder / "none"), 1, "there is no such file")
        self.assertEnded(farm.run("simulate", farm.conf), 64, "which trace?")
        self.assertEnded(farm.run("simulate", "none.nix", "--trace", trace), 78)

    def test_unsorted_rows_and_steps_without_a_type_are_taken(self):
        farm = self.farm()
        trace = self.trace(farm, HEADER + f"900,5,{PLAIN},,\n0,5,riscv64-linux,,\n30,5,{PLAIN},,\n")
        ended = farm.run("simulate", farm.conf, "--trace", trace, "--json")
        self.assertEnded(ended, 0, "riscv64-linux: no type of the configuration builds its 1 step; left out")
        document = json.loads(ended.out)
        self.assertEqual(document["pools"][PLAIN]["steps"], 2)
        self.assertEqual(document["unplaceable"], [{"stepType": "riscv64-linux", "steps": 1}])

    def test_other_csv_files_are_mapped(self):
        farm = self.farm()
        other = self.trace(farm, "submit,took,what\n1600000000,60,x\n1600000100,30,y\n", "ci.csv")
        columns = ["ready_at=submit", "duration_s=took", "name=what", f"system:={PLAIN}"]
        options = [word for column in columns for word in ("--column", column)]
        ended = farm.run("import-trace", "--csv", other, *options)
        self.assertEnded(ended, 0)
        self.assertEqual(ended.out, HEADER + f"1600000000,60,{PLAIN},,x\n1600000100,30,{PLAIN},,y\n")
        self.assertEnded(farm.run("import-trace", "--csv", other), 1, 'ci.csv:1: no column "ready_at"')
        self.assertEnded(farm.run("import-trace", "--csv", other, "--column", "x"), 64, "--column")

    def test_a_generated_trace_can_be_tuned(self):
        farm = self.farm(pools={PLAIN: pool(runnablesPerMachine=1, gracePeriod=3600, pricePerHour=1)})
        trace = farm.folder / "bursts.csv.gz"
        made = farm.run("generate-trace", "bursts", "--days", "1", "--steps", "60", "--output", trace)
        self.assertEnded(made, 0)
        self.assertEnded(farm.run("generate-trace", "odd"), 64, "poisson, weekly or bursts")
        ended = farm.run("tune", farm.conf, "--trace", trace, "--json")
        self.assertEnded(ended, 0)
        tuned = json.loads(ended.out)["pools"][PLAIN]
        costs = [trial["cost"] for trial in tuned["front"]]
        waits = [trial["wait"]["mean"] for trial in tuned["front"]]
        self.assertEqual(costs, sorted(costs))
        self.assertEqual(waits, sorted(waits, reverse=True))
        self.assertLess(tuned["recommended"]["cost"], tuned["current"]["cost"])
        # What it says can be pasted, and is then as it said.
        settings = dict(line.rstrip(";").split(" = ") for line in tuned["recommended"]["nix"].splitlines())
        farm.configure(pools={PLAIN: pool(pricePerHour=1) | {k: json.loads(v) for k, v in settings.items()}})
        ended = farm.run("simulate", farm.conf, "--trace", trace, "--json")
        self.assertEnded(ended, 0)
        figures = json.loads(ended.out)["pools"][PLAIN]
        self.assertAlmostEqual(figures["cost"], tuned["recommended"]["cost"], delta=1e-6)


class RecordedSteps(FarmTest):
    """Of passes over a queue whose steps begin and end as the test says; no machine is needed for that."""

    def farm_that_saw(self, *counts):
        farm = self.farm(pools={PLAIN: pool(maxMachines=0)})
        for runnable, running in counts:
            types = {PLAIN: {"runnable": runnable, "running": running}}
            farm.queue(runnable=runnable, machineTypes=types)
            self.assertEnded(farm.run_pass(), 0)
        return farm

    def test_are_a_trace_and_can_be_simulated_and_tuned(self):
        farm = self.farm_that_saw((3, 0), (1, 2), (0, 1), (0, 0))
        first_pass = farm.journal("select min(start) from passes")[0][0]
        imported = farm.run("import-trace", "--journal")
        self.assertEnded(imported, 0)
        rows = list(csv.DictReader(io.StringIO(imported.out)))
        self.assertEqual([(row["ready_at"], row["system"]) for row in rows], [(str(first_pass), PLAIN)] * 3)
        self.assertTrue(all(float(row["duration_s"]) >= 1 for row in rows), rows)

        farm.configure(pools={PLAIN: pool()})
        simulated = farm.run("simulate", farm.conf, "--since", "1h", "--json")
        self.assertEnded(simulated, 0)
        self.assertEqual(json.loads(simulated.out)["pools"][PLAIN]["steps"], 3)
        trace = farm.folder / "trace.csv"
        trace.write_text(imported.out)
        self.assertEqual(farm.run("simulate", farm.conf, "--trace", trace, "--json").out, simulated.out)
        self.assertEnded(farm.run("tune", farm.conf, "--since", "1h", "--json"), 0)

    def test_are_missed_where_there_are_none(self):
        farm = self.farm_that_saw((0, 0))
        simulate = lambda *words: farm.run("simulate", farm.conf, *words)
        self.assertEnded(simulate("--since", "1h"), 1, "t.sqlite: no recorded pass saw a step since then")
        self.assertEnded(farm.run("import-trace", "--journal"), 1, "no recorded pass saw a step")
        farm.configure(tag="u")
        self.assertEnded(simulate("--since", "1h"), 64, "no journal of tag u, only of t")
        farm.configure(tag="t")
        self.assertEnded(simulate("--since", "1h", "--trace", "t.csv"), 64, "--trace and --since exclude each other")
        (farm.state / "t.sqlite").write_text("no journal at all")
        self.assertEnded(simulate("--since", "1h"), 1, "t.sqlite: cannot be read")
        (farm.state / "t.sqlite").unlink()
        self.assertEnded(simulate("--since", "1h"), 64, "no journal; ")


class Decisions(FarmTest):
    def test_a_daemon_decides_as_its_simulation(self):
        """Three steps for two machines: a daemon with real machines and builds, beside its simulation."""
        settings = pool(maxMachines=2, runnablesPerMachine=1, gracePeriod=4, store="host")
        settings["local"] = {"store": settings.pop("store")}
        farm = self.farm_of_daemon(pools={PLAIN: settings})
        jobs = [job(name, seconds=6) for name in ("a", "b", "c")]
        farm.start_queue_runner(jobs)
        trace = farm.folder / "trace.csv"
        trace.write_text(HEADER + "".join(f"0,6,{PLAIN},,{each['name']}\n" for each in jobs))
        simulated = farm.run("simulate", farm.conf, "--trace", trace, "--boot", "1", "-v", "--json")
        self.assertEnded(simulated, 0)

        farm.begin_daemon()
        farm.wait_for_machines(2)
        wait_for(lambda: self.decided(farm).count("gone") == 2, "both machines are gone again", farm.said)
        real = [(machine, kind, why) for machine, kind, why in self.events(farm)]
        expected = [tuple(line.split(maxsplit=4)[2:]) for line in simulated.err.splitlines()]
        expected = [(machine, kind.rstrip(":"), why) for machine, kind, why in expected]
        for machine in ("t-0", "t-1"):
            self.assertEqual(
                [kind for id, kind, _ in real if id == machine], [kind for id, kind, _ in expected if id == machine]
            )
        creations = [[event for event in events if event[1] == "requested"] for events in (real, expected)]
        self.assertEqual(*creations)  # the same machines, for the same reasons
        figures = json.loads(simulated.out)["pools"][PLAIN]
        self.assertEqual((figures["steps"], figures["boots"], figures["peakMachines"]), (3, 2, 2))

    def farm_of_daemon(self, **options):
        farm = DaemonFarm(**options)
        self.addCleanup(farm.end)
        return farm

    def events(self, farm):
        return farm.journal("select machine, kind, reason from events order by id")

    def decided(self, farm):
        return [kind for _, kind, _ in self.events(farm)]


class Bombs(FarmTest):
    def test_of_compression_do_not_fill_the_memory(self):
        farm = self.farm()
        for name, text in {"zeros": bytes(1_000_000), "rows": b"0,1,x86_64-linux,,\n" * 50_000}.items():
            trace = farm.folder / f"{name}.gz"
            with gzip.open(trace, "wb") as bomb:
                bomb.write(HEADER.encode())
                for _ in range(300):
                    bomb.write(text)
            command = [str(word) for word in farm.command("simulate", farm.conf, "--trace", trace)]
            simulation = subprocess.Popen(command, stderr=subprocess.PIPE, env=farm.environment)
            said = simulation.stderr.read().decode()
            simulation.stderr.close()
            _, simulation.returncode, usage = os.wait4(simulation.pid, 0)
            self.assertNotEqual(simulation.returncode, 0)
            self.assertIn(str(trace), said, usage.ru_maxrss)
            self.assertLess(usage.ru_maxrss, 300_000, "KiB")
