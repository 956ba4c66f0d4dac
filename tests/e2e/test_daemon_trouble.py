"""What is wrong around a daemon while it runs: it says so, keeps what it has, and goes on when it is put right."""

import json
import os
import shutil
import signal
import subprocess
import time

from support.daemon_farm import DaemonTest
from support.farm import PLAIN, ROOT, pool
from support.waiting import wait_for


class Unharmed(DaemonTest):
    """A daemon with one machine, which whatever goes wrong must not cost."""

    def setUp(self):
        super().setUp()
        self.kept = self.farm_with_daemon()
        self.before = self.kept.listed()

    def tearDown(self):
        self.stop(self.kept)
        super().tearDown()

    def expect(self, what):
        self.kept.wait_until_said(what)
        self.assertEqual((self.kept.folders(), self.kept.listed()), (["t-0"], self.before))

    def check_that_it_goes_on(self, machines=2):
        self.kept.queue(runnable=10 * machines)
        self.kept.wait_for_machines(machines)


def replace(script, text):
    """At once: while it is written, a shell would find it empty, and succeed."""
    new = script.with_suffix(".new")
    new.write_text(text)
    new.rename(script)


class Status(Unharmed):
    def test_one_status_after_another_cannot_be_trusted(self):
        farm = self.kept
        good = {"status": "up", "time": int(time.time()), "uptime": 5000, "machines": {}, "machineTypes": {}}
        rust = (ROOT / "tests/data/status/status-synthetic-rust.json").read_text()
        wrongs = {
            "<html>502 Bad Gateway</html>": "the status is not usable JSON",
            "[" * 10000 + "]" * 10000: "more than 100 levels",
            json.dumps(good | {"status": "down"}): 'the queue runner says that it is "down"',
            json.dumps(good | {"time": good["time"] - 1000}): " s behind our clock",
            json.dumps(good | {"time": good["time"] + 1000}): " s ahead of our clock",
            json.dumps(good | {"machineTypes": None}): "machineTypes: ",
            rust: "the status is one of the Rust queue runner",
        }
        for content, what in wrongs.items():
            with self.subTest(what=what):
                farm.queue_says(content)
                self.expect(what)
                farm.queue(runnable=1)  # so that its passes do not become rarer and rarer
                farm.wait_for_passes(1)
        self.check_that_it_goes_on()

    def test_a_command_that_hangs_floods_or_is_missing(self):
        good = self.kept.options["statusCommand"]
        wrongs = {
            "sh did not finish within 1 s": ["sh", "-c", "echo >> status-reads; sleep 1000 & sleep 1000"],
            "head printed more than 64 MiB": ["head", "-c", "100000000", "/dev/zero"],
            "no-such-command: not found in PATH": ["no-such-command"],
        }
        for what, command in wrongs.items():
            self.kept.configure(statusCommand=command, statusTimeout=1)
            self.expect(what)
        self.kept.configure(statusCommand=good, statusTimeout=30)
        self.kept.daemon.send_signal(signal.SIGHUP)
        self.check_that_it_goes_on()


class Journal(Unharmed):
    def put_aside(self):
        aside = self.kept.folder / "aside"
        aside.mkdir()
        for path in self.kept.state.glob("t.sqlite*"):
            shutil.move(path, aside)
        return aside

    def put_back(self, aside):
        for path in self.kept.state.glob("t.sqlite*"):
            path.rmdir() if path.is_dir() else path.unlink()
        for path in aside.iterdir():
            shutil.move(path, self.kept.state)
        aside.rmdir()

    def test_a_journal_that_is_something_else(self):
        path = self.kept.state / "t.sqlite"
        for spoil, what in (
            (lambda: path.write_bytes(os.urandom(20000)), "file is not a database"),
            (path.mkdir, "unable to open database file"),
        ):
            # While no pass writes to it: a journal that is moved in the middle of that is another test's.
            self.kept.daemon.send_signal(signal.SIGSTOP)
            aside = self.put_aside()
            spoil()
            self.kept.daemon.send_signal(signal.SIGCONT)
            self.expect(what)
            self.kept.daemon.send_signal(signal.SIGSTOP)
            self.put_back(aside)
            self.kept.daemon.send_signal(signal.SIGCONT)
            self.kept.wait_for_passes()
        self.check_that_it_goes_on()


class Publication(DaemonTest):
    def test_a_disk_that_is_full_or_read_only(self):
        farm = self.farm(pools={PLAIN: pool(maxMachines=3)})
        own = farm.folder / "own"
        farm.mount(own, "size=64k")
        farm.machines_file = own / "machines"
        farm.configure(machinesFile=farm.machines_file)
        farm.queue(runnable=1)
        farm.daemon = farm.begin_daemon()
        farm.wait_for_machines(1)
        filling = own / "filling"
        with open(filling, "wb", buffering=0) as full:
            try:
                while full.write(bytes(1024)):
                    pass
            except OSError:
                pass
        farm.queue(runnable=10)
        farm.wait_until_said("own/machines: No space left on device")
        filling.unlink()
        farm.wait_for_machines(2)
        subprocess.run(["mount", "-o", "remount,ro", own], check=True)
        farm.queue(runnable=30)
        farm.wait_until_said("own/machines: Read-only file system")
        subprocess.run(["mount", "-o", "remount,rw", own], check=True)
        farm.wait_for_machines(3)
        self.stop(farm)

    def test_a_folder_that_goes_and_comes(self):
        farm = self.farm()
        own = farm.folder / "own"
        own.mkdir()
        farm.machines_file = own / "machines"
        farm.configure(machinesFile=farm.machines_file)
        farm.queue(runnable=1)
        farm.daemon = farm.begin_daemon()
        farm.wait_for_machines(1)
        shutil.rmtree(own)
        farm.wait_until_said("create the folder")
        own.mkdir()
        farm.wait_for_machines(1)
        self.stop(farm)

    def test_an_update_command_that_fails_and_hangs(self):
        farm = self.farm()
        switch = farm.folder / "switch"
        switch.write_text(f"exec cat > '{farm.machines_file}'")
        farm.configure(updateCommand=["sh", switch])
        farm.queue(runnable=1)
        farm.daemon = farm.begin_daemon()
        farm.wait_for_machines(1)
        replace(switch, "echo no route to host >&2; exit 255")
        farm.queue(runnable=20)
        farm.wait_until_said('updateCommand: sh exited with 255: "no route to host"')
        self.assertEqual(len(farm.listed()), 1)
        replace(switch, f"exec cat > '{farm.machines_file}'")
        farm.wait_for_machines(2)
        switch.write_text("sleep 40; exit 1")
        farm.configure(interval=1)
        farm.idle()
        farm.wait_until_said("no answer has come yet")
        began = time.monotonic()
        farm.wait_for_passes()
        self.assertLess(time.monotonic() - began, 20, "passes do not wait for it")
        switch.write_text(f"exec cat > '{farm.machines_file}'")
        farm.wait_for_machines(0)
        self.stop(farm)


class Provider(DaemonTest):
    def test_a_provider_that_prints_a_hundred_megabytes_holds_up_no_other(self):
        farm = self.farm_with_nixops("head -c 100000000 /dev/zero")
        farm.wait_until_said("what nixops export printed is not usable JSON")
        farm.wait_for_machines(1)
        self.stop(farm)


class Signals(DaemonTest):
    def test_at_any_moment_cost_nothing(self):
        """Sooner and later after its start, and each followed by another daemon that goes on."""
        farm = self.farm(pools={PLAIN: pool(maxMachines=2, local={"bootSeconds": 1})})
        farm.queue(runnable=20)
        numbers = [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGINT]
        for turn in range(16):
            child = farm.begin_daemon()
            # A moment, not a condition: any will do, and each turn has another.
            time.sleep(0.02 * turn)
            number = numbers[turn % len(numbers)]
            child.send_signal(number)
            if number == signal.SIGHUP:
                child.terminate()
            self.assertIn(child.wait(60), (0, -9, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP))
        farm.daemon = farm.begin_daemon()
        farm.wait_for_machines(2)
        self.assertEqual(farm.folders(), ["t-0", "t-1"])
        for machine in farm.folders():
            self.assertEqual(farm.log(machine).count("create begins"), 1)
        farm.idle()
        wait_for(lambda: farm.folders() == [], "all machines are gone", farm.said)
        self.stop(farm)
