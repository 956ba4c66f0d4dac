"""`status` as people see it: on a terminal, again and again, and while it waits."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios

from support.farm_test import FarmTest
from support.waiting import wait_for


class Status(FarmTest):
    def on_a_terminal(self, farm, columns, *words):
        """What the program prints to a terminal that is so wide."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        farm.status.write()
        command = [str(word) for word in farm.command(*words)]
        with subprocess.Popen(command, env=farm.environment, stdout=theirs, stderr=theirs):
            os.close(theirs)
        printed = os.read(ours, 65536).decode()
        os.close(ours)
        return printed.replace("\r\n", "\n")

    def test_fits_the_terminal(self):
        farm = self.farm_with_some_of_everything()
        for columns in (60, 80, 140):
            shown = self.on_a_terminal(farm, columns, "status", farm.conf, "--color=never")
            self.assertLessEqual(max(map(len, shown.splitlines())), columns, shown)
            self.assertIn("t-0", shown)

    def test_shows_the_farm_again_and_again(self):
        farm = self.farm_with_machine()
        log = farm.folder / "watch.log"
        watch = farm.spawn(farm.command("status", farm.conf, "--watch"), log)
        wait_for(lambda: log.read_text().count("1 machine: 1 ready") >= 2, "it is shown twice", log.read_text)
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(), 130)

    def test_says_what_it_waits_for(self):
        farm = self.farm_with_machine()
        script = "while ! [ -e go ]; do sleep 0.1; done; cat status.json"
        farm.configure(statusCommand=["sh", "-c", script])
        log = farm.folder / "status.log"
        waiting = farm.spawn(farm.command("status", farm.conf), log)
        said = f"waiting for the queue's status (statusCommand sh -c {script}, at most 30 s)"
        wait_for(lambda: said in log.read_text(), "it says so", log.read_text)
        (farm.folder / "go").touch()
        self.assertEqual(waiting.wait(), 0)

    def test_watching_is_for_people(self):
        farm = self.farm()
        for option in ("--json", "--check"):
            self.assertEnded(farm.run("status", farm.conf, "--watch", option), 64, "does not go with --json or --check")
