"""The command line: options, where output goes, and what only looks."""

import json
import os
import pty
import subprocess
from pathlib import Path

from support.farm import PLAIN, pool
from support.farm_test import FarmTest
from support.nix_text import nix_text

# Keys that scripts rely on: more may come, none goes.
POOL_KEYS = {"name", "runnable", "running", "ignored", "wanted", "target", "machines"}
PLAN_KEYS = {"formatVersion", "time", "pools", "unplaceable", "actions", "summary", "reconsiderAt"}
SUMMARY_KEYS = {"create", "start", "drain", "undrain", "stop", "destroy", "keep"}
STATUS_KEYS = {"formatVersion", "time", "queue", "pools", "machines"}
MACHINE_KEYS = {
    *("id", "pool", "provider", "instance", "state", "since", "listed", "address"),
    *("currentJobs", "idleSince", "lastError"),
}


class Options(FarmTest):
    def test_may_stand_before_or_after_the_verb(self):
        farm = self.farm()
        state = ["--state-dir", farm.state]
        after = farm.run_command([farm.program, "plan", farm.conf, "--json", *state])
        before = farm.run_command([farm.program, *state, "--json", "plan", farm.conf])
        self.assertEqual(json.loads(after.out)["pools"], json.loads(before.out)["pools"])
        self.assertFalse(farm.state.exists())

    def test_quiet_says_only_what_goes_wrong_and_verbose_why_machines_stay(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEqual(farm.run_pass("-q")[:3], (0, "", ""))
        self.assertIn("t-0: kept: needed; idle", farm.run_pass("-v").err)
        self.assertEqual(farm.run_pass().err, "")
        farm.configure(machinesFile=farm.folder / "missing/machines")
        self.assertEnded(farm.run_pass("-q"), 1, "error: ")

    def test_the_state_directory_may_come_from_systemd(self):
        farm = self.farm()
        self.assertEnded(farm.run_command([farm.program, farm.conf], STATE_DIRECTORY=f"{farm.state}:/elsewhere"), 0)
        self.assertTrue((farm.state / "t.sqlite").exists())

    def test_a_file_that_is_called_like_a_verb_has_a_folder(self):
        farm = self.farm()
        farm.conf.rename(farm.folder / "plan")
        self.assertEnded(farm.run("./plan"), 0)
        self.assertTrue(farm.machines_file.exists())

    def test_misuse_is_reported_in_one_line(self):
        farm = self.farm()
        see = "see hydra-provisioner {}--help\n".format
        for words, messages in {
            (): ("no configuration file given", see("")),
            ("check",): ("no configuration file given", see("check ")),
            ("plan", "conf.nix", "other.nix"): ('"other.nix" is one argument too many', see("plan ")),
            ("conf.nix", "other.nix"): ('"other.nix" is one argument too many', see("")),
            ("plan", "conf.nix", "--jsn"): ("unknown option --jsn; did you mean --json?\n",),
            ("conf.nix", "--json"): ("--json goes with check, plan, status, ", see("")),
            ("status", "conf.nix", "--detailed-exitcode"): ("--detailed-exitcode goes with plan", see("status ")),
            ("conf.nix", "-q", "-v"): ("-q and -v exclude each other", see("")),
            ("plan", "conf.nix", "--color=maybe"): ('"maybe" is not auto, always or never', see("plan ")),
            ("conf.nix", "--state-dir"): ("--state-dir needs a value", see("")),
        }.items():
            ended = farm.run_command([farm.program, *words])
            self.assertEnded(ended, 64, "hydra-provisioner: ", *messages)
            self.assertEqual((ended.out, ended.err.count("\n")), ("", 1), words)
        self.assertFalse(farm.state.exists())

    def test_an_unknown_word_is_an_unknown_command(self):
        farm = self.farm()
        for words, message in {
            ("plna",): 'unknown command "plna"; did you mean plan?',
            ("pln", "conf.nix"): 'unknown command "pln"; did you mean plan?',
            ("--json", "plna"): 'unknown command "plna"; did you mean plan?',
            ("help", "plna"): 'unknown command "plna"; did you mean plan?',
            ("other", "conf.nix"): 'unknown command "other"; commands: check, daemon, plan, status, ',
            ("help", "nonsense"): 'unknown command "nonsense"; commands: check, daemon, plan, status, ',
        }.items():
            ended = farm.run(*words)
            self.assertEnded(ended, 64)
            self.assertTrue(ended.err.startswith(f"hydra-provisioner: {message}"), ended.err)
            self.assertEqual((ended.out, ended.err.count("\n")), ("", 1), words)

    def test_a_word_that_looks_like_a_file_is_a_configuration(self):
        farm = self.farm()
        for word in ("missing.nix", "./missing", "/missing"):
            self.assertEnded(farm.run(word), 78, f"{word}: no such file")
        farm.conf.rename(farm.folder / "plna")
        self.assertEnded(farm.run("plna"), 0)


class HelpAndVersion(FarmTest):
    def run_with(self, farm, stdout, *words):
        farm.status.write()
        return subprocess.run(
            farm.command(*words),
            env=farm.environment,
            cwd=farm.folder,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    def test_help_is_about_one_command(self):
        farm = self.farm()
        about_plan = farm.run("plan", "--help")
        self.assertEnded(about_plan, 0)
        self.assertIn("Usage: hydra-provisioner plan CONF", about_plan.out)
        self.assertIn("--detailed-exitcode", about_plan.out)
        self.assertNotIn("history", about_plan.out)
        self.assertEqual(farm.run("help", "plan").out, about_plan.out)
        self.assertEqual(farm.run("help").out, farm.run("--help").out)
        self.assertLessEqual(max(map(len, (about_plan.out + farm.run("--help").out).splitlines())), 80)

    def test_the_version_names_the_commit(self):
        self.assertRegex(self.farm().run("--version").out, r"^hydra-provisioner \d+\.\d+\.\d+( \([0-9a-f]{12}\))?\n$")

    def test_a_full_or_closed_output_is_an_error(self):
        farm = self.farm()
        for words in (["--help"], ["help", "plan"], ["--version"], ["plan", farm.conf], ["check", farm.conf, "--json"]):
            with open("/dev/full", "w") as full:
                ended = self.run_with(farm, full, *words)
            self.assertEqual(ended.returncode, 1, words)
            self.assertEqual(ended.stderr, "error: cannot write to stdout: No space left on device\n")
            closed = ["sh", "-c", 'exec "$0" "$@" >&-', *farm.command(*words)]
            self.assertEnded(farm.run_command(closed), 1, "cannot write to stdout: Bad file descriptor")

    def test_a_reader_that_has_seen_enough_is_no_error_to_report(self):
        farm = self.farm()
        ours, theirs = os.pipe()
        os.close(ours)
        ended = self.run_with(farm, theirs, "--help")
        os.close(theirs)
        self.assertEqual((ended.returncode, ended.stderr), (1, ""))


class Colors(FarmTest):
    def on_a_terminal(self, farm, *words, **environment):
        """What the program prints to it."""
        ours, theirs = pty.openpty()
        command = [str(word) for word in farm.command(*words)]
        farm.status.write()
        with subprocess.Popen(command, env=farm.environment | environment, stdout=theirs, stderr=theirs):
            os.close(theirs)
        printed = os.read(ours, 65536).decode()
        os.close(ours)
        return printed

    def test_are_for_terminals_unless_they_are_not_wanted(self):
        farm = self.farm()
        self.assertIn("\033[", self.on_a_terminal(farm, "plan", farm.conf))
        self.assertNotIn("\033[", self.on_a_terminal(farm, "plan", farm.conf, NO_COLOR="1"))
        self.assertNotIn("\033[", self.on_a_terminal(farm, "plan", farm.conf, "--color=never"))
        self.assertNotIn("\033[", farm.run("plan", farm.conf).out)
        self.assertIn("\033[", farm.run("plan", farm.conf, "--color=always", NO_COLOR="1").out)


class ReadingVerbs(FarmTest):
    def test_change_nothing(self):
        farm = self.farm_with_some_of_everything()
        before = self.everything_in(farm)
        for verb in ("plan", "status", "check"):
            self.assertEnded(farm.run(verb, farm.conf), 0)
            self.assertEqual(self.everything_in(farm), before, verb)

    def test_make_no_state_directory_and_no_machines_file(self):
        farm = self.farm()
        farm.queue(runnable=1)
        for verb in ("plan", "status", "check"):
            self.assertEnded(farm.run(verb, farm.conf), 0)
            self.assertFalse(farm.state.exists())
            self.assertFalse(farm.machines_file.exists())

    def everything_in(self, farm):
        """Every file, with what shows whether it was touched."""
        paths = [farm.machines_file, *sorted(farm.state.rglob("*"))]
        return [(path, path.lstat().st_ino, path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths]

    def test_print_data_to_stdout_and_nothing_else(self):
        farm = self.farm_with_some_of_everything()
        for verb in ("plan", "status", "check"):
            self.assertEqual(farm.run(verb, farm.conf).err, "")

    def test_check_does_not_ask_the_queue_runner(self):
        farm = self.farm(statusCommand=["touch", "asked"])
        self.assertEnded(farm.run("check", farm.conf), 0)
        self.assertFalse((farm.folder / "asked").exists())

    def test_json_has_the_keys_that_scripts_rely_on(self):
        farm = self.farm_with_some_of_everything()
        plan = json.loads(farm.run("plan", farm.conf, "--json").out)
        status = json.loads(farm.run("status", farm.conf, "--json").out)
        self.assertEqual((plan["formatVersion"], status["formatVersion"]), (1, 1))
        for keys, found in (
            (PLAN_KEYS, plan),
            (POOL_KEYS, plan["pools"][0]),
            ({"stepType", "runnable"}, plan["unplaceable"][0]),
            ({"action", "machine", "pool", "reason"}, plan["actions"][0]),
            (SUMMARY_KEYS, plan["summary"]),
            (STATUS_KEYS, status),
            ({"trusted", "why"}, status["queue"]),
            (POOL_KEYS, status["pools"][0]),
            (MACHINE_KEYS, status["machines"][0]),
        ):
            self.assertLessEqual(keys, set(found))

    def test_the_detailed_exit_status_tells_whether_there_is_something_to_do(self):
        farm = self.farm()
        self.assertEnded(farm.run("plan", farm.conf, "--detailed-exitcode"), 0)
        farm.queue(runnable=1)
        self.assertEnded(farm.run("plan", farm.conf, "--detailed-exitcode"), 2)
        self.assertEnded(farm.run("plan", farm.conf), 0)


class Check(FarmTest):
    def test_user_data_that_cannot_take_the_host_key_is_an_error(self):
        ec2 = {"region": "eu-west-1", "image": "ami-1", "instanceTypes": ["c7a.large"]}
        farm = self.farm(pools={PLAIN: {"ec2": ec2 | {"userData": "#include\nhttps://example.org/x\n"}}})
        where = f"{farm.conf}: systemTypes.x86_64-linux.ec2.userData: a list of URLs (#include)"
        self.assertEnded(farm.run("check", farm.conf), 78, where)
        document = json.loads(farm.run("check", farm.conf, "--json").out)
        self.assertFalse(document["valid"])
        farm.configure(pools={PLAIN: {"ec2": ec2 | {"userDataFile": str(farm.folder / "none")}}})
        self.assertEnded(farm.run("check", farm.conf), 0, "ec2.userDataFile: ", "no such file")
        farm.configure(pools={})

    def test_all_missing_programs_are_named(self):
        farm = self.farm()
        right, folder = farm.conf.read_text(), str(farm.folder)
        pools = {PLAIN: {"exec": {"command": ["no-cloud"]}}}
        settings = {"tag": "t", "statusCommand": ["no-status"], "updateCommand": [str(farm.conf)]}
        farm.conf.write_text(nix_text(settings | {"systemTypes": pools}))
        cloud = "systemTypes.x86_64-linux.exec.command: no-cloud: not found in PATH"
        status = "statusCommand: no-status: not found in PATH"
        self.assertEnded(farm.run("check", farm.conf), 0, status, f"updateCommand: {farm.conf}: Permission denied", cloud)
        queue = {"command": ["no-curl"], "storeCommand": [folder], "evictCommand": ["/no/ss", "-K"]}
        pools = {PLAIN: {"local": {"builder": ["no-builder"]}}}
        farm.conf.write_text(nix_text({"tag": "t", "queue": queue | {"type": "hydra-rust"}, "systemTypes": pools}))
        self.assertEnded(farm.run("check", farm.conf), 0, "queue.command: no-curl: not found in PATH",
                         f"queue.storeCommand: {folder}: Is a directory",
                         "queue.evictCommand: /no/ss: No such file or directory",
                         "systemTypes.x86_64-linux.local.builder: no-builder: not found in PATH")
        farm.conf.write_text(right)

    def test_steps_that_would_be_aborted_while_their_machine_is_made_are_warned_of(self):
        farm = self.farm()
        right, toml = farm.conf.read_text(), farm.folder / "config.toml"

        def checked(content=None, **settings):
            queue = {"type": "hydra-rust", "command": ["true"]} | ({"config": str(toml)} if content else {})
            toml.write_text(content or "")
            pools = {PLAIN: {"local": {"builder": ["true"]}, "bootTimeout": 300} | settings}
            farm.conf.write_text(nix_text({"tag": "t", "queue": queue, "systemTypes": pools}))
            return farm.run("check", farm.conf)

        self.assertEnded(checked(), 0, "queue.config is not given, so it was not checked")
        self.assertEnded(checked("maxUnsupportedTimeInS = 300\n"), 0, "maxUnsupportedTimeInS is 300: steps for which",
                         "one of x86_64-linux may take 300 s (bootTimeout); set it to 86400")
        self.assertEnded(checked("tokenPaths = []\n"), 0, "maxUnsupportedTimeInS is 120: ")
        self.assertNotIn("maxUnsupported", checked("maxUnsupportedTimeInS = 301\n").err)
        self.assertNotIn("maxUnsupported", checked("x = 1\n", minMachines=1).err, "one machine is always there")
        schedules = [{"hours": "20-6", "minMachines": 0}]
        self.assertIn("maxUnsupported", checked("x = 1\n", minMachines=1, schedules=schedules).err)
        farm.conf.write_text(right)

    def test_the_machines_file_of_the_original_program_is_no_longer_written(self):
        original = Path("/var/lib/hydra/provisioner/machines")
        farm = self.farm(pools={PLAIN: pool()})
        farm.queue(runnable=0)
        self.assertNotIn("original", farm.run("check", farm.conf).err)
        missing = [path for path in (Path("/var/lib/hydra"),) if not path.exists()]
        farm.mount(Path("/var/lib/hydra"), "size=1m")
        self.addCleanup(lambda: [path.rmdir() for path in missing])
        original.parent.mkdir()
        original.write_text("")
        for words in (["check", farm.conf], [farm.conf]):
            self.assertEnded(farm.run(*words), 0, f"warning: {original} exists, which the original program wrote")
        farm.configure(updateCommand=["true"])
        self.assertNotIn("original", farm.run("check", farm.conf).err)
        farm.unmount()
