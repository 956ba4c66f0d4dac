"""The queue runner in C++, asked through Hydra's database: a real PostgreSQL, and what the queue runner does there."""

from support import program
from support.database_queue import TABLE, DatabaseQueue
from support.farm import PLAIN, pool
from support.farm_test import FarmTest
from support.postgres import Postgres


class HydraDatabase(FarmTest):
    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.end)
        cls.postgres.run(f"{TABLE} create role reader login; grant select on SystemStatus to reader;")

    def setUp(self):
        super().setUp()
        self.postgres.run("delete from SystemStatus")

    def farm(self, user="reader", **options):
        where = self.postgres.where.replace("user=hydra", f"user={user}")
        queue = {"type": "hydra-database", "database": where}
        farm = super().farm(queue=queue, statusCommand=None, pools={PLAIN: pool(runnablesPerMachine=5)}, **options)
        self.addCleanup(farm.configure, queue=None)  # at its end the farm has a queue of its own
        return farm

    def queue_runner(self, runnable):
        queue_runner = DatabaseQueue(self.postgres, runnable)
        self.addCleanup(queue_runner.stop)
        return queue_runner

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


if __name__ == "__main__":
    program.main()
