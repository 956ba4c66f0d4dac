"""Each row of the table of symptoms in docs/operation.md: the command shows the cause, in the words of the table."""

import subprocess
import sys
import time

from support.exec_farm import ExecTest, exec_pool
from support.farm import PLAIN, fill, pool
from support.farm_test import FarmTest
from support.waiting import wait_for

HOUR = 3600


class Symptoms(FarmTest):
    def shows(self, ended, *words):
        for word in words:
            self.assertIn(word, ended.out + ended.err)

    def test_the_maximum_is_reached(self):
        farm = self.farm_with_machine(pools={PLAIN: pool(maxMachines=1)})
        farm.queue(runnable=20)
        farm.run_pass()
        self.shows(farm.run("explain", PLAIN), "! maxMachines 1\n", "maxMachines 1 of the configuration")

    def test_the_queue_runner_is_down(self):
        farm = self.farm_with_machine()
        farm.queue(status="down")
        self.shows(farm.run("status", farm.conf), 'status not trusted: status: the queue runner says that it is "down"')

    def test_steps_need_other_features(self):
        farm = self.farm_with_some_of_everything()
        farm.run_pass()
        self.shows(farm.run("status", farm.conf), "x86_64-linux:kvm", "3 runnable, and no configured type fits")
        explained = farm.run("explain", "x86_64-linux:kvm")
        self.shows(explained, "does not have kvm", 'systemTypes."x86_64-linux:kvm" = {')

    def test_the_type_is_paused(self):
        farm = self.farm_with_machine()
        farm.run("pause", "--for", "2h", "--reason", "new image", SUDO_USER="alice")
        self.shows(farm.run("status", farm.conf), "paused by an operator (alice: new image), for another ")
        self.assertEqual(farm.run("resume").status, 0)

    def test_a_schedule_sets_the_maximum(self):
        night = {"days": "*", "hours": "*", "maxMachines": 0}
        farm = self.farm(pools={PLAIN: pool(schedules=[night])})
        farm.queue(runnable=20)
        farm.run_pass()
        self.shows(farm.run("explain", PLAIN), "maxMachines 0 of schedule ")

    def test_the_lock_is_held(self):
        farm = self.farm_with_machine()
        script = "import fcntl, sys, time; f = open(sys.argv[1], 'r+'); fcntl.lockf(f, 2); print(1, flush=True); time.sleep(60)"
        command = [sys.executable, "-c", script, farm.state / "t.lock"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
            holder.stdout.readline()
            ended = farm.run_pass()
            holder.kill()
        self.assertEnded(ended, 75, "another pass of tag t is at work (")

    def test_the_disk_is_full(self):
        farm = self.farm()
        farm.mount(farm.state, "size=8m,mode=700")
        farm.queue(runnable=0)
        farm.run_pass()
        fill(farm.state / "filling")
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "journal ", "look after the disk and its free space")

    def test_a_machine_never_boots(self):
        farm = self.farm(pools={PLAIN: pool(bootTimeout=1, local={"bootSeconds": 600})})
        farm.queue(runnable=1)
        wait_for(lambda: farm.run_pass() and "failed" in farm.run("history").out, "it is given up")
        self.shows(farm.run("history"), "create: not finished within 1 s")

    def test_the_machines_file_is_not_read(self):
        farm = self.farm_with_machine()
        farm.journal("update machines set listed_at = listed_at - 600, ready_at = ready_at - 600")
        farm.queue(runnable=1, machines={})
        shown = farm.run("status", farm.conf)
        self.shows(shown, "the queue runner uses none of 1 machine that is listed", "NIX_REMOTE_SYSTEMS")
        self.shows(shown, "the queue runner does not know it")

    def test_the_machines_file_is_not_written(self):
        farm = self.farm(updateCommand=["sh", "-c", "echo 'no route to host' >&2; exit 3"])
        farm.queue(runnable=1)
        farm.run_pass()
        self.shows(farm.run("status", farm.conf), "! the machines file cannot be published since ", "no route to host")

    def test_the_daemon_is_dead(self):
        farm = self.farm_with_machine()
        farm.journal("update passes set start = ?", int(time.time()) - 3 * HOUR)
        self.shows(farm.run("status", farm.conf), "broken; no pass for 3 h 00 min", "nothing makes passes now")

    def test_too_many_machines_do_not_work(self):
        farm = self.farm_with_machine(pools={PLAIN: pool(maxMachines=4, runnablesPerMachine=1, maxUnhealthy=45)})
        farm.queue(runnable=4)
        farm.passes_until(lambda: list(farm.states().values()) == ["ready"] * 4, "there are four")
        failing = {"enabled": True, "currentJobs": 0, "idleSince": 0, "consecutiveFailures": 4}
        entries = {f"root@{address}": failing | {"lastFailure": int(time.time()) + 5} for address in farm.listed()}
        farm.queue(runnable=4, machines=entries)
        shown = farm.run("status", farm.conf)
        self.shows(shown, "4 of 4 machines do not work, more than maxUnhealthy 45 %")
        self.shows(shown, "the queue runner failed to use it 4 times in a row")


class SymptomsOfProviders(ExecTest):
    def test_the_quota_is_used_up(self):
        farm = self.farm()
        error = {"class": "quota", "message": "server limit of 10 exceeded"}
        farm.provider_fails(create=["fail", error])
        farm.queue(runnable=1)
        wait_for(lambda: farm.run_pass() and "no creations" in farm.run("status", farm.conf).out, "it backs off")
        self.assertRegex(farm.run("status", farm.conf).out, "the latest: .*quota reached: server limit of 10 exceeded")

    def test_the_provider_is_dead(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: exec_pool(farm.folder) | {"exec": {"command": ["false"]}}})
        farm.queue(runnable=1)
        ended = farm.run("status", farm.conf)
        self.assertEnded(ended, 1, "false exited with 1")
        self.assertIn("  ! ", ended.out)
