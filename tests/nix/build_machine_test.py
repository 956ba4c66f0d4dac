"""nix/build-machine.nix: what it makes of its options, and the script that prepares a builder, which really runs."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

MODULE = Path(__file__).resolve().parents[2] / "nix" / "build-machine.nix"

# What NixOS would do, with no more of its library than the module uses.
EXPRESSION = """{ module, definitions }:
let
  lib = {
    mkOption = { type, default, description }: { inherit default; };
    mkIf = condition: content: if condition then content else { };
    mkDefault = content: content;
    optional = condition: content: if condition then [ content ] else [ ];
    optionalAttrs = condition: content: if condition then content else { };
    types = { str = null; bool = null; int = null; package = null; listOf = type: null; nullOr = type: null; };
  };
  evaluated = import module {
    inherit lib;
    config.services.hydra-provisioner.buildMachine =
      builtins.mapAttrs (name: option: option.default) evaluated.options.services.hydra-provisioner.buildMachine
      // builtins.fromJSON definitions;
    pkgs = { nix = "nix"; hostname = "hostname"; gnused = "sed"; gnugrep = "grep"; coreutils = "coreutils"; };
  };
in
{ inherit (evaluated) config; }"""

USER_DATA = """/*
SSH_HOST_ED25519_KEY:-----BEGIN
HYDRA_BUILDER_NAME:t-7
HYDRA_BUILDER_POOL:x86_64-linux
HYDRA_BUILDER_ENDPOINT:https://queue.example.org:50051
HYDRA_BUILDER_SYSTEMS:i686-linux,x86_64-linux
HYDRA_BUILDER_SUPPORTED_FEATURES:kvm,nixos-test
HYDRA_BUILDER_MANDATORY_FEATURES:
HYDRA_BUILDER_MAX_JOBS:4
HYDRA_BUILDER_TOKEN:secret
*/
{ }
"""


def evaluate(**definitions):
    command = ["nix-instantiate", "--eval", "--strict", "--json", "-E", EXPRESSION]
    command += ["--arg", "module", str(MODULE), "--argstr", "definitions", json.dumps(definitions)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)["config"]


def builder(**definitions):
    return evaluate(builder="/package", **definitions)["systemd"]["services"]["hydra-builder"]


class Module(unittest.TestCase):
    def test_lets_the_queue_runner_in_cpp_only_serve(self):
        evaluated = evaluate(operatorKeys=["ssh-ed25519 A"], queueRunnerKeys=["ssh-ed25519 Q"])
        keys = evaluated["users"]["users"]["root"]["openssh"]["authorizedKeys"]["keys"]
        self.assertEqual(keys, ["ssh-ed25519 A", 'command="nix-store --serve --write",restrict ssh-ed25519 Q'])
        self.assertEqual(evaluated["systemd"], {}, "without a builder it needs no service")

    def test_gives_the_builder_a_gate_of_64_kib(self):
        (mount,) = evaluate(builder="/package")["systemd"]["mounts"]
        self.assertEqual((mount["where"], mount["type"]), ("/run/hydra-gate", "tmpfs"))
        self.assertIn("size=64k", mount["options"])
        self.assertEqual(builder()["environment"], {"NIX_CONFIG": "build-dir = /run/hydra-gate"})

    def test_runs_the_builder_with_further_arguments(self):
        self.assertIn("exec /package/bin/hydra-builder \"$@\" --domain-name q", builder(builderArguments=["--domain-name", "q"])["script"])


    def test_leaves_the_number_of_steps_to_the_queue_runner_and_keeps_room_for_them(self):
        settings = evaluate()["nix"]["settings"]
        self.assertEqual(settings, {"max-jobs": "auto", "min-free": 5 << 30, "max-free": 20 << 30})

    def test_builds_what_requires_the_features_of_its_type(self):
        features = evaluate(features=["gccarch-znver3"])["nix"]["settings"]["system-features"]
        self.assertEqual(features, ["nixos-test", "benchmark", "big-parallel", "kvm", "gccarch-znver3"])

    def test_warns_of_a_builder_of_another_revision_than_the_queue_runner(self):
        package = lambda revision: {"outPath": "/package", "version": "0.2.0", "src": {"rev": revision}}
        self.assertEqual(evaluate(builder=package("aaa"))["warnings"], [])
        self.assertEqual(evaluate(builder=package("aaa"), queueRunner=package("aaa"))["warnings"], [])
        (warning,) = evaluate(builder=package("aaa"), queueRunner=package("bbb"))["warnings"]
        self.assertIn("builder (aaa) and queueRunner (bbb) are of different revisions", warning)
        of_version = lambda version: {"outPath": "/package", "version": version}
        warnings = evaluate(builder=of_version("1"), queueRunner=of_version("2"))["warnings"]
        self.assertEqual(len(warnings), 1, "where no commit is known, the versions are compared")


class Preparation(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="hpt-")
        self.addCleanup(temporary.cleanup)
        self.root = Path(temporary.name)
        (self.root / "run/hydra-gate").mkdir(parents=True)
        self.say(USER_DATA)

    def say(self, user_data):
        file = self.root / "etc/ec2-metadata/user-data"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(user_data)

    def run_script(self):
        environment = {"BUILD_MACHINE_ROOT": str(self.root), "PATH": "/usr/bin:/bin"}
        return subprocess.run(["sh", "-c", builder()["preStart"]], env=environment, capture_output=True, text=True)

    def content(self, name):
        return (self.root / "run/hydra-builder" / name).read_text()

    def test_writes_what_the_user_data_say(self):
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.content("name"), "t-7\n")
        self.assertEqual(self.content("endpoint"), "https://queue.example.org:50051\n")
        self.assertEqual(self.content("token"), "secret\n")
        self.assertEqual(
            self.content("builder.toml"),
            'pingInterval = 3\nmaxJobs = 4\nsystems = ["i686-linux","x86_64-linux"]\n'
            'supportedFeatures = ["kvm","nixos-test"]\nmandatoryFeatures = []\n',
        )

    def test_reads_the_comments_of_a_cloud_config(self):
        self.say("#cloud-config\n" + "".join(f"# {line}\n" for line in USER_DATA.splitlines() if line.startswith("HYDRA")))
        self.assertEqual(self.run_script().returncode, 0)
        self.assertEqual(self.content("endpoint"), "https://queue.example.org:50051\n")

    def test_keeps_the_token_from_others(self):
        self.run_script()
        self.assertEqual((self.root / "run/hydra-builder/token").stat().st_mode & 0o777, 0o600)

    def test_closes_the_gate_at_first_and_leaves_it_as_it_is_later(self):
        gate = self.root / "run/hydra-gate/closed"
        self.run_script()
        self.assertEqual(gate.stat().st_size, 65536)
        gate.unlink()
        self.run_script()
        self.assertFalse(gate.exists(), "the provisioner has opened it")

    def test_fails_without_a_name(self):
        self.say("{ }\n")
        ended = self.run_script()
        self.assertEqual(ended.returncode, 1)
        self.assertIn("has no HYDRA_BUILDER_NAME", ended.stderr)


if __name__ == "__main__":
    unittest.main()
