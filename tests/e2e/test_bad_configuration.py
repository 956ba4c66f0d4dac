"""Configurations that cannot be used, or only in part. Everything that is wrong is said at once."""

from support.farm import PLAIN, pool
from support.farm_test import FarmTest, UnharmedFarmTest


class Configuration(UnharmedFarmTest):
    def refuse(self, text, *messages):
        """Both the pass and `check` refuse such a conf.nix; what they say."""
        self.shared.conf.write_text(text)
        return self.refuse_as_it_is(*messages)

    def refuse_as_it_is(self, *messages, **environment):
        checked = self.shared.run("check", self.shared.conf, **environment)
        self.assertEnded(checked, 78, *messages)
        self.assertEnded(self.shared.run_pass(**environment), 78, *messages)
        self.assertEqual(checked.out, "")
        self.check_that_it_is_listed()
        return checked.err

    def test_a_missing_file(self):
        self.shared.conf.unlink()
        self.refuse_as_it_is("conf.nix: no such file")

    def test_a_folder(self):
        self.assertEnded(self.shared.run("check", self.shared.folder), 78, "is a folder; name the file in it")
        self.assertEnded(self.shared.run(self.shared.folder), 78, "is a folder; name the file in it")

    def test_an_undefined_variable_in_the_words_of_nix(self):
        text = "{\n  systemTypes.x86_64-linux = {\n    maxMachines = maxMachine;\n  };\n}"
        said = self.refuse(text, "cannot be evaluated:")
        self.assertIn("cannot be evaluated: undefined variable 'maxMachine'", said)
        self.assertIn("conf.nix:3:19", said)
        self.assertNotIn("--show-trace", said)

    def test_a_syntax_error_in_the_words_of_nix(self):
        self.refuse("{ systemTypes = ", "cannot be evaluated:", "syntax error, unexpected end of file")

    def test_an_infinite_recursion_in_the_words_of_nix(self):
        self.refuse("let x = x; in x", "infinite recursion encountered")

    def test_a_value_that_is_no_attribute_set(self):
        self.refuse("[ 1 ]", "a list is not an attribute set; write { systemTypes = { … }; }")

    def test_a_function_that_needs_arguments(self):
        self.refuse("{ machines }: { }", "called without required argument 'machines'")

    def test_everything_that_is_wrong_at_once(self):
        said = self.refuse("""{
          tag = "4 you";
          maxParalel = 2;
          settle = -1;
          statusCommand = [ "cat" ];
          sshCommand = "ssh host";
          updateCommand = [ ];
          machinesFile = "machines";
          systemTypes.x86_64-linux = {
            local.bootSecond = 3;
            ec2 = { };
            maxMachine = 3;
            gracePeriod = "10 min";
            minMachines = 5;
            runnablesPerMachine = 0;
            stopOnIdle = "yes";
            sshKey = "/a key";
            maxJobs = 1.5;
            nixPath = [ ];
          };
          systemTypes.aarch64-linux = { };
        }""")  # fmt: skip
        plain = "conf.nix: systemTypes.x86_64-linux"
        for message in (
            "conf.nix: maxParalel: unknown option (did you mean maxParallel?)",
            'conf.nix: tag: "4 you" is not ',
            "conf.nix: settle: -1 is out of range",
            "conf.nix: sshCommand: means the same as statusCommand, which is given too",
            "conf.nix: updateCommand: ",
            'conf.nix: machinesFile: "machines" is not a file\'s absolute path',
            f"{plain}.local.bootSecond: unknown option (did you mean bootSeconds?)",
            f"{plain}: more than one provider: local, ec2",
            f"{plain}.maxMachine: unknown option (did you mean maxMachines?)",
            f'{plain}.gracePeriod: "10 min" is not a whole number of seconds; write 600',
            f"{plain}.minMachines: 5 is more than maxMachines, which is 1 by default",
            f"{plain}.runnablesPerMachine: 0 is out of range; it must be 1 to 1000000",
            f'{plain}.stopOnIdle: "yes" is not true or false',
            f'{plain}.sshKey: "/a key"',
            f"{plain}.maxJobs: 1.5 is not a whole number",
            f"{plain}.nixPath: belongs to nixopsExpr",
            "conf.nix: systemTypes.aarch64-linux: no provider; add one of local, nixopsExpr, ec2 and exec",
        ):
            self.assertIn(message, said)
        self.assertTrue(all(line.startswith("error: ") for line in said.splitlines()), said)

    def test_system_types_that_mean_nothing(self):
        names = ('""', '":x"', '"a b"')
        types = [f"{name} = {{ local = {{ }}; }};" for name in names]
        said = self.refuse(f"{{ systemTypes = {{ {' '.join(types)} }}; }}")
        for name in names:
            self.assertIn(f"conf.nix: systemTypes.{name}: ", said)

    def test_two_names_of_one_system_type(self):
        types = '"x86_64-linux:a,b" = { local = { }; }; "x86_64-linux:b,a" = { local = { }; };'
        self.refuse(f"{{ systemTypes = {{ {types} }}; }}", "the same systems and features as")

    def test_no_system_types_unless_that_is_meant(self):
        self.refuse("{ systemTypes = { }; }", "conf.nix: systemTypes: no system type", "or use --allow-empty")

    def test_no_nix_at_all(self):
        programs = self.shared.folder / "programs"
        programs.mkdir()
        self.refuse_as_it_is("nix-instantiate: not found in PATH; install Debian's nix-bin", PATH=str(programs))


class AnEmptyConfiguration(FarmTest):
    def test_gives_up_every_machine_if_that_is_meant(self):
        farm = self.farm_with_machine()
        farm.configure(pools={})
        self.assertEnded(farm.run_pass(), 78, "no system type", "--allow-empty")
        self.assertEqual(len(farm.listed()), 1)
        self.assertEnded(farm.run_pass("--allow-empty"), 0, "t-0: draining: surplus")
        self.assertEqual(farm.machines_file.read_text(), "# hydra-provisioner t\n")
        self.assertEnded(farm.run_pass("--allow-empty"), 0, "its pool is not configured any more", "t-0: gone")
