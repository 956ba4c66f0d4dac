"""nix/auto-shutdown.nix: what it makes of its options, and its script, which really runs."""

import json
import os
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

MODULE = Path(__file__).resolve().parents[2] / "nix" / "auto-shutdown.nix"
NAME = "hydra-provisioner-auto-shutdown"
HOUR = 3600

# What NixOS would do, with no more of its library than the module may use: NixOS 17.09 has all of this.
EXPRESSION = """{ module, definitions }:
let
  lib = {
    mkOption = { type, default, description }: { inherit type default description; };
    mkIf = condition: content: if condition then content else { };
    types.bool.check = builtins.isBool;
    types.int.check = builtins.isInt;
    types.addCheck = type: check: type // { check = value: type.check value && check value; };
  };
  evaluated = import module {
    inherit lib;
    config.services.hydra-provisioner.autoShutdown = builtins.mapAttrs (name: option: option.default) options
      // builtins.fromJSON definitions;
    pkgs = throw "no packages are needed";
  };
  options = evaluated.options.services.hydra-provisioner.autoShutdown;
  values = [ true false 0 (-1) 1 600 "600" ];
in
{
  inherit (evaluated) config;
  defaults = builtins.mapAttrs (name: option: option.default) options;
  described = builtins.mapAttrs (name: option: builtins.isString option.description) options;
  accepts = builtins.mapAttrs (name: option: builtins.filter option.type.check values) options;
}"""


def evaluate(**definitions):
    command = ["nix-instantiate", "--eval", "--strict", "--json", "-E", EXPRESSION]
    command += ["--arg", "module", str(MODULE), "--argstr", "definitions", json.dumps(definitions)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def service(**definitions):
    return evaluate(**definitions)["config"]["systemd"]["services"][NAME]


class Module(unittest.TestCase):
    def test_parses(self):
        subprocess.run(["nix-instantiate", "--parse", MODULE], check=True, stdout=subprocess.DEVNULL)

    def test_is_on_by_default_for_an_hour(self):
        evaluated = evaluate()
        self.assertEqual(evaluated["defaults"], {"enable": True, "timeout": HOUR})
        self.assertIn(f'"$age" -lt {HOUR} ]', service()["script"])

    def test_describes_and_checks_its_options(self):
        evaluated = evaluate()
        self.assertEqual(evaluated["described"], {"enable": True, "timeout": True})
        self.assertEqual(evaluated["accepts"], {"enable": [True, False], "timeout": [1, 600]})

    def test_does_nothing_when_disabled(self):
        self.assertEqual(evaluate(enable=False)["config"], {})

    def test_takes_the_timeout(self):
        script = service(timeout=600)["script"]
        self.assertIn('"$age" -lt 600 ]', script)
        self.assertNotIn(str(HOUR), script)

    def test_has_a_timer_that_starts_with_the_machine(self):
        timer = evaluate()["config"]["systemd"]["timers"][NAME]
        self.assertEqual(timer["wantedBy"], ["timers.target"])
        self.assertEqual(timer["timerConfig"], {"OnBootSec": "1min", "OnUnitActiveSec": "1min", "AccuracySec": "10s"})

    def test_is_left_alone_by_a_switch_to_another_configuration(self):
        timer = evaluate()["config"]["systemd"]["timers"][NAME]
        self.assertEqual(timer["unitConfig"], {"X-RestartIfChanged": False})
        self.assertIs(service()["restartIfChanged"], False)

    def test_runs_once_for_each_look_and_outlives_the_shutdown_that_it_asks_for(self):
        self.assertEqual(service()["serviceConfig"], {"Type": "oneshot", "TimeoutStartSec": "15min"})
        self.assertIs(service()["unitConfig"]["DefaultDependencies"], False)


class Machine:
    """What the script sees: a root folder, and programs that note how they were called."""

    def __init__(self, folder, shell, script):
        self.root = folder
        self.command = [*shell, "-c", script]
        self.calls = folder / "calls"
        self.programs = folder / "programs"
        self.file = folder / "run" / "keep-alive"
        self.record = folder / "run" / NAME
        for directory in (self.programs, folder / "run", folder / "proc"):
            directory.mkdir()
        for name in ("systemctl", "sleep"):
            self.program(name, f'echo "{name} $*" >> "{self.calls}"')
        self.boot()

    def program(self, name, text):
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def boot(self):
        self.uptime = 0
        for path in (self.file, self.record):
            path.unlink(missing_ok=True)

    def touch(self, age=0):
        """As the provisioner does; an age is that of a file by a clock that is wrong."""
        self.file.touch()
        at = int(time.time()) - age
        os.utime(self.file, (at, at))

    def look_after(self, seconds):
        """Runs the script that much later, and tells whether it powers the machine off."""
        self.uptime += seconds
        (self.root / "proc" / "uptime").write_text(f"{self.uptime}.87 12345.67\n")
        self.calls.unlink(missing_ok=True)
        path = f"{self.programs}:{os.environ['PATH']}"
        self.run = subprocess.run(
            self.command,
            env={"PATH": path, "AUTO_SHUTDOWN_ROOT": str(self.root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self.calls.exists()


class ScriptTest(unittest.TestCase):
    shell = ("bash", "-e")  # as NixOS does

    @classmethod
    def setUpClass(cls):
        cls.script = service()["script"]

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="auto-shutdown-")
        self.addCleanup(folder.cleanup)
        self.machine = Machine(Path(folder.name), self.shell, self.script)

    def assertStays(self, *, after):
        self.assertFalse(self.machine.look_after(after), self.machine.run)
        self.assertEqual(self.machine.run.returncode, 0, self.machine.run)

    def assertPowersOff(self, *, after):
        self.assertTrue(self.machine.look_after(after), self.machine.run)


class Script(ScriptTest):
    def test_keeps_a_machine_that_was_touched(self):
        self.machine.touch()
        self.assertStays(after=60)
        self.assertStays(after=HOUR - 1)

    def test_powers_off_one_that_was_not_touched_for_an_hour(self):
        self.machine.touch()
        self.assertStays(after=60)
        self.assertPowersOff(after=HOUR)
        self.assertEqual(self.machine.run.returncode, 0)
        self.assertIn(f"keep-alive was not touched for {HOUR} s, {HOUR} are allowed", self.machine.run.stdout)

    def test_counts_from_the_last_touch(self):
        for age in (2, 1, 0):
            self.machine.touch(age)
            self.assertStays(after=HOUR)
        self.assertPowersOff(after=HOUR)

    def test_gives_a_machine_that_is_never_touched_an_hour_from_its_boot(self):
        self.assertStays(after=60)
        self.assertStays(after=HOUR - 1)
        self.assertPowersOff(after=1)

    def test_gives_a_machine_that_is_started_again_an_hour(self):
        self.machine.touch()
        self.assertStays(after=60)
        self.assertPowersOff(after=HOUR)
        self.machine.boot()
        self.assertStays(after=60)
        self.assertPowersOff(after=HOUR)

    def test_gives_an_old_machine_that_this_module_comes_to_an_hour(self):
        self.assertStays(after=100 * HOUR)
        self.assertStays(after=HOUR - 1)
        self.assertPowersOff(after=1)

    def test_counts_on_while_nothing_looks(self):
        self.machine.touch()
        self.assertStays(after=60)
        self.assertPowersOff(after=5 * HOUR)

    def test_does_not_take_a_clock_that_was_set_forward_for_time_that_passed(self):
        self.machine.touch(age=24 * HOUR)
        self.assertStays(after=60)
        self.assertStays(after=HOUR - 1)
        self.assertPowersOff(after=1)

    def test_does_not_wait_for_a_clock_that_was_set_back(self):
        self.machine.touch(age=-24 * HOUR)
        self.assertStays(after=60)
        self.assertStays(after=HOUR - 1)
        self.assertPowersOff(after=1)

    def test_sees_a_touch_after_the_clock_was_set_back(self):
        self.machine.touch()
        self.assertStays(after=60)
        self.machine.touch(age=24 * HOUR)
        self.assertStays(after=HOUR)

    def test_takes_a_file_that_goes_for_no_touch(self):
        self.machine.touch()
        self.assertStays(after=60)
        self.machine.file.unlink()
        self.assertStays(after=HOUR - 1)
        self.assertPowersOff(after=1)

    def test_takes_a_file_that_cannot_be_examined_for_none(self):
        self.machine.program("stat", "exit 1")
        self.machine.touch()
        self.assertStays(after=60)
        self.machine.touch(age=1)
        self.assertPowersOff(after=HOUR)

    def test_begins_again_with_a_record_that_says_nothing(self):
        for record in ("", "\n", "1234\n", "1234 x\n", "1234 99999999999999999999\n", f"1234 {1000 * HOUR}\n"):
            with self.subTest(record=record):
                self.machine.record.write_text(record)
                self.assertStays(after=60)
                self.assertPowersOff(after=HOUR)

    def test_insists(self):
        self.machine.program("systemctl", f'echo "systemctl $*" >> "{self.machine.calls}"; exit 1')
        self.assertStays(after=60)
        self.assertPowersOff(after=HOUR)
        steps = ["systemctl -i poweroff", "sleep 300", "systemctl --force poweroff", "sleep 60"]
        self.assertEqual(self.machine.calls.read_text().splitlines(), [*steps, "systemctl --force --force poweroff"])
        self.assertNotEqual(self.machine.run.returncode, 0)

    def test_minds_no_half_written_record(self):
        """A run that was killed while it wrote."""
        self.machine.record.with_name(NAME + ".new").write_text("half a")
        self.assertStays(after=60)
        self.assertPowersOff(after=HOUR)


class ScriptWithoutRecord(ScriptTest):
    """Where nothing can be remembered, the time of day has to do."""

    def setUp(self):
        super().setUp()
        self.machine.record.mkdir()
        self.addCleanup(self.machine.record.rmdir)

    def test_keeps_a_machine_that_was_touched(self):
        self.machine.touch(age=HOUR - 600)
        self.assertStays(after=100 * HOUR)

    def test_powers_off_one_that_was_not_touched_for_an_hour(self):
        self.machine.touch(age=HOUR)
        self.assertPowersOff(after=100 * HOUR)

    def test_gives_a_machine_that_is_never_touched_an_hour_from_its_boot(self):
        self.assertStays(after=HOUR - 1)
        self.assertPowersOff(after=1)

    def test_takes_a_time_in_the_future_for_a_touch(self):
        self.machine.touch(age=-24 * HOUR)
        self.assertStays(after=100 * HOUR)

    def test_takes_a_time_before_the_boot_for_the_boot(self):
        self.machine.touch(age=24 * HOUR)
        self.assertStays(after=HOUR - 1)
        self.assertPowersOff(after=1)

    def test_goes_by_the_uptime_when_the_file_cannot_be_examined(self):
        self.machine.program("stat", "exit 1")
        self.machine.touch()
        self.assertStays(after=HOUR - 1)
        self.assertPowersOff(after=1)


class ScriptInAnotherShell(Script):
    shell = ("sh", "-e")


class ScriptInAnotherShellWithoutRecord(ScriptWithoutRecord):
    shell = ("sh", "-e")


if __name__ == "__main__":
    unittest.main()
