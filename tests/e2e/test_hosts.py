"""Several hosts with a journal that they share in PostgreSQL: one leads, and another goes on when it ends."""

import json
import shutil
import stat
import time

from support.exec_farm import PROVIDER
from support.farm import PLAIN, fill
from support.postgres import USER, Postgres
from support.shared_farm import SharedTest
from support.waiting import wait_for

LEADS = "this host leads from now on"


class Leading(SharedTest):
    def test_another_goes_on_at_once_when_the_leader_ends(self):
        alpha, beta = self.two_daemons()
        self.stop(alpha)
        beta.wait_until_said(LEADS)
        self.check_that_it_goes_on(beta, alpha)

    def test_another_goes_on_when_the_leader_is_killed(self):
        alpha, beta = self.two_daemons()
        alpha.daemon.kill()
        beta.wait_until_said(LEADS)
        self.check_that_it_goes_on(beta, alpha)

    def test_a_leader_that_was_stopped_for_a_while_does_nothing_more(self):
        alpha, beta = self.two_daemons()
        alpha.pause()
        beta.wait_until_said(LEADS)
        alpha.queue(runnable=0)
        wait_for(lambda: not alpha.provided(), "beta destroys the machine", beta.said)
        before = alpha.said()
        alpha.queue(runnable=1)  # so that there is something to do for a host that thinks it leads
        alpha.go_on()
        alpha.wait_until_said("beta leads (process ")
        alpha.wait_for_machines(1)
        self.assertNotRegex(alpha.said().removeprefix(before), "(?m)^t-|placeholder|written")
        self.assertFalse((alpha.state / "logs/t-1.log").exists())
        self.assertTrue((beta.state / "logs/t-1.log").exists())

    def test_status_tells_on_each_host_who_leads_and_who_stands_by(self):
        alpha, beta = self.two_daemons()
        for host in (alpha, beta):
            shown = host.shown()
            self.assertEqual(shown["passMaker"]["host"], "alpha")
            self.assertEqual(shown["passMaker"]["process"], alpha.daemon.pid)
            self.assertEqual([standby["host"] for standby in shown["standbys"]], ["beta"])
            self.assertIn("on alpha, since ", host.run("status", host.conf).out)
            self.assertIn("beta stands by", host.run("status", host.conf).out)

    def test_goes_by_the_clock_of_the_database(self):
        alpha, beta = self.two_hosts(quiet=3600)
        beta.set_clock_ahead(3 * 3600)
        alpha.queue(runnable=1)
        alpha.begin()
        alpha.wait_for_machines(1)
        entry = {"enabled": False, "currentJobs": 0, "idleSince": int(time.time())}
        alpha.queue(machines={"root@127.84.0.1": entry})
        alpha.wait_for_machines(0)
        alpha.daemon.kill()
        beta.begin()
        beta.wait_for_passes(3)
        self.assertEqual(beta.leader(), "beta")
        self.assertEqual(beta.states(), {"t-0": "draining"}, beta.said())
        self.assertIn("last pass ", beta.run("status", beta.conf).out)
        beta.queue(runnable=1)
        beta.wait_for_machines(1)
        beta.configure(quiet=0)

    def test_status_tells_of_all_tags_in_the_database(self):
        alpha, _ = self.two_daemons()
        other = self.host("gamma", alpha.options["journal"], tag="u")
        self.assertEnded(other.run_pass(), 0)
        shown = other.run("status", "--all", other.conf).out
        self.assertRegex(shown, r"(?m)^ +t +\S.* ago +alpha +beta +1 ready")
        self.assertRegex(shown, r"(?m)^ +u +\S.* ago +- +- +none")

    def test_of_single_passes_on_two_hosts_one_works(self):
        alpha, beta = self.two_hosts()
        alpha.provider_fails(create="hang")
        alpha.queue(runnable=1)
        first = alpha.begin_pass()
        wait_for(lambda: alpha.requests("create"), "alpha creates a machine")
        self.assertEnded(beta.run_pass(), 75, "alpha leads (process ", "nothing was done")
        self.assertEqual(len(alpha.requests("create")), 1)
        first.terminate()
        self.assertEqual(first.wait(60), 0)
        self.assertEnded(beta.run_pass(), 0)

    def test_orders_of_any_host_are_obeyed(self):
        alpha, beta = self.two_daemons()
        self.assertEnded(beta.run("pause", "--tag", "t", "--journal", beta.options["journal"]), 0)
        self.assertIn("pause", alpha.run("status", alpha.conf).out)
        self.assertEnded(alpha.run("resume"), 0)
        self.assertIn("everything goes on", beta.run("history", "--journal", beta.options["journal"]).out)

    def stop(self, host):
        host.daemon.terminate()
        self.assertEqual(host.daemon.wait(60), 0, host.said())

    def check_that_it_goes_on(self, leader, before):
        """With the machine that there is, and with another one that is needed."""
        leader.queue(runnable=7)
        leader.wait_for_machines(2)
        self.assertEqual(leader.states(), {"t-0": "ready", "t-1": "ready"})
        self.assertEqual([request["machine"] for request in before.requests("create")], ["t-0", "t-1"])
        self.assertEqual(before.requests("destroy"), [])


class ThreeHosts(SharedTest):
    def test_lead_one_after_the_other(self):
        alpha, beta = self.two_daemons()
        gamma = self.host("gamma", alpha.options["journal"], alpha)
        gamma.begin()
        gamma.wait_until_said("alpha leads (process ")
        self.wait_for_standbys(gamma, "beta", "gamma")

        alpha.daemon.kill()
        second = wait_for(lambda: next((host for host in (beta, gamma) if LEADS in host.said()), None), "another host leads")
        third = gamma if second is beta else beta
        third.wait_until_said(f"{second.name} leads (process ")
        self.wait_for_standbys(third, third.name)
        self.check_that_it_works(second, 2)

        second.daemon.terminate()
        self.assertEqual(second.daemon.wait(60), 0, second.said())
        third.wait_until_said(LEADS)
        self.wait_for_standbys(third)

        alpha.begin()
        alpha.wait_until_said(f"{third.name} leads (process ")
        self.wait_for_standbys(second, "alpha")
        self.assertEqual(second.leader(), third.name)
        self.check_that_it_works(third, 1)
        self.assertEqual([request["machine"] for request in alpha.requests("create")], ["t-0", "t-1"])
        self.assertEqual(len(alpha.requests("destroy")), 1)

    def wait_for_standbys(self, host, *names):
        """As it shows them, wherever it runs itself."""
        shown = lambda: [standby["host"] for standby in host.shown().get("standbys", [])]
        wait_for(lambda: shown() == list(names), f"{names} stand by", shown)

    def check_that_it_works(self, leader, machines):
        leader.queue(runnable=5 * machines)
        leader.wait_for_machines(machines)
        wait_for(lambda: len(leader.provided()) == machines, f"there are {machines} machines", leader.said)
        self.assertEqual(list(leader.states().values()), ["ready"] * machines)


class JobsOfAnotherHost(SharedTest):
    def test_are_left_alone_while_they_may_go_on(self):
        alpha, beta = self.two_hosts()
        alpha.provider_fails(create="hang")
        alpha.queue(runnable=1)
        self.begin_and_kill_a_pass(alpha)
        self.assertEnded(beta.run_pass(), 0)
        self.assertEqual(beta.states(), {"t-0": "creating"})
        self.assertIn("create under way on alpha", beta.run("status", beta.conf).out)
        self.assertEqual(len(alpha.requests("create")), 1)

    def test_are_carried_on_once_the_provider_shows_their_outcome(self):
        alpha, beta = self.two_hosts()
        alpha.queue(runnable=1)
        self.begin_and_kill_a_pass(alpha)
        beta.passes_until(lambda: beta.states() == {"t-0": "ready"}, "beta has the machine")
        self.assertEqual(len(alpha.requests("create")), 1)

    def test_are_begun_again_by_their_own_host(self):
        alpha, beta = self.two_hosts()
        alpha.provider_fails(create="hang")
        alpha.queue(runnable=1)
        self.begin_and_kill_a_pass(alpha)
        self.assertEnded(beta.run_pass(), 0)
        alpha.wait_until_ended(f"{alpha.program} --state-dir {alpha.state} run-job")
        (alpha.home / "faults.json").unlink()
        alpha.passes_until(lambda: alpha.states() == {"t-0": "ready"}, "alpha has the machine")

    def test_destroy_nothing_once_another_host_has_led(self):
        alpha, beta = self.two_hosts()
        alpha.queue(runnable=1)
        self.assertEnded(alpha.run_pass(), 0)
        led = self.postgres.ask(alpha.options["journal"], 'select host, epoch from "provisioner-t".leader')
        host, epoch = led.split("|")
        self.assertEnded(beta.run_pass(), 0)
        request = {
            "machine": "t-0",
            "operation": "destroy",
            "provider": "exec",
            "pool": PLAIN,
            "settings": json.dumps({"exec": {"command": [str(PROVIDER)], "settings": {"folder": str(alpha.home)}}}),
            "deadlineSeconds": 30,
            "lead": {"server": alpha.options["journal"], "tag": "t", "host": host, "epoch": int(epoch)},
        }
        (alpha.state / "jobs").mkdir(exist_ok=True)
        (alpha.state / "jobs/t-0.request.json").write_text(json.dumps(request))
        self.assertEnded(alpha.run("run-job", "t", "t-0"), 0)
        result = json.loads((alpha.state / "jobs/t-0.result.json").read_text())
        self.assertIn("not carried out: the host beta has led since this began", result["error"])
        self.assertEqual(alpha.requests("destroy"), [])
        self.assertEqual(alpha.provided(), ["t-0"])

    def begin_and_kill_a_pass(self, host):
        running = host.begin_pass()
        wait_for(lambda: host.requests("create"), "a machine is being created")
        running.kill()
        running.wait(60)


class Database(SharedTest):
    def test_that_restarts_is_waited_for(self):
        alpha, beta = self.two_daemons()
        self.postgres.restart()
        alpha.queue(runnable=7)
        alpha.wait_for_machines(2)
        self.assertEqual(sorted(alpha.states().values()), ["ready", "ready"])
        self.assertEqual(alpha.requests("destroy"), [])
        self.assertEqual(len(alpha.requests("create")), 2)

    def test_that_is_down_ends_no_machine_and_changes_no_file(self):
        alpha, _ = self.two_daemons()
        content = alpha.machines_file.read_text()
        self.postgres.stop()
        alpha.queue(runnable=0)
        alpha.wait_until_said("cannot be read: connection to server")
        self.assertEqual(alpha.machines_file.read_text(), content)
        self.assertEqual(alpha.provided(), ["t-0"])
        self.postgres.start()
        wait_for(lambda: not alpha.provided(), "the machine is destroyed", alpha.said)

    def test_that_is_read_only_is_told_and_ends_no_machine(self):
        alpha, _ = self.two_daemons()
        self.postgres.run("alter role hydra set default_transaction_read_only = on; "
                          "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'prov%'")
        alpha.queue(runnable=0)
        alpha.wait_until_said("it must be the primary server")
        self.assertEqual(alpha.provided(), ["t-0"])
        self.postgres.run("begin; set transaction read write; alter role hydra reset default_transaction_read_only; commit")
        wait_for(lambda: not alpha.provided(), "the machine is destroyed", alpha.said)

    def test_that_is_full_is_told_and_ends_no_machine(self):
        alpha = self.host("alpha", self.postgres.where.replace("dbname=postgres", "dbname=small"))
        disk = alpha.folder / "disk"
        alpha.mount(disk, "size=24m,mode=700")
        shutil.chown(disk, **USER)
        alpha.folder.chmod(0o755)
        self.postgres.run(f"create tablespace small location '{disk}'")
        self.postgres.run("create database small tablespace small")
        self.addCleanup(self.postgres.run, "drop tablespace small")
        self.addCleanup(self.postgres.run, "drop database small with (force)")
        self.addCleanup(alpha.end_children)
        alpha.queue(runnable=1)
        alpha.begin()
        alpha.wait_for_machines(1)
        fill(disk / "filler")
        advice = "look after the free space of the database server"
        wait_for(lambda: advice in alpha.run("protect", "t-0").err, "an order finds no space", alpha.said)
        self.assertEqual(len(alpha.listed()), 1)
        self.assertEqual(alpha.provided(), ["t-0"])
        (disk / "filler").unlink()
        alpha.run("protect", "t-0", "--off")  # if an earlier order found some
        alpha.queue(runnable=0)
        wait_for(lambda: not alpha.provided(), "the machine is destroyed", alpha.said)

    def test_that_cannot_be_used_is_told(self):
        alpha = self.host("alpha", self.postgres.where.replace("dbname=postgres", "dbname=nowhere"))
        self.assertEnded(alpha.run_pass(), 1, 'database "nowhere" does not exist', "dbname=nowhere")
        self.assertEnded(alpha.run("status", alpha.conf), 1, 'database "nowhere" does not exist')
        alpha.configure(journal="postgresql://[")
        self.assertEnded(alpha.run_pass(), 78, "conf.nix: journal: ")
        alpha.configure(journal=self.database())


class Failover(SharedTest):
    def test_to_a_copy_that_lacks_the_last_commits_loses_no_machine(self):
        original = Postgres()
        self.addCleanup(original.end)
        copy = Postgres(original)
        self.addCleanup(copy.end)
        servers = f"user=hydra dbname=postgres target_session_attrs=read-write host={original.folder},{copy.folder}"
        alpha = self.host("alpha", servers)
        beta = self.host("beta", servers, alpha)
        alpha.queue(runnable=1)
        alpha.begin()
        alpha.wait_for_machines(1)
        beta.begin()
        beta.wait_until_said("alpha leads (process ")
        behind = "select count(*) from pg_stat_replication where replay_lsn < pg_current_wal_lsn()"
        wait_for(lambda: original.value(behind) == "0", "the copy has all so far")
        copy.kill()
        alpha.queue(runnable=7)
        alpha.wait_for_machines(2)
        original.kill()
        copy.start()
        copy.promote()
        wait_for(lambda: sorted(alpha.states().values()) == ["ready", "ready"], "both are known again", alpha.said)
        alpha.wait_for_machines(2)
        self.assertEqual([request["machine"] for request in alpha.requests("create")], ["t-0", "t-1"])
        self.assertEqual(alpha.requests("destroy"), [])
        self.assertIn("t-1: found at its provider, but not in the journal; taken over", alpha.said() + beta.said())


class Moving(SharedTest):
    def test_a_journal_moves_to_a_database_and_back(self):
        farm = self.host("alpha", None)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        where = self.database()
        file = farm.state / "t.sqlite"
        farm.configure(journal=where)
        self.assertEnded(farm.run_pass(), 1, "journal move", str(file))
        self.assertEnded(farm.run("journal", "move", file, where), 0, "1 machines", "compared", ".sqlite.moved-")
        self.assertFalse(file.exists())
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertIn("t-0", farm.run("history").out)
        farm.configure(journal=None)
        self.assertEnded(farm.run_pass(), 1, "neither `journal` nor --journal says so")
        self.assertEnded(farm.run("journal", "move", where, file), 0)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEqual(farm.requests("destroy"), [])
        self.assertEqual(len(farm.requests("create")), 1)

    def test_a_journal_is_never_overwritten(self):
        alpha, beta = self.two_hosts()
        alpha.queue(runnable=1)
        self.assertEnded(alpha.run_pass(), 0)
        beta.configure(journal=None, tag="t")
        self.assertEnded(beta.run_pass(), 1)
        where = alpha.options["journal"]
        command = ["journal", "move", beta.state / "t.sqlite", where]
        self.assertEnded(beta.run(*command), 1, "the machines of this journal belong to ")
        (beta.state / "owner").write_text((alpha.state / "owner").read_text())
        self.assertEnded(beta.run("journal", "move", beta.state / "t.sqlite", where), 1, "has a journal of tag t already")
        self.assertTrue((beta.state / "t.sqlite").exists())
        self.assertEqual(alpha.states(), {"t-0": "ready"})

    def test_a_journal_in_use_does_not_move(self):
        alpha, beta = self.two_daemons()
        file = beta.state / "t.sqlite"
        beta.daemon.terminate()
        beta.daemon.wait(60)
        self.assertEnded(beta.run("journal", "move", beta.options["journal"], file), 75, "alpha leads")
        self.assertEnded(alpha.run("journal", "move", alpha.options["journal"], alpha.state / "t.sqlite"), 75)
