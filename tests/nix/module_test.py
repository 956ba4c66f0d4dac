"""nix/module.nix: what NixOS makes of it, by the module system of the tests, and by that of a nixpkgs where there is one."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[1]
PROGRAM = os.environ.get("HYDRA_PROVISIONER", str(SOURCES / "build/release/hydra-provisioner"))
TABLE = json.loads((SOURCES / "nix/options.json").read_text())

CLOUD = 'systemTypes.x86_64-linux.exec.command = [ "/provider" ];'
OWN_FILE = "/var/lib/hydra-machines/hydra-provisioner/provisioned.machines"


def nixpkgs():
    """The library of a nixpkgs that NIX_PATH or NIX_CONFIG names."""
    found = subprocess.run(["nix-instantiate", "--find-file", "nixpkgs/lib"], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def service(text):
    return f"services.hydra-provisioner = {{ {text} }};"


def enabled(settings=CLOUD, more=""):
    return service(f"enable = true; settings = {{ {settings} }}; {more}")


def unit_of_others():
    """What the unit for other systems keeps from its own user."""
    settings = {}
    for line in (SOURCES / "systemd/10-own-user.conf").read_text().splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#") and name not in ("User", "Group", "ReadWritePaths"):
            settings[name] = f"{settings.get(name, '')} {value}".strip()
    return settings


def systemd_text(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else value


class Wrong(Exception):
    """What Nix says of wrong definitions."""


class Evaluation:
    """A store of its own for the files that NixOS would write."""

    def __init__(self, library):
        self.library = library
        self.temporary = tempfile.TemporaryDirectory(prefix="hpt-")
        folder = Path(self.temporary.name)
        self.definitions = folder / "definitions.nix"
        names = {"NIX_STORE_DIR": "store", "NIX_STATE_DIR": "var", "NIX_LOG_DIR": "log", "NIX_CONF_DIR": "etc"}
        self.environment = os.environ | {name: str(folder / part) for name, part in names.items()} | {"HOME": str(folder)}
        self.environment.pop("NIX_REMOTE", None)

    def close(self):
        self.temporary.cleanup()

    def run(self, definitions):
        self.definitions.write_text(f"{{ pkgs, ... }}: {{ {definitions} }}")
        command = ["nix-instantiate", "--read-write-mode", "--eval", "--strict", "--json", HERE / "evaluate.nix"]
        for name, value in (("module", SOURCES / "nix/module.nix"), ("definitions", self.definitions), ("library", self.library)):
            command += ["--arg", name, str(value)]
        ended = subprocess.run(command, capture_output=True, text=True, env=self.environment)
        if ended.returncode != 0:
            raise Wrong(ended.stderr)
        return json.loads(ended.stdout)


class Module:
    """The tests, for one library: a mixin."""

    @classmethod
    def setUpClass(cls):
        cls.evaluation = Evaluation(cls.library)
        cls.addClassCleanup(cls.evaluation.close)

    def evaluate(self, definitions):
        return self.evaluation.run(definitions)

    def system(self, definitions):
        evaluated = self.evaluate(definitions)
        self.assertEqual(evaluated["problems"], [])
        return evaluated["system"]

    def unit(self, definitions, name="hydra-provisioner"):
        return self.system(definitions)["units"][name]

    def service_config(self, definitions):
        return self.unit(definitions)["serviceConfig"]

    def problem(self, definitions):
        (problem,) = self.evaluate(definitions)["problems"]
        return problem

    def written(self, definitions):
        """The value of the configuration that NixOS writes."""
        file = self.system(definitions)["etc"]["hydra-provisioner/conf.nix"]
        command = ["nix-instantiate", "--eval", "--strict", "--json", file]
        ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=self.evaluation.environment)
        return json.loads(ended.stdout)

    def refused(self, settings):
        with self.assertRaises(Wrong) as raised:
            self.evaluate(enabled(settings))
        return str(raised.exception)

    # Settings

    def test_every_option_of_the_program_is_one_of_nixos(self):
        expected = {
            section: {row["name"]: {"description": row["meaning"], "default": row["default"]} for row in rows}
            for section, rows in TABLE.items()
        }
        self.assertEqual(self.evaluate("")["options"], expected)

    def test_writes_what_is_set_and_nothing_else(self):
        self.assertEqual(
            self.written(enabled(CLOUD)),
            {"machinesFile": OWN_FILE, "systemTypes": {"x86_64-linux": {"exec": {"command": ["/provider"]}}}},
        )

    def test_writes_values_of_all_kinds(self):
        pool = """
            pricePerHour = 0.17; stopOnIdle = true; maxMachines = 3; sshKey = "/key"; local = { };
            schedules = [ { hours = "8-17"; minMachines = 2; } ];
            mandatoryFeatures = [ ]; spareSlots = "auto";
        """
        settings = f'queue = {{ type = "command"; command = [ "q" ]; }}; systemTypes."a-b:kvm" = {{ {pool} }};'
        written = self.written(enabled(settings, 'user = "root";'))
        self.assertEqual(written["queue"], {"type": "command", "command": ["q"]})
        self.assertEqual(
            written["systemTypes"],
            {"a-b:kvm": {"pricePerHour": 0.17, "stopOnIdle": True, "maxMachines": 3, "sshKey": "/key", "local": {},
                         "schedules": [{"hours": "8-17", "minMachines": 2}], "mandatoryFeatures": [],
                         "spareSlots": "auto"}},
        )

    def test_writes_the_regions_of_ec2(self):
        regions = '[ { region = "eu-west-1"; image = "ami-1"; subnets = [ "subnet-1" ]; } ]'
        pool = f'maxJobs = "auto"; ec2 = {{ instanceTypes = [ "c7a.large" ]; regions = {regions}; }};'
        written = self.written(enabled(f"systemTypes.t = {{ {pool} }};"))["systemTypes"]["t"]
        self.assertEqual(written["maxJobs"], "auto")
        self.assertEqual(written["ec2"]["regions"], [{"region": "eu-west-1", "image": "ami-1", "subnets": ["subnet-1"]}])

    def test_leaves_the_settings_of_a_program_as_they_are(self):
        settings = 'systemTypes.t.exec = { command = [ "/p" ]; settings = { empty = null; nested.list = [ 1 "two" ]; }; };'
        written = self.written(enabled(settings))
        self.assertEqual(written["systemTypes"]["t"]["exec"]["settings"], {"empty": None, "nested": {"list": [1, "two"]}})

    def test_writes_a_nix_path_as_the_path_that_it_is(self):
        written = self.written(enabled("systemTypes.t.nixopsExpr = /deployments/t.nix;"))
        self.assertEqual(written["systemTypes"]["t"]["nixopsExpr"], "/deployments/t.nix")

    def test_keeps_what_the_settings_name_in_the_store(self):
        text = 'systemTypes.t.exec.command = [ "${builtins.toFile "provider" ""}" ]; systemTypes.t.exec.settings.file = PATH;'
        path = '(/. + builtins.unsafeDiscardStringContext (builtins.toFile "data" ""))'
        definitions = enabled(text.replace("PATH", path))
        provider = self.written(definitions)["systemTypes"]["t"]["exec"]
        conf = self.system(definitions)["etc"]["hydra-provisioner/conf.nix"]
        command = ["nix-store", "--query", "--requisites", conf]
        queried = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=self.evaluation.environment)
        closure = queried.stdout.split()
        self.assertIn(provider["command"][0], closure)
        self.assertIn(provider["settings"]["file"], closure)

    def test_the_program_accepts_what_is_written(self):
        settings = f'{CLOUD} statusCommand = [ "true" ]; metricsListen = "127.0.0.1:9817"; currency = "EUR"; maxCostPerDay = 9.5;'
        definitions = enabled(f"{settings} systemTypes.x86_64-linux.pricePerHour = 0.17;")
        file = self.system(definitions)["etc"]["hydra-provisioner/conf.nix"]
        checked = subprocess.run([PROGRAM, "check", file], capture_output=True, text=True, env=self.evaluation.environment)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_a_wrong_value_is_refused_with_its_option(self):
        refused = self.refused(f'{CLOUD} systemTypes.x86_64-linux.gracePeriod = "10 min";')
        self.assertIn("services.hydra-provisioner.settings.systemTypes.x86_64-linux.gracePeriod", refused)
        self.assertIn("is not of type", refused)
        self.assertIn("10 min", refused)

    def test_values_are_refused_that_the_program_would_refuse(self):
        for wrong in ('tag = "my farm";', "maxParallel = 0;", "historyDays = 4000;", 'machinesFile = "machines";',
                      'queue.type = "hydra-c";', 'statusCommand = "true";', "statusCommand = [ ];", 'metricsListen = "here";',
                      "systemTypes.t.pricePerHour = -1;", 'systemTypes.t.sshKey = "@key";', "systemTypes.t.systems = [ ];",
                      'systemTypes.t.spareSlots = "many";', "systemTypes.t.spareSlots = -1;",
                      'systemTypes.t.ec2.endpoint = "ftp://cloud";', 'systemTypes.t.ec2.region = "eu west";'):
            with self.subTest(wrong):
                self.assertIn("is not of type", self.refused(f"{CLOUD} {wrong}"))

    def test_an_unknown_option_is_refused(self):
        refused = self.refused(f"{CLOUD} systemTypes.x86_64-linux.maxMachine = 3;")
        self.assertIn("services.hydra-provisioner.settings.systemTypes.x86_64-linux.maxMachine' does not exist", refused)

    def test_takes_settings_or_a_file(self):
        both = self.problem(enabled(more="configFile = /conf.nix;"))
        self.assertEqual(both, "services.hydra-provisioner: both settings and configFile are given; keep one of them")
        neither = self.problem(enabled(""))
        self.assertTrue(neither.endswith(": neither settings.systemTypes nor configFile is given; add one of them"))

    def test_a_file_of_its_own_is_read_where_it_is(self):
        system = self.system(service('enable = true; configFile = "/etc/farm/conf.nix"; machinesFile = "/shared/machines";'))
        unit = system["units"]["hydra-provisioner"]
        self.assertEqual(unit["serviceConfig"]["ExecStart"], "/package/bin/hydra-provisioner daemon /etc/farm/conf.nix")
        self.assertEqual(unit["serviceConfig"]["ReadWritePaths"], ["-/shared"])
        self.assertEqual((system["etc"], unit["reloadTriggers"]), ({}, []))

    # The service

    def test_does_nothing_unless_it_is_enabled(self):
        system = self.system("")
        self.assertEqual((system["units"], system["users"], system["tmpfiles"]), ({}, {}, []))

    def test_reloads_what_has_changed_after_checking_it(self):
        unit = self.unit(enabled())
        self.assertEqual(
            unit["serviceConfig"]["ExecReload"],
            ["/package/bin/hydra-provisioner check /etc/hydra-provisioner/conf.nix", "/coreutils/bin/kill -HUP $MAINPID"],
        )
        self.assertEqual(unit["reloadTriggers"], [self.system(enabled())["etc"]["hydra-provisioner/conf.nix"]])
        other = self.unit(enabled(f"{CLOUD} interval = 20;"))
        self.assertNotEqual(other["reloadTriggers"], unit["reloadTriggers"])
        self.assertEqual(other["serviceConfig"], unit["serviceConfig"], "else a change would restart it")

    def test_runs_as_a_user_of_its_own(self):
        system = self.system(enabled(more='extraGroups = [ "keys" ];'))
        config = system["units"]["hydra-provisioner"]["serviceConfig"]
        self.assertEqual((config["User"], config["Group"]), ("hydra-provisioner", "hydra-provisioner"))
        self.assertEqual(config["SupplementaryGroups"], ["keys"])
        self.assertEqual(system["users"]["hydra-provisioner"]["extraGroups"], ["keys"])
        self.assertEqual(list(system["groups"]), ["hydra-provisioner"])

    def test_runs_as_another_user_who_exists(self):
        system = self.system(enabled(more='user = "hydra"; group = "hydra";'))
        config = system["units"]["hydra-provisioner"]["serviceConfig"]
        self.assertEqual((config["User"], config["Group"]), ("hydra", "hydra"))
        self.assertEqual((system["users"], system["groups"]), ({}, {}))
        self.assertIn("d /var/lib/hydra-machines/hydra-provisioner 0755 hydra hydra -", system["tmpfiles"])

    def test_keeps_nearly_everything_from_the_service(self):
        config = self.service_config(enabled())
        self.assertEqual((config["ProtectSystem"], config["CapabilityBoundingSet"]), ("strict", ""))
        self.assertEqual(config["ReadWritePaths"], ["-/var/lib/hydra-machines/hydra-provisioner"])
        self.assertEqual({name: systemd_text(config[name]) for name in unit_of_others()}, unit_of_others())

    def test_a_setting_of_the_unit_can_be_replaced(self):
        more = "systemd.services.hydra-provisioner.serviceConfig.ProtectHome = false;"
        config = self.service_config(enabled() + more)
        self.assertEqual((config["ProtectHome"], config["ProtectSystem"]), (False, "strict"))

    def test_local_machines_need_root_from_whom_nothing_is_kept(self):
        local = "systemTypes.x86_64-linux.local = { };"
        self.assertEqual(
            self.problem(enabled(local)),
            'services.hydra-provisioner: local machines need root; add user = "root"; or take another provider',
        )
        system = self.system(enabled(local, 'user = "root";'))
        self.assertIn("L+ /bin/busybox - - - - /busybox/bin/busybox", system["tmpfiles"])
        config = system["units"]["hydra-provisioner"]["serviceConfig"]
        self.assertEqual((config["User"], config["Group"]), ("root", "root"))
        self.assertFalse({"ProtectSystem", "NoNewPrivileges", "PrivateTmp", "RestrictNamespaces"} & config.keys())

    def test_hands_over_credentials(self):
        config = self.service_config(enabled(more='credentials.token = "/run/keys/token";'))
        self.assertEqual(config["LoadCredential"], ["token:/run/keys/token"])
        command = self.run_command("hydra-provisioner", 'credentials.token = "/run/keys/token";')
        self.assertIn(" CREDENTIALS_DIRECTORY=/run/credentials/hydra-provisioner.service ", command)

    def test_has_the_packages_that_its_settings_name(self):
        path = self.unit(enabled(more="path = [ pkgs.nixops_unstable_minimal ];"))["path"]
        self.assertEqual(path, ["/nix", "/openssh", "/nixops"])

    def run_command(self, user, more=""):
        """What the installed command runs for a user of the host."""
        environment = "systemd.services.hydra-provisioner.environment = { NONE = null; PATH = \"/a b\"; };"
        (command,) = self.system(enabled(more=more) + environment)["commands"]
        script = command.replace("exec ", "echo ").replace("id -un", f"echo {user}")
        ran = subprocess.run(["sh", "-c", script, "command", "status"], check=True, stdout=subprocess.PIPE, text=True,
                             env={"PATH": "/bin"})
        return ran.stdout.strip()

    def test_its_command_is_the_program_as_the_service_runs_it(self):
        as_root = "/util-linux/bin/runuser -u hydra-provisioner -- command status"
        self.assertEqual(self.run_command("root"), as_root)
        program = "/package/bin/hydra-provisioner status"
        service = self.run_command("hydra-provisioner")
        self.assertEqual(
            service,
            "env STATE_DIRECTORY=/var/lib/hydra-provisioner LOGS_DIRECTORY=/var/log/hydra-provisioner HOME=/var/lib/hydra-provisioner PATH=/a b:/bin "
            f"TMPDIR=/run/provisioner-tmp XDG_CACHE_HOME=/var/cache/hydra-provisioner {program}",
        )
        self.assertEqual(self.run_command("alice"), program)
        self.assertTrue(self.run_command("root", 'user = "root";').startswith("env STATE_DIRECTORY="))

    # Several

    def test_runs_several(self):
        system = self.system(
            enabled() + service(f'instances.arm = {{ settings = {{ tag = "arm"; {CLOUD} }}; }};')
        )
        self.assertEqual(sorted(system["units"]), ["hydra-provisioner", "hydra-provisioner-arm"])
        config = system["units"]["hydra-provisioner-arm"]["serviceConfig"]
        self.assertEqual(config["StateDirectory"], "hydra-provisioner-arm")
        self.assertEqual(config["ExecStart"], "/package/bin/hydra-provisioner daemon /etc/hydra-provisioner-arm/conf.nix")
        self.assertEqual(config["ReadWritePaths"], ["-/var/lib/hydra-machines/hydra-provisioner-arm"])
        self.assertEqual(sorted(system["etc"]), ["hydra-provisioner-arm/conf.nix", "hydra-provisioner/conf.nix"])
        self.assertEqual(len(system["commands"]), 2)

    def test_runs_named_ones_alone(self):
        system = self.system(service(f"instances.arm.settings = {{ {CLOUD} }};"))
        self.assertEqual(list(system["units"]), ["hydra-provisioner-arm"])

    def test_each_has_a_tag_of_its_own(self):
        problem = self.problem(enabled() + service(f"instances.arm.settings = {{ {CLOUD} }};"))
        self.assertEqual(problem, "services.hydra-provisioner: two instances have the same settings.tag; give each its own")

    # Hydra

    def test_hydra_reads_its_file_beside_those_that_it_read_before(self):
        hydra = 'services.hydra = { enable = true; extraConfig = "max_unsupported_time = 60"; };'
        self.assertEqual(self.system(enabled() + hydra)["buildMachinesFiles"], [OWN_FILE])
        others = "nix.buildMachines = [ { hostName = \"a\"; } ];"
        self.assertEqual(self.system(enabled() + hydra + others)["buildMachinesFiles"], ["/etc/nix/machines", OWN_FILE])
        own = 'machinesFile = "/elsewhere/machines";'
        self.assertEqual(self.system(enabled(CLOUD + own) + hydra)["buildMachinesFiles"], ["/elsewhere/machines"])
        self.assertEqual(self.evaluate(enabled() + hydra)["warnings"], [])

    def test_warns_where_hydra_would_abort_steps(self):
        (warning,) = self.evaluate(enabled() + "services.hydra.enable = true;")["warnings"]
        self.assertIn('add "max_unsupported_time = 60" to services.hydra.extraConfig', warning)

    def test_makes_a_first_pass_before_the_queue_runner_starts(self):
        unit = self.unit(enabled() + "services.hydra.enable = true;")
        self.assertEqual(unit["before"], ["hydra-queue-runner.service"])
        self.assertNotIn("hydra-queue-runner.service", unit["after"] + unit["wants"])
        self.assertIn(f"[ -e {OWN_FILE} ] ||", unit["preStart"])
        self.assertIn("timeout 30 /package/bin/hydra-provisioner /etc/hydra-provisioner/conf.nix || true", unit["preStart"])

    def test_starts_after_a_queue_runner_that_reads_no_file_of_it(self):
        elsewhere = enabled(f'{CLOUD} updateCommand = [ "ssh" "hydra" ];') + "services.hydra.enable = true;"
        rust = enabled(f'{CLOUD} queue.type = "hydra-rust";')
        for definitions in (elsewhere, rust):
            with self.subTest(definitions):
                system = self.system(definitions)
                unit = system["units"]["hydra-provisioner"]
                self.assertEqual((unit["before"], unit["preStart"]), ([], ""))
                self.assertIn("hydra-queue-runner.service", unit["after"])
                self.assertIn("hydra-queue-runner-dev.service", unit["after"])
                self.assertNotIn("machinesFile", self.written(definitions))
                self.assertEqual((system["tmpfiles"], system["buildMachinesFiles"]), ([], ["/the/default"]))

    def test_may_ask_hydras_database(self):
        system = self.system(enabled() + "services.hydra.enable = true;")
        unit = system["units"]["hydra-provisioner"]
        self.assertEqual(system["identMap"], "hydra-users hydra-provisioner hydra\n")
        self.assertEqual(unit["environment"]["HYDRA_DBI"], "dbi:Pg:dbname=hydra;user=hydra;")
        self.assertEqual(unit["serviceConfig"]["SupplementaryGroups"], ["hydra"])
        self.assertIn("/hydra", unit["path"])
        remote = 'services.hydra = { enable = true; dbi = "dbi:Pg:dbname=hydra;host=db;user=h;"; };'
        self.assertEqual(self.system(enabled() + remote)["identMap"], "")

    # Metrics

    def test_prometheus_has_the_alerts_and_scrapes_all(self):
        listens = enabled(f'{CLOUD} metricsListen = "127.0.0.1:9817";', "prometheus.enable = true;")
        prometheus = self.system(listens)["prometheus"]
        self.assertEqual(prometheus["ruleFiles"], [str(SOURCES / "prometheus/alerts.yml")])
        (job,) = prometheus["scrapeConfigs"]
        self.assertEqual(job["static_configs"], [{"targets": ["127.0.0.1:9817"]}])
        self.assertEqual(self.system(enabled())["prometheus"], {"ruleFiles": [], "scrapeConfigs": []})

    def test_prometheus_needs_metrics(self):
        problem = self.problem(enabled(more="prometheus.enable = true;"))
        self.assertIn("no instance has settings.metricsListen", problem)


    # The documentation

    def test_its_examples_are_right(self):
        blocks = re.findall(r"^ *```nix\n(.*?)^ *```", (SOURCES / "docs/nixos.md").read_text(), re.MULTILINE | re.DOTALL)
        examples = [block for block in blocks if re.match(r" *services\.hydra-provisioner\b", block)]
        self.assertGreater(len(examples), 5)
        for example in examples:
            with self.subTest(example):
                self.assertNotEqual(self.system(example)["units"], {})


class WithItsOwnLibrary(Module, unittest.TestCase):
    library = HERE / "lib.nix"


@unittest.skipUnless(nixpkgs(), "NIX_PATH names no nixpkgs")
class WithNixpkgs(Module, unittest.TestCase):
    library = nixpkgs()


def unit_text(unit):
    """The service as NixOS writes it."""
    lines = ["[Service]"]
    for name, value in unit["serviceConfig"].items():
        values = value if isinstance(value, list) else [value]
        lines += [f"{name}={str(one).lower() if isinstance(one, bool) else one}" for one in values]
    return "\n".join(lines) + "\n"


@unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze")
class Exposure(unittest.TestCase):
    """What systemd says of the unit: 0 is best, 10 is worst."""

    def setUp(self):
        self.evaluation = Evaluation(HERE / "lib.nix")
        self.addCleanup(self.evaluation.close)

    def analyze(self, definitions, threshold):
        unit = self.evaluation.run(definitions)["system"]["units"]["hydra-provisioner"]
        file = Path(self.evaluation.temporary.name) / "hydra-provisioner.service"
        file.write_text(unit_text(unit))
        command = ["systemd-analyze", "security", "--offline=true", f"--threshold={round(10 * threshold)}", file]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"SYSTEMD_COLORS": "0"})

    def test_is_small_unless_machines_are_local(self):
        for settings in (CLOUD, "systemTypes.t.nixopsExpr = /t.nix;"):
            with self.subTest(settings):
                analyzed = self.analyze(enabled(settings), 2.0)
                self.assertEqual(analyzed.returncode, 0, analyzed.stdout)
                self.assertNotIn("hydra-provisioner.service:", analyzed.stderr, "systemd knows each setting and its value")

    def test_is_that_of_root_for_local_machines(self):
        analyzed = self.analyze(enabled("systemTypes.t.local = { };", 'user = "root";'), 2.0)
        self.assertNotEqual(analyzed.returncode, 0)


if __name__ == "__main__":
    unittest.main()
