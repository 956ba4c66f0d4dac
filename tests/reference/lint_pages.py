"""The man pages that the build has made: no complaint of any formatter, and nothing beyond 80 columns.

    lint_pages.py FOLDER
"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

PAGES = ("man1/hydra-provisioner.1", "man5/hydra-provisioner.nix.5", "man7/hydra-provisioner-exec.7")
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")


def run(*command, **environment):
    """All that it prints."""
    usual = os.environ | {"LC_ALL": "C.UTF-8"}
    ended = subprocess.run(command, env=usual | environment, capture_output=True, text=True, timeout=60, check=False)
    return ended.stdout, ended.stderr


class Pages(unittest.TestCase):
    def test_mandoc_and_groff_have_no_complaints(self):
        for page in PAGES:
            with self.subTest(page):
                self.assertEqual(run("mandoc", "-Tlint", FOLDER / page), ("", ""))
                self.assertEqual(run("groff", "-man", "-wall", "-Tutf8", "-z", FOLDER / page), ("", ""))

    def test_fit_in_80_columns_as_man_and_mandoc_show_them(self):
        for page in PAGES:
            for command in (["man", "--warnings", "-l"], ["mandoc", "-Tutf8", "-Owidth=78"]):
                with self.subTest(page, command=command):
                    shown, complaints = run(*command, FOLDER / page, MANWIDTH="80", MANPAGER="cat", MAN_KEEP_FORMATTING="")
                    self.assertEqual(complaints, "")
                    self.assertGreater(len(shown.splitlines()), 100)
                    self.assertEqual([line for line in shown.splitlines() if columns_of(line) > 80], [])

    def test_are_found_by_their_names(self):
        for name, title in {"hydra-provisioner": "build machines for Hydra", "hydra-provisioner.nix": "configuration of",
                            "hydra-provisioner-exec": "from a program of yours"}.items():
            shown, complaints = run("man", "-M", str(FOLDER), name, MANWIDTH="200", MANPAGER="cat")
            self.assertEqual(complaints, "")
            self.assertIn(title, shown)


def columns_of(line):
    """Without what is printed over: mandoc writes bold letters twice."""
    shown = []
    for character in line:
        if character == "\b":
            shown.pop()
        else:
            shown.append(character)
    return len(shown)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
