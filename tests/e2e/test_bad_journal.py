"""A journal that is locked, lost, broken or another user's, and a full disk."""

import os
import sqlite3

from support.farm import PLAIN, fill, pool
from support.farm_test import FarmTest


class Journal(FarmTest):
    def setUp(self):
        super().setUp()
        self.kept = self.farm_with_machine()
        self.kept.queue(runnable=0)  # so that the machine would leave
        self.path = self.kept.state / "t.sqlite"
        self.file_before = self.kept.machines_file.read_text()

    def refuse(self, *messages):
        """Nothing is done without the journal; nothing is even planned."""
        self.assertEnded(self.kept.run_pass(), 1, f"journal {self.path}", *messages)
        self.assertEqual(self.kept.machines_file.read_text(), self.file_before)
        self.assertTrue(self.kept.is_listening("t-0"))

    def put_aside(self):
        for path in self.kept.state.glob("t.sqlite*"):
            path.rename(path.with_name(f"aside-{path.name}"))

    def put_back(self):
        for path in self.kept.state.glob("t.sqlite*"):
            path.unlink()
        for path in self.kept.state.glob("aside-*"):
            path.rename(path.with_name(path.name.removeprefix("aside-")))

    def check_that_it_goes_on(self):
        self.kept.queue(runnable=1)
        self.assertEnded(self.kept.run_pass(), 0)
        self.assertEqual(self.kept.states(), {"t-0": "ready"})

    def test_locked_by_another_process(self):
        holder = sqlite3.connect(self.path, isolation_level=None)
        holder.execute("pragma locking_mode = exclusive")
        holder.execute("begin exclusive")
        self.refuse("database is locked", "end the process that holds it")
        holder.close()
        self.check_that_it_goes_on()

    def test_that_cannot_be_written_because_another_process_writes(self):
        self.kept.queue(runnable=6)
        holder = sqlite3.connect(self.path, isolation_level=None)
        holder.execute("begin immediate")
        self.refuse("cannot be written: database is locked", "end the process that holds it")
        self.assertEqual(self.kept.folders(), ["t-0"])
        holder.close()
        self.check_that_it_goes_on()

    def test_corrupt(self):
        self.put_aside()
        self.path.write_bytes(os.urandom(20000))
        self.refuse("file is not a database; move it away with its -wal file")
        self.assertEnded(self.kept.run("plan", self.kept.conf), 1, "file is not a database")
        self.put_back()
        self.check_that_it_goes_on()

    def test_of_a_newer_version(self):
        version = self.kept.journal("pragma user_version")[0][0]
        self.kept.journal("pragma user_version = 99")
        self.refuse("was written by a newer version (schema 99, this one knows ")
        self.assertEnded(self.kept.run("status", self.kept.conf), 1, "newer version")
        self.kept.journal(f"pragma user_version = {version}")
        self.check_that_it_goes_on()

    def test_of_another_program(self):
        self.put_aside()
        other = sqlite3.connect(self.path)
        other.execute("create table recipes (name text)")
        other.close()
        self.refuse("is not a journal of hydra-provisioner; choose another --state-dir or move it away")
        self.put_back()
        self.check_that_it_goes_on()

    def test_that_is_a_folder(self):
        self.put_aside()
        self.path.mkdir()
        self.refuse("unable to open database file; look after its folder")
        self.path.rmdir()
        self.put_back()
        self.check_that_it_goes_on()

    def test_lost(self):
        self.put_aside()
        self.kept.queue(runnable=1)
        taken_over = "t-0: found at its provider, but not in the journal; taken over"
        self.assertEnded(self.kept.run_pass(), 0, f"warning: {taken_over}")
        self.assertEqual(self.kept.states(), {"t-0": "ready"})
        self.assertEqual(self.kept.machines_file.read_text(), self.file_before)

    def test_lost_while_the_machine_builds(self):
        self.put_aside()
        entry = {"enabled": True, "currentJobs": 1}
        self.kept.queue(machines={f"root@{self.kept.listed()[0]}": entry})
        for _ in range(3):
            self.assertEnded(self.kept.run_pass(), 0)
        self.assertTrue(self.kept.is_listening("t-0"))
        self.assertEqual(self.kept.log("t-0").count(" begins"), 1)


class AStateDirectoryOfOthers(FarmTest):
    def test_is_not_used(self):
        farm = self.farm(pools={PLAIN: pool(minMachines=1)})
        farm.state.mkdir(exist_ok=True)
        commands = [(farm.conf,), ("plan", farm.conf), ("status", farm.conf), ("history",), ("ssh", "t-0")]
        farm.state.chmod(0o777)
        for command in commands:
            self.assertEnded(farm.run(*command), 1, f"{farm.state} is not used, because others may write to it")
        farm.state.chmod(0o700)
        os.chown(farm.state, 12345, 12345)
        for command in commands:
            self.assertEnded(farm.run(*command), 1, f"{farm.state} is not used, because it belongs to user 12345")
        self.assertEqual(list(farm.state.iterdir()), [])


class AFullDisk(FarmTest):
    def test_nothing_begins_when_the_disk_of_the_state_directory_is_full(self):
        farm = self.farm(pools={PLAIN: pool(runnablesPerMachine=1)})
        farm.mount(farm.state, "size=8m,mode=700")
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        listed = farm.listed()
        fill(farm.state / "filling")
        farm.queue(runnable=2)
        self.assertEnded(farm.run_pass(), 1, "journal ", "look after the disk and its free space")
        self.assertEqual(farm.folders(), ["t-0"])
        self.assertEqual(farm.listed(), listed)
        self.assertTrue(farm.is_listening("t-0"))
        (farm.state / "filling").unlink()
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready", "t-1": "ready"})
