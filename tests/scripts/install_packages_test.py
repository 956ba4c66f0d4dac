"""scripts/install-packages, with an apt and a dpkg that only note what they are told, on a Debian of each version."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "install-packages"
PRESETS = "/run/systemd/system-preset"
APT = """#!/bin/sh
echo "$*" >>"$FAKES/calls"
case $* in
  *--simulate*) cat "$FAKES/plan"; exit "$(cat "$FAKES/status")" ;;
  install*) cat /run/systemd/system-preset/* >"$FAKES/presets" ;;
esac
"""
DPKG_QUERY = """#!/bin/sh
for package; do :; done
! grep -qx "$package" "$FAKES/installed" || echo installed
"""


class InstallPackages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="install-packages-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, text in (("apt-get", APT), ("dpkg-query", DPKG_QUERY)):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)
        for name, text in (("installed", ""), ("plan", "Inst cmake\n"), ("status", "0"), ("calls", "")):
            (self.folder / name).write_text(text)
        self.debian(13)

    def debian(self, version):
        line = f'VERSION_ID="{version}"\n' if version else ""
        (self.folder / "os-release").write_text(f"ID=debian\n{line}")

    def run_script(self, *groups):
        """In a mount namespace of its own, with another /etc/os-release and an empty /run."""
        inside = 'mount --bind "$FAKES/os-release" /etc/os-release; mount -t tmpfs tmpfs /run; "$@"; status=$?; '
        inside += f'[ ! -e {PRESETS} ] || echo "{PRESETS} is left behind"; exit "$status"'
        environment = os.environ | {"FAKES": str(self.folder), "PATH": f"{self.folder}:{os.environ['PATH']}"}
        command = ["unshare", "--mount", "sh", "-c", inside, "sh", SCRIPT, *groups]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def calls(self):
        return (self.folder / "calls").read_text().splitlines()

    def names(self, *groups):
        """Of the packages that it installs."""
        self.assertEqual(self.run_script(*groups).returncode, 0)
        return {word for word in self.calls()[-1].split()[1:] if not word.startswith("-")}

    def test_does_nothing_when_all_is_there(self):
        (self.folder / "installed").write_text("\n".join(self.names("run")))
        (self.folder / "calls").write_text("")
        ended = self.run_script("run")
        self.assertEqual((ended.returncode, ended.stdout, ended.stderr, self.calls()), (0, "", "", []))

    def test_installs_what_is_missing_and_says_so_first(self):
        (self.folder / "installed").write_text("\n".join(self.names("run") - {"nix-bin", "openssh-server"}))
        ended = self.run_script("run")
        self.assertEqual(ended.returncode, 0, ended)
        self.assertIn("any service: nix-bin openssh-server\n", ended.stderr)
        self.assertRegex(self.calls()[-1], "^install .*--no-remove .*nix-bin openssh-server$")

    def test_installs_only_the_given_groups(self):
        self.assertIn("cmake", self.names("build", "run"))
        self.assertFalse(self.names("build", "run") & {"postgresql", "libgtest-dev", "chromium-headless-shell"})
        self.assertIn("postgresql", self.names())

    def test_knows_the_names_in_each_version_of_debian(self):
        for version, boost in ((12, "libboost1.81-dev"), (13, "libboost-dev"), (None, "libboost-dev")):
            with self.subTest(version):
                self.debian(version)
                self.assertEqual({name for name in self.names("build") if "boost" in name}, {boost})

    def test_removes_nothing(self):
        (self.folder / "plan").write_text("Remv libboost-dev [1.74] []\nRemv libboost1.74-dev [1.74]\nInst cmake\n")
        ended = self.run_script("build")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("Nothing was changed.", ended.stderr)
        self.assertIn("apt-get remove libboost-dev libboost1.74-dev", ended.stderr)
        self.assertTrue(all("--simulate" in call for call in self.calls() if call.startswith("install")), self.calls())

    def test_says_why_apt_cannot_install_something(self):
        (self.folder / "plan").write_text("E: Unable to locate package clang\n")
        (self.folder / "status").write_text("100")
        ended = self.run_script("build")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("E: Unable to locate package clang", ended.stderr)

    def test_lets_packages_enable_no_service_while_it_runs(self):
        ended = self.run_script("run")
        self.assertEqual((self.folder / "presets").read_text(), "disable *\n")
        self.assertEqual(ended.stdout, "", "and no longer")

    def test_refuses_an_unknown_group(self):
        ended = self.run_script("build", "tests")
        self.assertEqual(ended.returncode, 2)
        self.assertIn('no group "tests"', ended.stderr)
        self.assertEqual(self.calls(), [])


if __name__ == "__main__":
    unittest.main()
