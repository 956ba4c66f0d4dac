"""The program as `cmake --install` and the Debian package install it."""

import os
import shutil
import subprocess
from pathlib import Path

from support.farm import PLAIN, ROOT, pool
from support.farm_test import FarmTest
from support.nixops_farm import NixopsFarm, nixops_pool

BUILD = Path(os.environ.get("HYDRA_PROVISIONER_BUILD", ROOT / "build/release"))
UNITS = "lib/systemd/system"
SERVICES = ("hydra-provisioner.service", "hydra-provisioner-pass.service")
UNPRIVILEGED = 65534  # nobody

# A program of the exec provider that has no machines.
NO_MACHINES = r"""#!/usr/bin/python3
import json, sys
request = json.load(sys.stdin)
answers = {"describe": {"protocolVersion": 1, "abilities": []}, "list": {"machines": []}}
print(json.dumps({"requestId": request["requestId"]} | answers[request["action"]]))
"""


def read(command):
    """What a command prints; it must succeed."""
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, encoding="utf-8").stdout


class InstallTest(FarmTest):
    def installed(self, name="a b%c"):
        """A farm with the program of a prefix. It has NixOps, too."""
        farm = NixopsFarm(pools={PLAIN: pool()})
        self.addCleanup(farm.end)
        farm.folder.chmod(0o755)
        farm.prefix = farm.folder / name
        read(["cmake", "--install", BUILD, "--prefix", farm.prefix])
        farm.program = farm.prefix / "bin/hydra-provisioner"
        return farm


class APrefix(InstallTest):
    def test_has_all_that_belongs_to_the_program(self):
        farm = self.installed()
        for path in (
            *("bin/hydra-provisioner", "share/hydra-provisioner/nix/auto-shutdown.nix"),
            *("share/hydra-provisioner/nix/build-machine.nix", "share/hydra-provisioner/prometheus/alerts.yml"),
            *("share/hydra-provisioner/grafana/dashboard.json", "share/doc/hydra-provisioner/LICENSE"),
            *("share/doc/hydra-provisioner/docs/installation.md", "share/doc/hydra-provisioner/docs/schema/plan.schema.json"),
            *("share/doc/hydra-provisioner/examples/hcloud-provider", f"{UNITS}/hydra-provisioner-pass.timer"),
            *("share/man/man1/hydra-provisioner.1", "share/man/man5/hydra-provisioner.nix.5"),
            *("share/man/man7/hydra-provisioner-exec.7", "share/bash-completion/completions/hydra-provisioner"),
            *("share/zsh/site-functions/_hydra-provisioner", "share/fish/vendor_completions.d/hydra-provisioner.fish"),
            *("lib/sysusers.d/hydra-provisioner.conf", "lib/tmpfiles.d/hydra-provisioner.conf"),
            *(f"{UNITS}/{service}.d/10-own-user.conf" for service in SERVICES),
        ):
            self.assertTrue((farm.prefix / path).exists(), path)
        self.assertFalse((farm.prefix / "share/hydra-provisioner/nix/tests").exists())

    def test_can_be_moved_and_knows_nothing_of_the_build(self):
        farm = self.installed()
        farm.prefix = farm.prefix.rename(farm.folder / "moved")
        farm.program = farm.prefix / "bin/hydra-provisioner"
        self.assertNotIn(str(ROOT).encode(), farm.program.read_bytes())
        self.assertNotIn(str(BUILD).encode(), farm.program.read_bytes())
        farm.configure(pools={PLAIN: nixops_pool()})
        self.assertEnded(farm.run("check", farm.conf), 0)

    def test_without_its_nix_modules_is_no_installation(self):
        farm = self.installed()
        shutil.rmtree(farm.prefix / "share/hydra-provisioner")
        self.assertEnded(farm.run("check", farm.conf), 0)  # local machines need none of them
        farm.configure(pools={PLAIN: nixops_pool()})
        missing = f"{farm.prefix}/share/hydra-provisioner/nix is missing, which belongs to this program: install it again"
        self.assertEnded(farm.run("check", farm.conf), 78, missing)
        self.assertIn(missing, farm.run("plan", farm.conf).err)


class Units(InstallTest):
    def test_name_the_installed_program(self):
        farm = self.installed()
        written = str(farm.program).replace("%", "%%")
        for service in SERVICES:
            text = (farm.prefix / UNITS / service).read_text()
            self.assertIn(f'ExecStart="{written}" ', text)
            self.assertNotIn("@", text)

    def test_name_it_where_the_folder_of_programs_is_absolute(self):
        """As nixpkgs configures every package."""
        farm = self.farm()
        script = ROOT / "cmake/InstallUnits.cmake"
        prefix = farm.folder / "prefix"
        settings = {"CMAKE_INSTALL_PREFIX": prefix, "bindir": prefix / "bin", "units": UNITS, "sources": ROOT / "systemd"}
        read(["cmake", *(f"-D{name}={value}" for name, value in settings.items()), "-P", script])
        text = (prefix / UNITS / SERVICES[0]).read_text()
        self.assertIn(f'ExecStart="{prefix}/bin/hydra-provisioner" daemon', text)

    def test_are_hardened_and_right(self):
        farm = self.farm()
        root = farm.folder / "root"
        read(["env", f"DESTDIR={root}", "cmake", "--install", BUILD, "--prefix", "/usr"])
        for needed in ("network-online.target", "multi-user.target", "basic.target", "sysinit.target", "timers.target"):
            (root / "usr" / UNITS / needed).write_text("[Unit]\n")
        (root / "usr/bin/sh").symlink_to("hydra-provisioner")
        (root / "bin").symlink_to("usr/bin")
        for service in SERVICES:
            analyze = ["systemd-analyze", f"--root={root}", "--man=no"]
            verified = subprocess.run([*analyze, "verify", service], capture_output=True, encoding="utf-8", check=False)
            self.assertNotIn("hydra-provisioner", verified.stderr)
            # The threshold is ten times the exposure.
            read([*analyze, "security", "--offline=true", "--threshold=20", service])


class AnUnprivilegedUser(InstallTest):
    """Without Nix' daemon, and with a home that cannot be written."""

    def run_unprivileged(self, farm, *words):
        for path in (farm.conf, farm.status.path):
            path.chmod(0o644)
        as_user = ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"]
        return farm.run_command([*as_user, *farm.command(*words)], HOME="/", NIX_REMOTE="", NIX_PATH="")

    def exec_farm(self):
        farm = self.installed("prefix")
        provider = farm.folder / "provider"
        provider.write_text(NO_MACHINES)
        provider.chmod(0o755)
        farm.state.mkdir()
        os.chown(farm.state, UNPRIVILEGED, UNPRIVILEGED)
        farm.configure(pools={PLAIN: {"exec": {"command": [provider]}}}, machinesFile=farm.state / "machines")
        farm.queue()
        farm.status.write()
        return farm

    def test_can_make_passes(self):
        farm = self.exec_farm()
        self.assertEnded(self.run_unprivileged(farm, "check", farm.conf), 0)
        self.assertEnded(self.run_unprivileged(farm, farm.conf), 0)
        self.assertTrue((farm.state / "machines").exists())

    def test_is_told_which_folder_cannot_be_made(self):
        farm = self.exec_farm()
        farm.state = farm.folder / "of root/state"
        farm.state.parent.mkdir()
        refused = f"cannot create {farm.state}: Permission denied; name another folder with --state-dir"
        self.assertEnded(self.run_unprivileged(farm, farm.conf), 1, refused)

    def test_is_told_of_mistakes_and_not_of_stores(self):
        farm = self.exec_farm()
        farm.conf.write_text("{ tag = tagg; }\n")
        wrong = self.run_unprivileged(farm, "check", farm.conf)
        self.assertEnded(wrong, 78, f"undefined variable 'tagg' at {farm.conf}:1:9")
        self.assertNotIn("store", wrong.err)

    def test_is_told_what_needs_a_store(self):
        farm = self.exec_farm()
        built = 'derivation { name = "x"; system = builtins.currentSystem; builder = "/bin/sh"; }'
        farm.conf.write_text(f"import ({built})\n")
        self.assertEnded(self.run_unprivileged(farm, "check", farm.conf), 78, "; with this host's store: ")


class OfSystemd(InstallTest):
    def test_the_folder_of_logs_is_where_other_commands_find_it(self):
        farm = self.farm_with_machine()  # its logs are in the state directory already, and stay there
        logs = farm.folder / "logs of systemd"
        logs.mkdir()
        self.assertEnded(farm.run_pass(LOGS_DIRECTORY=str(logs)), 0)
        self.assertEqual(list(logs.iterdir()), [])
        fresh = self.farm()
        logs = fresh.folder / "logs of systemd"
        logs.mkdir()
        fresh.queue(runnable=1)
        self.assertEnded(fresh.run_pass(LOGS_DIRECTORY=str(logs)), 0)
        self.assertTrue((logs / "t-0.log").exists())
        self.assertIn("begins", fresh.run("logs", "t-0").out)


class DebianPackage(InstallTest):
    def test_is_made_of_what_is_installed_and_lintian_finds_no_error(self):
        farm = self.farm()
        read(["cpack", "--config", BUILD / "CPackConfig.cmake", "-B", farm.folder])
        (package,) = farm.folder.glob("*.deb")
        listed = read(["dpkg-deb", "--contents", package])
        for path in (f"usr/{UNITS}/hydra-provisioner.service", "copyright", "changelog.Debian.gz", "hydra-provisioner.1.gz"):
            self.assertIn(path, listed)
        depends = read(["dpkg-deb", "--field", package, "Depends"])
        for name in ("nix-bin", "openssh-client", "libc6 ", "libsqlite3-0 "):
            self.assertIn(name, depends)
        self.check_versions(read(["dpkg-deb", "--field", package, "Version"]).strip())
        command = ["env", f"TMPDIR={farm.folder}", "lintian", "--fail-on=error", package]  # it leaves a file there
        found = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
        self.assertEqual(found.returncode, 0, found.stdout)

    def check_versions(self, version):
        first = (ROOT / "packaging/debian/changelog").read_text().splitlines()[0]
        self.assertIn(f"({version})", first)
        self.assertIn(f"hydra-provisioner {version.split('-')[0]}", read([BUILD / "hydra-provisioner", "--version"]))
