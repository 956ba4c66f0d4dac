"""The machines file cannot be written, or handed over."""

import signal
import subprocess

from support.farm import PLAIN, fill, pool
from support.farm_test import FarmTest
from support.waiting import wait_for

ANOTHER = {PLAIN: pool(), "aarch64-linux": pool()}  # a further line for the file


class MachinesFile(FarmTest):
    def refuse(self, farm, *messages):
        """The pass says so, and harms no machine."""
        self.assertEnded(farm.run_pass(), 1, *messages)
        self.assertEqual(farm.states()["t-0"], "ready")
        self.assertEqual(farm.log("t-0").count(" begins"), 1)

    def farm_on_own_file_system(self, options):
        """Makes a farm whose machines file has a file system of its own."""
        farm = self.farm()
        farm.mount(farm.folder / "own", options)
        farm.machines_file = farm.folder / "own/machines"
        farm.configure(machinesFile=farm.machines_file)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.listed()), 1)
        return farm

    def check_that_it_goes_on(self, farm):
        self.assertEnded(farm.run_pass(), 0)
        self.assertIn("aarch64-linux", farm.machines_file.read_text())
        self.assertEqual(list(farm.machines_file.parent.glob(".*")), [])

    def test_in_a_folder_that_is_missing(self):
        farm = self.farm_with_machine()
        farm.configure(machinesFile=farm.folder / "missing/machines")
        self.refuse(farm, "missing/machines: No such file or directory; create the folder")
        self.assertFalse((farm.folder / "missing").exists())

    def test_that_is_a_folder(self):
        farm = self.farm_with_machine()
        farm.configure(machinesFile=farm.state)
        self.refuse(farm, "state: it is not a regular file")

    def test_on_a_read_only_file_system(self):
        farm = self.farm_on_own_file_system("size=1m")
        before = farm.machines_file.read_text()
        subprocess.run(["mount", "-o", "remount,ro", farm.folder / "own"], check=True)
        farm.configure(pools=ANOTHER)
        self.refuse(farm, "cannot write ", "own/machines: Read-only file system")
        self.assertEqual(farm.machines_file.read_text(), before)
        subprocess.run(["mount", "-o", "remount,rw", farm.folder / "own"], check=True)
        self.check_that_it_goes_on(farm)

    def test_on_a_full_disk(self):
        farm = self.farm_on_own_file_system("size=64k")
        before = farm.machines_file.read_text()
        filling = farm.folder / "own/filling"
        fill(filling)
        farm.configure(pools=ANOTHER)
        self.refuse(farm, "cannot write ", "own/machines: No space left on device")
        self.assertEqual(farm.machines_file.read_text(), before)
        filling.unlink()
        self.check_that_it_goes_on(farm)

    def test_says_so_once(self):
        farm = self.farm_with_machine()
        farm.configure(machinesFile=farm.folder / "missing/machines")
        self.assertEqual(farm.run_pass().err.count("No such file or directory"), 1)


class UpdateCommand(FarmTest):
    def farm_with_command(self, script):
        farm = self.farm(updateCommand=["sh", "-c", script])
        farm.queue(runnable=1)
        return farm

    def test_gets_the_file_on_its_standard_input_and_only_when_it_has_changed(self):
        farm = self.farm_with_command("cat > machines; echo >> calls")
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.listed()), 1)
        calls = self.calls(farm)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(self.calls(farm), calls)
        farm.configure(pools=ANOTHER)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(self.calls(farm), calls + 1)
        self.assertIn("aarch64-linux", farm.machines_file.read_text())

    def calls(self, farm):
        return len((farm.folder / "calls").read_text())

    def test_that_fails_is_called_again_by_the_next_pass(self):
        farm = self.farm_with_command("echo >> calls; echo 'no route to host' >&2; exit 3")
        self.assertEnded(farm.run_pass(), 1, 'updateCommand: sh exited with 3: "no route to host"')
        calls = self.calls(farm)
        self.assertEnded(farm.run_pass(), 1, "updateCommand: ")
        self.assertGreater(self.calls(farm), calls)
        self.assertEqual(farm.states(), {}, "nothing is created that cannot be published")
        ended = farm.run("status", "--check", farm.conf)
        self.assertEqual(ended.status, 2, ended.out)
        self.assertIn("broken: the machines file cannot be published since ", ended.out)
        farm.configure(updateCommand=["sh", "-c", "cat > machines"])
        self.assertEnded(farm.run_pass(), 0)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.listed()), 1)

    def test_that_fails_keeps_a_machine_that_drains(self):
        farm = self.farm_with_command("cat > machines")
        self.assertEnded(farm.run_pass(), 0)
        farm.configure(updateCommand=["false"])
        farm.queue(runnable=0)
        for _ in range(3):
            self.assertEnded(farm.run_pass(), 1, "updateCommand: false exited with 1")
        self.assertEqual(farm.states(), {"t-0": "draining"})
        self.assertTrue(farm.machines()["t-0"]["listed"])

    def test_that_does_not_exist(self):
        farm = self.farm(updateCommand=["no-such-program"])
        self.assertEnded(farm.run_pass(), 1, "updateCommand: no-such-program: not found in PATH")

    def test_that_reads_nothing(self):
        self.assertEnded(self.farm(updateCommand=["true"]).run_pass(), 0)

    def test_that_hangs_ends_with_the_pass(self):
        farm = self.farm_with_command("touch called; sleep 1000")
        running = farm.begin_pass()
        wait_for((farm.folder / "called").exists, "the command runs")
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(60), 0)
        farm.wait_until_ended()
