"""What calls the daemon to a pass. Here none is due within an hour, so whatever happens was called for."""

import os
import re
import signal
import time

from support.daemon_farm import DaemonTest, ServiceManager
from support.database_queue import TABLE, DatabaseQueue
from support.exec_farm import PROVIDER, ExecDaemonFarm, exec_pool
from support.farm import PLAIN, pool
from support.nix_text import Expression
from support.postgres import HYDRA_TABLES, Postgres
from support.shared_farm import SharedTest
from support.waiting import wait_for

HOUR = 3600


class CallTest(DaemonTest):
    def settled_farm(self, machines=1, **options):
        """Its machines are there, and nothing changes any more."""
        farm = self.farm(**{"interval": HOUR} | options)
        farm.queue(runnable=1)
        farm.configure(pools={PLAIN: pool(minMachines=machines, maxMachines=3)})
        self.begin(farm, machines)
        return farm

    def begin(self, farm, machines):
        farm.manager = ServiceManager(farm)
        farm.daemon = farm.begin_daemon("-v")
        self.wait_until_settled(farm, machines)

    def wait_until_settled(self, farm, machines):
        """The next pass is due in half an hour or more, when it would be known what the machines are idle for."""
        status = rf"STATUS={machines} machines?: {machines} ready; next pass in \d{{4}} s"

        def settled():
            return farm.manager.has_heard("STATUS=") and re.fullmatch(status, farm.manager.told[-1])

        wait_for(settled, f"{machines} are ready, and nothing changes", lambda: farm.manager.told)


class Orders(CallTest):
    def test_an_order_is_obeyed_at_once(self):
        farm = self.settled_farm()
        self.assertEnded(farm.run("drain", "t-0"), 0)
        farm.wait_until_said("t-0: draining: ordered by ")
        farm.wait_until_said("a pass before it is due: an order")
        self.stop(farm)


class Configuration(CallTest):
    def test_a_changed_one_is_read_at_once(self):
        farm = self.settled_farm()
        farm.configure(pools={PLAIN: pool(minMachines=2)})
        farm.wait_for_machines(2)
        self.stop(farm)

    def test_so_is_a_file_that_it_imports_and_a_link_on_the_way_to_it(self):
        farm = self.farm(interval=HOUR)
        for number in (1, 2):
            folder = farm.folder / f"generation-{number}"
            (folder / "farm").mkdir(parents=True)
            (folder / "farm/pools.nix").write_text(f'{{ "{PLAIN}" = {{ local = {{ }}; minMachines = {number}; maxMachines = 3; }}; }}')
        current = farm.folder / "current"
        current.symlink_to("generation-1")
        farm.configure(pools=Expression("import ./current/farm/pools.nix"))
        self.begin(farm, 1)
        (farm.folder / "new").symlink_to("generation-2")
        (farm.folder / "new").rename(current)
        self.wait_until_settled(farm, 2)
        pools = farm.folder / "generation-2/farm/pools.nix"
        pools.write_text(pools.read_text().replace("minMachines = 2", "minMachines = 3"))
        farm.wait_for_machines(3)
        self.stop(farm)

    def test_a_wrong_one_is_tried_again_when_it_is_mended(self):
        farm = self.settled_farm()
        good = farm.conf.read_text()
        farm.conf.write_text("{")
        farm.wait_until_said("not used; the configuration stays as it was")
        farm.conf.write_text(good.replace('"minMachines" = 1', '"minMachines" = 2'))
        farm.wait_for_machines(2)
        self.stop(farm)

    def test_other_files_beside_it_call_for_nothing(self):
        farm = self.settled_farm()
        for number in range(20):
            (farm.folder / f"note-{number}").write_text("of another program")
        farm.configure(pools={PLAIN: pool(minMachines=2)})
        farm.wait_for_machines(2)
        self.assertEqual(farm.said().count("a pass before it is due: the configuration has changed"), 1)
        self.stop(farm)


class LocalMachines(CallTest):
    def test_one_that_ends_is_replaced_at_once(self):
        farm = self.settled_farm()
        os.kill(farm.sshd("t-0"), signal.SIGKILL)
        farm.wait_until_said("t-1: ready")
        farm.wait_for_machines(1)
        self.stop(farm)

    def test_so_is_one_that_an_earlier_daemon_has_made(self):
        farm = self.settled_farm()
        self.stop(farm)
        farm.manager.close()
        self.begin(farm, 1)
        os.kill(farm.sshd("t-0"), signal.SIGKILL)
        farm.wait_until_said("t-1: ready")
        self.stop(farm)


class Operations(CallTest):
    def begin_creation(self):
        farm = ExecDaemonFarm(interval=HOUR)
        self.addCleanup(farm.end)
        farm.configure(pools={PLAIN: exec_pool(farm.folder)})
        farm.provider_fails(create="hang")
        farm.queue(runnable=1)
        farm.daemon = farm.begin_daemon("-v")
        wait_for(lambda: self.creating(farm), "the creation hangs", farm.said)
        return farm

    def creating(self, farm):
        """The provider's processes that hang."""
        return [pid for pid, words in farm.processes().items() if str(PROVIDER) in words]

    def end_creation(self, farm):
        """While it is under way, passes come every two seconds: after the first, its process is known."""
        farm.wait_for_passes()
        for pid in self.creating(farm):
            os.kill(pid, signal.SIGKILL)
        farm.wait_until_said("a pass before it is due: an operation or a local machine has ended")
        farm.provider_fails()
        self.stop(farm)

    def test_the_end_of_one_is_noticed_at_once(self):
        self.end_creation(self.begin_creation())

    def test_so_is_one_that_an_earlier_daemon_has_begun(self):
        farm = self.begin_creation()
        farm.daemon.kill()
        farm.daemon.wait()
        farm.daemon = farm.begin_daemon("-v")
        self.end_creation(farm)


class Status(CallTest):
    def test_more_steps_call_for_machines_while_some_wait(self):
        farm = self.settled_farm(statusInterval=1)
        farm.queue(runnable=10)
        farm.wait_for_machines(2)
        farm.wait_until_said("a pass before it is due: the status: create t-1: ")
        self.stop(farm)

    def test_a_machine_that_is_not_needed_any_more_leaves(self):
        farm = self.settled_farm(statusInterval=1)
        farm.queue(runnable=10)
        self.wait_until_settled(farm, 2)
        farm.idle()
        farm.wait_until_said("a pass before it is due: the status: drain t-")
        wait_for(lambda: len(farm.folders()) == 1, "it is gone", farm.said)
        self.stop(farm)

    def test_what_changes_no_decision_calls_for_nothing(self):
        farm = self.settled_farm(statusInterval=1)
        for runnable in (2, 3, 4):  # one machine is wanted for five
            farm.queue(runnable=runnable)
            reads = farm.reads.stat().st_size
            wait_for(lambda before=reads: farm.reads.stat().st_size > before + 1, "it has looked", farm.said)
        self.assertNotIn("a pass before it is due: the status", farm.said())
        self.stop(farm)

    def test_nothing_is_asked_while_nothing_waits_or_runs(self):
        farm = self.farm(statusInterval=1, interval=2)
        farm.daemon = farm.begin_daemon()
        farm.wait_for_passes(3)
        self.stop(farm)
        passes = farm.journal("select count(*) from passes")[0][0]
        self.assertEqual(farm.reads.read_text().count("\n"), passes)


class HydraDatabase(CallTest):
    """A queue runner that is asked through Hydra's database, and the notifications there."""

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.end)
        cls.postgres.run(f"{TABLE} {HYDRA_TABLES}")

    def setUp(self):
        super().setUp()
        self.postgres.run("delete from SystemStatus; delete from BuildSteps; delete from Builds;")
        self.queue_runner = DatabaseQueue(self.postgres, 0)
        self.addCleanup(self.queue_runner.stop)

    def farm(self, **options):
        queue = {"type": "hydra-database", "database": self.postgres.where}
        farm = super().farm(**{"interval": HOUR, "statusTimeout": 2} | options)
        farm.configure(queue=queue, statusCommand=None)
        self.addCleanup(farm.configure, queue=None)
        return farm

    def listening_farm(self, **options):
        farm = self.farm(**options)
        farm.daemon = farm.begin_daemon("-v")
        farm.wait_until_said("queue.database: notifications of steps are heard")
        return farm

    def notify(self, channel):
        self.postgres.run(f"notify {channel}, '1'")

    def test_added_builds_call_for_machines(self):
        farm = self.listening_farm()
        self.queue_runner.say(1)
        self.notify("builds_added")
        farm.wait_for_machines(1)
        self.stop(farm)

    def test_a_queue_runner_that_needs_a_moment_to_note_them_is_waited_for(self):
        farm = self.listening_farm()
        dumps = self.queue_runner.dumps
        self.notify("builds_added")
        wait_for(lambda: self.queue_runner.dumps >= dumps + 2, "it is asked again", farm.said)
        self.queue_runner.say(1)
        farm.wait_for_machines(1)
        self.stop(farm)

    def test_ended_steps_let_machines_go(self):
        farm = self.listening_farm()
        self.queue_runner.say(1)
        self.notify("builds_added")
        farm.wait_for_machines(1)
        entry = {"enabled": False, "currentJobs": 0, "idleSince": 1}
        self.queue_runner.say(0, {f"root@{farm.listed()[0]}": entry})
        self.notify("step_finished")
        wait_for(lambda: not farm.folders(), "the machine is gone", farm.said)
        self.stop(farm)

    def test_a_flood_costs_no_pass_and_no_more_than_a_look_a_second(self):
        farm = self.listening_farm()
        wait_for(lambda: farm.journal("select count(*) from passes")[0][0] == 1, "the first pass has asked", farm.said)
        dumps, began = self.queue_runner.dumps, time.monotonic()
        self.postgres.run("do $$ begin for n in 1..20000 loop perform pg_notify('step_started', n::text); end loop; end $$")
        for _ in range(50):
            self.notify("step_finished")
        self.assertLessEqual(self.queue_runner.dumps - dumps, time.monotonic() - began + 2)
        self.assertNotIn("a pass before it is due", farm.said())
        self.queue_runner.say(1)
        self.notify("builds_added")
        farm.wait_for_machines(1)
        self.stop(farm)

    def test_a_lost_connection_is_said_once_and_made_again(self):
        farm = self.listening_farm()
        end = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%listen%' and pid <> pg_backend_pid()"
        self.postgres.run(end)
        farm.wait_until_said("until its notifications are heard again, the status is asked every `statusInterval`")
        farm.wait_until_said("queue.database: notifications of steps are heard again")
        self.queue_runner.say(1)
        self.notify("builds_added")
        farm.wait_for_machines(1)
        self.assertEqual(farm.said().count("until its notifications are heard again"), 1, farm.said())
        self.stop(farm)


class SharedOrders(SharedTest):
    def test_an_order_that_is_given_on_a_standby_is_obeyed_at_once(self):
        alpha, beta = self.two_daemons(interval=HOUR)
        self.assertEnded(beta.run("drain", "t-0"), 0)
        alpha.wait_until_said("t-0: draining: ordered by ")
        for host in (alpha, beta):
            host.daemon.terminate()
            self.assertEqual(host.daemon.wait(60), 0, host.said())
