"""Statuses that cannot be trusted. Each would mean that no machine is needed, if it were."""

import json
import re
import time

from support.farm import PLAIN, ROOT, pool
from support.farm_test import UnharmedFarmTest


class Status(UnharmedFarmTest):
    def document(self, **changes):
        nothing = {"nrRunnableSteps": 0, "nrUnsupportedSteps": 0, "machines": {}, "machineTypes": {}}
        return {"status": "up", "time": int(time.time()), "uptime": 5000} | nothing | changes

    def distrust(self, *messages):
        """A pass says why it does not trust the status, and leaves everything as it is."""
        began = time.monotonic()
        self.assertEnded(self.shared.run_pass(), 69, "warning: the status is not trusted: ", *messages)
        self.assertLess(time.monotonic() - began, 20)
        self.check_that_it_is_listed()
        self.assertEqual(self.shared.states(), {"t-0": "ready"})
        self.assertEnded(self.shared.run("plan", self.shared.conf), 69)
        queue = json.loads(self.shared.run("status", self.shared.conf, "--json").out)["queue"]
        self.assertFalse(queue["trusted"])
        self.assertIn(messages[0], queue["why"])

    def says(self, content, *messages):
        self.shared.queue_says(content)
        self.distrust(*messages)

    def says_document(self, *messages, **changes):
        self.says(json.dumps(self.document(**changes)), *messages)

    def asks(self, command, *messages, **options):
        self.shared.configure(statusCommand=command, **options)
        self.distrust(*messages)

    def test_a_status_that_is_right_takes_the_machine_away(self):
        self.shared.queue_says(json.dumps(self.document()))
        self.assertIn("1 to drain", self.shared.run("plan", self.shared.conf).out)

    def test_what_it_says_does_nothing_to_a_terminal(self):
        evil = "x86_64-linux:\x1b]0;owned\x07\x1b[31m\x9b2J\nerror: all is lost\u202e"
        steps = {evil: {"runnable": 3, "running": 0}}
        self.shared.queue_says(json.dumps(self.document(status=evil)))
        broken = self.shared.run("status", self.shared.conf)
        self.shared.queue_says(json.dumps(self.document(machineTypes=steps, nrRunnableSteps=3)))
        conf = self.shared.conf
        runs = [self.shared.run(*words, conf) for words in (["plan"], ["status"], ["plan", "--color=always"], ["-v"])]
        for ended in (broken, *runs):
            text = re.sub("\x1b\\[[0-9;]*m", "", ended.out + ended.err) if "\x1b[1m" in ended.out else ended.out + ended.err
            self.assertIn("owned", text)
            self.assertEqual([c for c in text if c != "\n" and (ord(c) < 32 or 126 < ord(c) < 160 or c == "\u202e")], [])
            self.assertFalse(any(line.startswith("error: all is lost") for line in text.splitlines()), text)
        document = self.shared.run("plan", conf, "--json").out
        self.assertEqual(json.loads(document)["unplaceable"][0]["stepType"], evil)
        self.assertTrue(document.isprintable() or all(c == "\n" or c.isprintable() for c in document))

    def test_nothing_at_all(self):
        self.says("", "the status is not usable JSON: ")

    def test_garbage(self):
        self.says("<html>502 Bad Gateway</html>", "the status is not usable JSON: ")

    def test_bytes_that_are_no_text(self):
        self.says(bytes(range(256)), "the status is not usable JSON: ")

    def test_a_hundred_megabytes(self):
        self.asks(["head", "-c", "100000000", "/dev/zero"], "head printed more than 64 MiB", statusTimeout=30)

    def test_ten_thousand_levels(self):
        self.says("[" * 10000 + "]" * 10000, "more than 100 levels")

    def test_a_key_given_twice(self):
        self.says(json.dumps(self.document())[:-1] + ', "machines": null}', "machines")

    def test_negative_numbers(self):
        types = {PLAIN: {"runnable": -3, "running": 0}}
        self.says_document('machineTypes."x86_64-linux".runnable: -3 is out of range', machineTypes=types)

    def test_huge_numbers(self):
        types = {PLAIN: {"runnable": 10**30, "running": 0}}
        self.says_document('machineTypes."x86_64-linux".runnable: 1e+30 is not a whole number', machineTypes=types)

    def test_a_queue_runner_that_is_down(self):
        self.says_document('the queue runner says that it is "down"', status="down")

    def test_a_clock_that_is_behind(self):
        self.says_document(" s behind our clock, and at most 120 s are allowed", time=int(time.time()) - 1000)

    def test_a_clock_that_is_ahead(self):
        self.says_document(" s ahead of our clock, and at most 120 s are allowed", time=int(time.time()) + 1000)

    def test_no_step_types_although_steps_wait(self):
        self.says_document("machineTypes: empty, although nrRunnableSteps is 7", nrRunnableSteps=7)

    def test_no_step_types_at_all(self):
        self.says_document("machineTypes: ", machineTypes=None)

    def test_the_rust_queue_runner(self):
        document = ROOT / "tests/data/status/status-synthetic-rust.json"
        self.says(document.read_bytes(), "the status is one of the Rust queue runner")

    def test_a_fine_document_of_a_command_that_failed(self):
        document = json.dumps(self.document())
        script = f"echo '{document}'; echo 'error: queue runner did not respond' >&2; exit 1"
        self.asks(["sh", "-c", script], 'sh exited with 1: "error: queue runner did not respond"')

    def test_a_fine_document_of_a_command_that_was_killed(self):
        document = json.dumps(self.document())
        self.asks(["sh", "-c", f"echo '{document}'; kill -9 $$"], "sh was ended by signal 9 (Killed)")

    def test_a_command_that_hangs_with_its_children(self):
        command = ["sh", "-c", "sleep 1000 & sleep 1000"]
        self.asks(command, "sh did not finish within 1 s", statusTimeout=1)
        self.shared.wait_until_ended("sleep ")

    def test_a_command_that_does_not_exist(self):
        self.asks(["hydra-queue-runner-that-is-missing"], "hydra-queue-runner-that-is-missing: not found in PATH")

    def test_machines_up_to_the_minimum_are_created_all_the_same(self):
        self.shared.queue_says("")
        other = {"x86_64-linux:other": pool(minMachines=1)}
        self.shared.configure(pools=self.options["pools"] | other)
        self.assertEnded(self.shared.run_pass(), 69, "create: 1 of 1 new machines", "ready after")
        self.assertEqual(len(self.shared.listed()), 2)
        self.shared.configure(pools=self.options["pools"])
        self.shared.queue(runnable=1)
        self.shared.passes_until(lambda: len(self.shared.folders()) == 1, "the other machine is gone")
