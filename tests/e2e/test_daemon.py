"""The daemon: quick to react, reads its configuration again, and survives whatever happens to it and under it."""

import signal

from support.daemon_farm import BENCHMARK, DaemonTest, ServiceManager
from support.farm import PLAIN, pool
from support.nix_text import Expression
from support.waiting import wait_for


class Life(DaemonTest):
    def test_machines_come_with_the_work_and_go_with_it(self):
        farm = self.farm_with_daemon()
        farm.queue(runnable=10)
        farm.wait_for_machines(2)
        farm.idle()
        wait_for(lambda: farm.folders() == [], "all machines are gone", farm.said)
        self.assertEqual(farm.listed(), [])
        self.stop(farm)
        self.assertNotIn("error", farm.said())

    def test_stopped_it_leaves_all_as_it_is(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                farm = self.farm_with_daemon()
                before = farm.listed()
                farm.daemon.send_signal(number)
                self.assertEqual(farm.daemon.wait(60), 0)
                self.assertEqual(farm.listed(), before)
                self.assertTrue(farm.is_listening("t-0"))

    def test_what_comes_while_it_ends_is_taken_up_by_the_next(self):
        for number, status in ((signal.SIGTERM, 0), (signal.SIGKILL, -9)):
            with self.subTest(signal=number):
                farm = self.farm(pools={PLAIN: pool(local={"bootSeconds": 2})})
                farm.queue(runnable=1)
                farm.daemon = farm.begin_daemon()
                wait_for(farm.folders, "a machine is made")
                farm.daemon.send_signal(number)
                self.assertEqual(farm.daemon.wait(60), status)
                farm.daemon = farm.begin_daemon()
                farm.wait_for_machines(1)
                self.assertEqual(farm.folders(), ["t-0"])
                self.assertEqual(farm.log("t-0").count("create begins"), 1)
                self.stop(farm)

    def test_while_the_status_cannot_be_had_all_is_kept(self):
        farm = self.farm_with_daemon(interval=1)
        farm.queue_says("no JSON")
        farm.wait_until_said("the status is not trusted")
        farm.wait_for_passes()
        self.assertEqual(len(farm.listed()), 1)
        farm.queue(runnable=10)
        farm.wait_for_machines(2)
        self.assertEqual(farm.said().count("the status is not trusted"), 1)
        self.stop(farm)


class Alone(DaemonTest):
    def test_neither_a_pass_nor_another_daemon_works_beside_it(self):
        farm = self.farm_with_daemon()
        self.assertEnded(farm.run_pass(), 75, "another pass of tag t is at work")
        self.assertEnded(farm.run("daemon", farm.conf), 75, "another pass of tag t is at work")
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.stop(farm)
        self.assertEnded(farm.run_pass(), 0)

    def test_it_takes_its_lock_again_when_it_is_removed(self):
        farm = self.farm_with_daemon()
        (farm.state / "t.lock").unlink()
        farm.wait_until_said("t.lock was removed or replaced; taken again")
        self.assertEnded(farm.run_pass(), 75)
        self.stop(farm)

    def test_it_ends_when_another_daemon_has_taken_its_place(self):
        farm = self.farm_with_daemon(interval=5)
        (farm.state / "t.lock").unlink()
        farm.queue(runnable=1)
        other = farm.begin_daemon()
        ends = [farm.daemon, other]
        wait_for(lambda: [child for child in ends if child.poll() is not None], "one of both ends", farm.said)
        self.assertEqual([child.poll() for child in ends if child.poll() is not None], [75])
        self.assertEqual(farm.folders(), ["t-0"])


class Reload(DaemonTest):
    def test_a_changed_file_is_read_again(self):
        farm = self.farm_with_daemon()
        farm.configure(pools={PLAIN: pool(minMachines=2)})
        farm.wait_for_machines(2)
        farm.configure(pools={PLAIN: pool(maxMachines=1, minMachines=1)})
        farm.idle()
        wait_for(lambda: len(farm.folders()) == 1, "there is one machine less", farm.said)
        self.assertEqual(len(farm.listed()), 1)
        self.stop(farm)

    def test_so_is_a_file_that_it_imports(self):
        farm = self.farm(pools=Expression("import ./pools.nix"))
        pools = farm.folder / "pools.nix"
        pools.write_text('{ "x86_64-linux" = { local = { }; minMachines = 1; maxMachines = 2; }; }')
        farm.daemon = farm.begin_daemon()
        farm.wait_for_machines(1)
        pools.write_text('{ "x86_64-linux" = { local = { }; minMachines = 2; maxMachines = 2; }; }')
        farm.wait_for_machines(2)
        self.stop(farm)

    def test_a_wrong_one_is_reported_once_and_the_old_one_stays(self):
        farm = self.farm_with_daemon()
        good = farm.conf.read_text()
        wrongs = [
            (good.replace("maxMachines", "maxMachine"), "unknown option (did you mean maxMachines?)"),
            ("{", "syntax error"),
            (good.replace('"tag" = "t"', '"tag" = "u"'), 'tag: is "u" now, and this daemon looks after "t"'),
        ]
        for text, what in wrongs:
            farm.conf.write_text(text)
            farm.wait_until_said(what)
            farm.wait_for_passes()
            self.assertEqual(farm.said().count(what), 1, farm.said())
            self.assertEqual(len(farm.listed()), 1)
        self.assertEqual(farm.said().count("not used; the configuration stays as it was"), len(wrongs))
        farm.configure(pools={PLAIN: pool(minMachines=2)})
        farm.wait_for_machines(2)
        self.stop(farm)

    def test_a_configuration_that_is_wrong_at_the_start_leaves_the_last_good_one_in_force(self):
        farm = self.farm_with_daemon()
        self.stop(farm)
        farm.conf.write_text("{")
        farm.daemon = farm.begin_daemon()
        farm.wait_until_said("not used; until it is right, the configuration of ")
        self.assertIn("syntax error", farm.said())
        farm.wait_for_passes()
        self.assertEqual(len(farm.listed()), 1)
        self.assertEqual(farm.said().count("syntax error"), 1, farm.said())
        farm.configure(pools={PLAIN: pool(minMachines=2)})
        farm.wait_for_machines(2)
        self.stop(farm)

    def test_a_configuration_that_was_never_right_starts_nothing(self):
        farm = self.farm()
        farm.conf.write_text("{")
        self.assertEqual(farm.begin_daemon().wait(60), 78, farm.said())

    def test_so_is_a_folder_in_its_place_and_none_at_all(self):
        farm = self.farm_with_daemon()
        farm.conf.unlink()
        farm.wait_until_said("no such file")
        farm.conf.mkdir()
        farm.wait_until_said("is a folder; name the file in it")
        farm.wait_for_passes()
        self.assertEqual(len(farm.listed()), 1)
        farm.conf.rmdir()
        farm.configure(pools={PLAIN: pool(minMachines=2)})
        farm.wait_for_machines(2)
        self.stop(farm)

    def test_a_link_that_leads_elsewhere_is_noticed(self):
        farm = self.farm_with_daemon()
        for number in (1, 2):
            (farm.folder / f"generation-{number}").mkdir()
        imported = farm.folder / "generation-1/machines.nix"
        imported.write_text("1")
        other = farm.folder / "generation-2/machines.nix"
        other.write_text("2")
        (farm.folder / "machines.nix").symlink_to(imported)
        farm.configure(pools={PLAIN: pool(minMachines=Expression("import ./machines.nix"))})
        farm.wait_until_said("conf.nix: read again")
        (farm.folder / "machines.new").symlink_to(other)
        (farm.folder / "machines.new").rename(farm.folder / "machines.nix")
        farm.wait_for_machines(2)
        (farm.folder / "other.nix").write_text(farm.conf.read_text().replace("import ./machines.nix", "1"))
        farm.idle()
        (farm.folder / "conf.new").symlink_to("other.nix")
        (farm.folder / "conf.new").rename(farm.conf)
        farm.wait_for_machines(1)
        farm.conf.unlink()
        self.stop(farm)

    def test_sighup_asks_for_it(self):
        farm = self.farm_with_daemon(interval=3600)
        farm.configure(pools={PLAIN: pool(minMachines=2)})
        farm.daemon.send_signal(signal.SIGHUP)
        farm.wait_for_machines(2)
        self.assertIn("conf.nix: read again", farm.said())
        self.stop(farm)

    def test_the_machines_of_a_pool_that_was_taken_out_leave(self):
        farm = self.farm(pools={PLAIN: pool(minMachines=1), BENCHMARK: pool(minMachines=1)})
        farm.daemon = farm.begin_daemon()
        farm.wait_for_machines(2)
        farm.configure(pools={PLAIN: pool(minMachines=1)})
        farm.idle()
        wait_for(lambda: len(farm.folders()) == 1, "its machine is gone", farm.said)
        farm.wait_for_machines(1)
        self.stop(farm)


class Trouble(DaemonTest):
    def test_a_journal_that_is_removed_costs_no_machine(self):
        farm = self.farm_with_daemon()
        before = farm.listed()
        for path in farm.state.glob("t.sqlite*"):
            path.unlink()
        farm.wait_for_passes()
        self.assertEqual((farm.folders(), farm.listed()), (["t-0"], before))
        self.stop(farm)

    def test_a_provider_that_hangs_holds_up_no_other(self):
        farm = self.farm_with_nixops("exec sleep 1000")
        farm.wait_for_machines(1)
        farm.wait_until_said("x86_64-linux:benchmark: ")
        farm.queue(runnable=10)
        farm.wait_for_machines(2)
        self.stop(farm)


class Manager(DaemonTest):
    def test_the_service_manager_is_told_how_it_is(self):
        farm = self.farm()
        manager = ServiceManager(farm)
        farm.daemon = farm.begin_daemon()
        manager.wait_for("READY=1")
        manager.wait_for("STATUS=0 machines; next pass in 1 s")
        farm.queue(runnable=1)
        manager.wait_for("1 machine: 1 ready")
        farm.daemon.send_signal(signal.SIGHUP)
        manager.wait_for("RELOADING=1\nMONOTONIC_USEC=")
        self.stop(farm)
        manager.wait_for("STOPPING=1")

    def test_it_is_up_and_alive_while_its_first_pass_waits(self):
        farm = self.farm(statusTimeout=600)
        manager = ServiceManager(farm)
        farm.environment["WATCHDOG_USEC"] = "300000"
        farm.configure(statusCommand=["sleep", "1000"])
        farm.daemon = farm.begin_daemon()
        manager.wait_for("READY=1")
        wait_for(lambda: manager.has_heard("WATCHDOG=1") and manager.told.count("WATCHDOG=1") > 3, "it lives", farm.said)
        self.assertFalse(manager.has_heard("next pass in"))
        farm.daemon.terminate()
        # Messages have to be read, as the service manager does: a full socket would hold the daemon up.
        wait_for(lambda: manager.has_heard("STOPPING=1") and farm.daemon.poll() == 0, "it ends", farm.said)

    def test_the_systems_journal_is_told_what_matters(self):
        farm = self.farm()
        log = farm.folder / "daemon.log"
        log.touch()
        stream = log.stat()
        farm.environment["JOURNAL_STREAM"] = f"{stream.st_dev}:{stream.st_ino}"
        farm.daemon = farm.begin_daemon("-v")
        farm.queue_says("no JSON")
        farm.wait_until_said("<4>warning: the status is not trusted")
        farm.conf.write_text("{ tag = 1; }")
        farm.wait_until_said("<3>error: ")
        farm.configure()
        farm.queue(runnable=1)
        farm.wait_until_said("<6>t-0: ready")
        self.assertIn("<7>", farm.said())
        self.stop(farm)
