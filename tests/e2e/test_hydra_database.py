"""The queue runner in C++, asked through Hydra's database: a real PostgreSQL, and what the queue runner does there."""

import time

from support.database_queue import TABLE, DatabaseQueue
from support.farm import PLAIN, pool
from support.farm_test import FarmTest
from support.postgres import HYDRA_TABLES, Postgres
from support.waiting import wait_for

RECEIVING_OUTPUTS = 40
DAY = 86400


class DatabaseTest(FarmTest):
    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.end)
        cls.postgres.run(
            f"{TABLE} {HYDRA_TABLES} create role reader login; create role status_reader login;"
            "grant select on SystemStatus, BuildSteps, Builds to reader; grant select on SystemStatus to status_reader;"
        )

    def setUp(self):
        super().setUp()
        self.postgres.run("delete from SystemStatus; delete from BuildSteps; delete from Builds;")

    def farm(self, user="reader", settings=None, **options):
        where = self.postgres.where.replace("user=hydra", f"user={user}")
        queue = {"type": "hydra-database", "database": where}
        pools = {PLAIN: pool(**{"runnablesPerMachine": 5} | (settings or {}))}
        farm = super().farm(queue=queue, statusCommand=None, pools=pools, **options)
        self.addCleanup(farm.configure, queue=None)  # at its end the farm has a queue of its own
        return farm

    def queue_runner(self, runnable):
        queue_runner = DatabaseQueue(self.postgres, runnable)
        self.addCleanup(queue_runner.stop)
        return queue_runner


class HydraDatabase(DatabaseTest):
    def test_its_steps_are_counted_as_they_are_now(self):
        farm = self.farm()
        queue_runner = self.queue_runner(7)
        self.assertIn("7 runnable", farm.run("plan", farm.conf).out)
        queue_runner.say(12)
        self.assertIn("12 runnable", farm.run("plan", farm.conf).out)
        self.assertEnded(farm.run("check", farm.conf), 0)

    def test_machines_are_made_for_them_and_listed(self):
        farm = self.farm()
        self.queue_runner(1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEqual(len(farm.listed()), 1)

    def test_an_old_row_is_not_trusted(self):
        farm = self.farm(statusTimeout=1)
        DatabaseQueue(self.postgres, 7).stop()
        self.assertEnded(farm.run_pass(), 69, "queue.database: the queue runner does not answer")

    def test_no_row_means_that_it_is_down(self):
        self.assertEnded(self.farm().run_pass(), 69, "queue.database: the queue runner is down")

    def test_says_what_the_database_says(self):
        farm = self.farm(user="nobody_there")
        self.assertEnded(farm.run_pass(), 69, 'queue.database: ', 'role "nobody_there" does not exist')
        self.postgres.run("create role stranger login")
        self.assertEnded(self.farm(user="stranger").run_pass(), 69, "permission denied for table systemstatus")

    def test_a_database_of_something_else_is_no_hydra(self):
        farm = self.farm()
        farm.options["queue"]["database"] = farm.options["queue"]["database"].replace("dbname=postgres", "dbname=template1")
        farm.configure()
        self.assertEnded(farm.run_pass(), 69, 'relation "systemstatus" does not exist')


class StepsUnderWay(DatabaseTest):
    """A machine is not needed any more, and out of the file. By the status it has been idle for a moment."""

    def farm_with_leaving_machine(self, **options):
        farm = self.farm(quiet=3600, **options)
        farm.queue_runner = self.queue_runner(1)
        self.assertEnded(farm.run_pass(), 0)
        farm.name = f"root@{farm.listed()[0]}"
        self.say_idle(farm, enabled=True)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "draining"})
        self.say_idle(farm, enabled=False)
        return farm

    def say_idle(self, farm, enabled):
        entry = {"enabled": enabled, "currentJobs": 0, "idleSince": int(time.time())}
        farm.queue_runner.say(0, {f"ssh://{farm.name}": entry})

    def step(self, name, state=RECEIVING_OUTPUTS):
        columns = "(build, stepnr, type, drvPath, busy, startTime, machine, system)"
        values = f"(1, 1, 0, 'd', {state}, 1, 'ssh://{name}?max-connections=1', '{PLAIN}')"
        return f"insert into BuildSteps {columns} values {values} on conflict do nothing;"

    def check_that_it_stays(self, farm, why):
        self.assertRegex(farm.run("plan", farm.conf).out, why)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "draining"})

    def check_that_it_goes(self, farm):
        ended = farm.run_pass()
        self.assertEnded(ended, 0, "no job, and no step under way by Hydra's database")
        self.assertEqual(farm.states(), {})

    def test_without_any_it_goes_before_it_was_quiet(self):
        farm = self.farm_with_leaving_machine()
        self.check_that_it_goes(farm)

    def test_one_whose_outputs_are_fetched_keeps_it_although_the_status_shows_no_job(self):
        farm = self.farm_with_leaving_machine()
        self.postgres.run(self.step(farm.name))
        self.check_that_it_stays(farm, "waits: by Hydra's database 1 step is still under way")
        self.assertIn("by Hydra's database 1 step is still under way", farm.run("explain", "t-0").out)
        self.assertEnded(farm.run("replay", "latest"), 0, "byte for byte")
        self.postgres.run("update BuildSteps set busy = 0, status = 0, stopTime = 2")
        self.check_that_it_goes(farm)

    def test_they_are_asked_for_after_the_status(self):
        farm = self.farm_with_leaving_machine()
        farm.queue_runner.beside_dumps = self.step(farm.name)
        self.check_that_it_stays(farm, "waits: by Hydra's database 1 step is still under way")

    def test_those_on_other_machines_do_not_keep_it(self):
        farm = self.farm_with_leaving_machine()
        self.postgres.run(self.step("root@elsewhere"))
        self.check_that_it_goes(farm)

    def test_a_stale_one_keeps_it_until_the_queue_runner_starts_again(self):
        farm = self.farm_with_leaving_machine(statusTimeout=2)
        self.postgres.run(self.step(farm.name, state=30))
        farm.queue_runner.stop()
        self.assertEnded(farm.run_pass(), 69, "queue.database: the queue runner does not answer")
        self.assertEqual(farm.states(), {"t-0": "draining"})
        farm.queue_runner.start()
        self.say_idle(farm, enabled=False)
        self.check_that_it_goes(farm)

    def test_while_they_are_unknown_it_has_to_be_quiet(self):
        farm = self.farm_with_leaving_machine(user="status_reader")
        self.check_that_it_stays(farm, r"waits: idle \d+ s < quiet 3600 s")
        ended = farm.run_pass()
        self.assertEnded(ended, 0, "permission denied for table buildsteps; while BuildSteps cannot be read, no machine is")
        farm.configure(quiet=0)
        self.assertEnded(farm.run_pass(), 0, "≥ quiet 0 s")
        self.assertEqual(farm.states(), {})

    def test_an_answer_that_takes_too_long_is_not_waited_for(self):
        farm = self.farm_with_leaving_machine(statusTimeout=1)
        self.postgres.run(
            f"{self.step('root@elsewhere')} alter table BuildSteps rename to Steps; create view BuildSteps as "
            "select * from Steps where pg_sleep(1000) is null; grant select on BuildSteps to reader"
        )
        self.addCleanup(self.postgres.run, "drop view BuildSteps; alter table Steps rename to BuildSteps")
        self.check_that_it_stays(farm, r"waits: idle \d+ s < quiet 3600 s")
        self.assertIn("canceling statement due to statement timeout", farm.run("plan", farm.conf).out)

    def test_that_they_are_unknown_is_said_once(self):
        farm = self.farm(user="status_reader", interval=1)
        queue_runner = self.queue_runner(0)
        daemon = farm.spawn(farm.command("daemon", farm.conf), farm.folder / "daemon.log")
        wait_for(lambda: queue_runner.dumps >= 6, "some passes", (farm.folder / "daemon.log").read_text)
        daemon.terminate()
        self.assertEqual(daemon.wait(60), 0)
        self.assertEqual((farm.folder / "daemon.log").read_text().count("permission denied for table buildsteps"), 1)


class ExpectedTimes(DatabaseTest):
    def finished(self, first, job, seconds, count=10, ago=60, status=0, system=PLAIN, jobset=1):
        """So many builds of a job, each with one step."""
        numbers = f"from generate_series({first}, {first + count - 1}) n"
        stop = int(time.time()) - ago
        self.postgres.run(
            f"insert into Builds select n, 0, '{job}', 'd', 1, {jobset}, '{system}' {numbers};"
            "insert into BuildSteps (build, stepnr, type, drvPath, busy, status, startTime, stopTime, machine, system) "
            f"select n, 1, 0, 'd', 0, {status}, {stop - seconds}, {stop}, 'root@m', '{system}' {numbers}"
        )

    def queue(self, first, job, count, jobset=1):
        numbers = f"from generate_series({first}, {first + count - 1}) n"
        self.postgres.run(f"insert into Builds select n, 0, '{job}', 'd', 0, {jobset}, '{PLAIN}' {numbers}")

    def farm_by_work(self, **options):
        farm = self.farm(settings={"scaling": "work", "maxJobs": 1, "maxMachines": 1}, **options)
        farm.queue_runner = self.queue_runner(10)
        return farm

    def check_step_time(self, farm, text):
        self.assertIn(f"for 10 steps of {text} within", farm.run("plan", farm.conf).out)

    def test_are_the_means_of_the_last_week(self):
        farm = self.farm_by_work()
        self.check_step_time(farm, "unknown duration")
        self.finished(1, "quick", 60)
        self.finished(101, "slow", 540, status=1)
        self.finished(201, "cached", 9000, status=8)
        self.finished(301, "aborted", 9000, status=3)
        self.finished(401, "old", 9000, ago=8 * DAY)
        self.finished(501, "other", 9000, system="aarch64-linux")
        self.check_step_time(farm, "300 s")
        self.assertEnded(farm.run_pass(), 0)
        self.assertIn("for 10 steps of 5 min within", farm.run("explain", PLAIN).out)
        self.assertEnded(farm.run("replay", "latest"), 0, "byte for byte")

    def test_are_those_of_the_jobs_that_wait(self):
        farm = self.farm_by_work()
        self.finished(1, "job", 60)
        self.finished(101, "slow", 600)
        self.queue(1001, "job", 3)
        self.queue(1011, "slow", 1)
        self.check_step_time(farm, "195 s")
        self.queue(1021, "new", 4)  # counts like the average build
        self.check_step_time(farm, "262 s")
        self.queue(1031, "slow", 8, jobset=2)  # of another jobset, so it is new, too
        self.check_step_time(farm, "296 s")

    def test_a_job_of_many_steps_counts_by_all_of_them(self):
        farm = self.farm_by_work()
        self.finished(1, "job", 10, count=5)
        self.postgres.run(
            "insert into BuildSteps select build, n, type, drvPath, busy, status, errorMsg, startTime, stopTime, machine, system "
            "from BuildSteps, generate_series(2, 20) n"
        )
        self.finished(101, "slow", 600, count=5)
        self.queue(1001, "job", 1)
        self.queue(1011, "slow", 1)
        self.check_step_time(farm, "38 s")  # (20 * 10 + 600) / 21

    def test_without_them_the_queue_runners_own_mean_counts(self):
        farm = self.farm_by_work(user="status_reader")
        entry = {"enabled": True, "currentJobs": 0, "idleSince": 1, "nrStepsDone": 10, "totalStepTime": 420}
        farm.queue_runner.say(10, {"root@elsewhere": entry | {"systemTypes": [PLAIN], "mandatoryFeatures": []}})
        self.finished(1, "quick", 60)
        self.check_step_time(farm, "42 s")
        why = 'while BuildSteps and Builds cannot be read, scaling = "work" counts with the queue runner\'s own mean'
        self.assertEnded(farm.run_pass(), 0, why)


class IndicesOfHydra(DatabaseTest):
    def setUp(self):
        super().setUp()
        self.postgres.run(
            "insert into Builds select n, 0, 'job', 'd', 1, 1, 'x86_64-linux' from generate_series(1, 20000) n;"
            "insert into BuildSteps (build, stepnr, type, drvPath, busy, status, startTime, stopTime, machine, system) "
            "select n, 1, 0, 'd', 0, 0, n, n + 60, 'root@m', 'x86_64-linux' from generate_series(1, 20000) n; analyze;"
        )

    def uses(self, column):
        statistics = f"pg_stat_user_indexes where indexrelname = 'indexbuildstepson{column}'"
        return int(self.postgres.value(f"select idx_scan from {statistics}"))

    def test_serve_both_questions_of_which_the_dear_one_is_asked_rarely(self):
        farm = self.farm(settings={"scaling": "work"}, interval=1)
        self.queue_runner(0)
        busy, stop_time = self.uses("busy"), self.uses("stoptime")
        log = farm.folder / "daemon.log"
        daemon = farm.spawn(farm.command("daemon", farm.conf), log)
        wait_for(lambda: self.uses("busy") >= busy + 4, "some passes", log.read_text)
        daemon.terminate()
        self.assertEqual(daemon.wait(60), 0)
        self.assertEqual(self.uses("stoptime"), stop_time + 1)
