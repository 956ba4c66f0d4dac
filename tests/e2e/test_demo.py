"""The demo as a guest: what it shows on which terminal, and that it leaves nothing behind."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support.farm import DEMO, ROOT, Farm
from support.waiting import wait_for

from screen import LiveView, PlainView, Scene, open_view  # isort: skip  the demo's; support.farm says where it is


def scene():
    steps = [
        {"name": f"s-{n}", "type": "x86_64-linux", "state": state, "machine": "root@127.0.0.2"}
        for n, state in enumerate(["done"] * 12 + ["running", "runnable"] + ["waiting"] * 11)
    ]
    machines = [{"id": f"demo-{n}", "pool": "x86_64-linux:benchmark", "state": "ready", "address": "127.0.0.2"} for n in range(4)]
    return Scene(7, steps, machines, [f"demo-{n}: created, with a long explanation why" * 3 for n in range(90)], "building")


class Screen(unittest.TestCase):
    def shown(self, columns, lines):
        """The rows as a terminal of this size gets them, without colours."""
        os.environ |= {"COLUMNS": str(columns), "LINES": str(lines), "NO_COLOR": "1"}
        out = io.StringIO()
        view = LiveView(out)
        out.seek(0)
        out.truncate()
        view.show(scene())
        return [row.removesuffix("\x1b[K") for row in out.getvalue().removesuffix("\x1b[J").split("\n")[:-1]]

    def test_fits_the_terminal_and_fills_it(self):
        for columns, lines in ((80, 24), (200, 60), (50, 16), (20, 5)):
            rows = self.shown(columns, lines)
            self.assertEqual(len(rows), lines - 1, (columns, lines))
            self.assertTrue(all(len(row) <= columns for row in rows), rows)

    def test_has_a_legend_and_numbers_where_there_is_room(self):
        rows = "\n".join(self.shown(80, 24))
        for word in ("done  ", "running  ", "runnable  ", "waiting for other steps", "    12       1        1      11"):
            self.assertIn(word, rows)

    def test_sends_no_codes_to_a_dumb_terminal(self):
        leader, follower = os.openpty()
        kept, sys.stdout = sys.stdout, os.fdopen(follower, "w")
        try:
            for terminal, view in {"dumb": PlainView, "": PlainView, "xterm": LiveView}.items():
                os.environ["TERM"] = terminal
                self.assertIsInstance(open_view(), view, terminal)
        finally:
            sys.stdout.close()
            sys.stdout = kept
            os.close(leader)


class Script(unittest.TestCase):
    def run_demo(self, *arguments):
        return subprocess.run(["/bin/sh", ROOT / "demo", *arguments], capture_output=True, encoding="utf-8", check=False)

    def test_helps_before_it_does_anything(self):
        for word in ("--help", "-h"):
            helped = self.run_demo(word)
            self.assertEqual((helped.returncode, helped.stderr), (0, ""))
            self.assertIn("usage: ./demo [--keep]", helped.stdout)
            self.assertLessEqual(max(map(len, helped.stdout.splitlines())), 80)

    def test_refuses_what_it_does_not_know_before_it_does_anything(self):
        wrong = self.run_demo("--kep")
        self.assertEqual((wrong.returncode, wrong.stdout), (64, ""))
        self.assertEqual(wrong.stderr, 'demo: unknown argument "--kep"; see ./demo --help\n')


class Interrupted(unittest.TestCase):
    def test_leaves_nothing_behind(self):
        self.interrupt(signal.SIGINT)

    def test_leaves_nothing_behind_when_its_terminal_is_closed(self):
        self.interrupt(signal.SIGHUP)

    def interrupt(self, number):
        with tempfile.TemporaryDirectory(prefix="hpt-", dir="/tmp") as folder:
            log = Path(folder) / "log"
            with open(log, "w", encoding="utf-8") as out:
                command = [sys.executable, "-B", DEMO / "demo.py", "--provisioner", Farm.program]
                demo = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"TMPDIR": folder})
            try:
                wait_for(lambda: ": ready" in log.read_text(), "a machine is ready", log.read_text)
                demo.send_signal(number)
                self.assertEqual(demo.wait(60), 1, log.read_text())
            finally:
                demo.kill()
            self.assertEqual([path.name for path in Path(folder).iterdir()], ["log"])
            self.assertIn("interrupted: machines leave", log.read_text())
