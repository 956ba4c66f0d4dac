"""What the program prints, to the letter, as tests/data/cli/*.golden hold it."""

import os
import re

from support.farm import PLAIN, ROOT, pool
from support.farm_test import FarmTest

GOLDEN = ROOT / "tests/data/cli"


def without_what_varies(text):
    """Columns stay as wide as they are."""
    text = re.sub(r"127\.83\.[\d.]+ +", lambda found: "127.83.X.Y".ljust(len(found[0])), text)
    text = re.sub(r"127\.83\.[\d.]+", "127.83.X.Y", text)
    text = re.sub(r" +\d+ s  ", lambda found: "N s  ".rjust(len(found[0])), text)
    text = re.sub(r"\b(idle|after|last pass|oldest wait) \d+ s", r"\1 N s", text)
    text = re.sub(r"(hydra-provisioner \d+\.\d+\.\d+)( \([0-9a-f]{12}\))?", r"\1", text)
    return re.sub(r'"(time|since|reconsiderAt|lastPass)": \d+', r'"\1": 0', text)


class Outputs(FarmTest):
    def compare(self, name, farm, *words, command=None):
        """With tests/data/cli/NAME.golden, which UPDATE_GOLDEN=1 writes anew."""
        ended = farm.run_command(command) if command else farm.run(*words)
        shown = " ".join(words)
        text = f"$ hydra-provisioner {shown}\n{ended.out}--- stderr\n{ended.err}--- exit status {ended.status}\n"
        text = without_what_varies(text.replace(str(farm.folder), "/FOLDER"))
        path = GOLDEN / f"{name}.golden"
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        self.assertEqual(text, path.read_text(), f"{path}; UPDATE_GOLDEN=1 accepts it")

    def test_help_and_version(self):
        farm = self.farm()
        self.compare("help", farm, "--help")
        self.compare("version", farm, "--version")
        self.compare("no-arguments", farm, command=[farm.program])

    def test_check(self):
        farm = self.farm()
        self.compare("check", farm, "check", "conf.nix")
        self.compare("check-json", farm, "check", "conf.nix", "--json")
        farm.configure(maxParalel=3, pools={PLAIN: pool(gracePeriod="10 min")})
        self.compare("check-errors", farm, "check", "conf.nix")
        self.compare("check-errors-json", farm, "check", "conf.nix", "--json")

    def test_plan(self):
        farm = self.farm_with_some_of_everything()
        self.compare("plan", farm, "plan", "conf.nix")
        self.compare("plan-json", farm, "plan", "conf.nix", "--json")
        self.compare("plan-color", farm, "plan", "conf.nix", "--color=always")
        self.compare("plan-detailed-exitcode", farm, "plan", "conf.nix", "--detailed-exitcode")

    def test_status(self):
        farm = self.farm_with_some_of_everything()
        self.compare("status", farm, "status", "conf.nix")
        self.compare("status-json", farm, "status", "conf.nix", "--json")

    def test_a_status_that_is_not_trusted(self):
        farm = self.farm_with_some_of_everything()
        farm.queue_says("{")
        self.compare("plan-untrusted", farm, "plan", "conf.nix")
        self.compare("status-untrusted", farm, "status", "conf.nix")

    def test_a_pass(self):
        farm = self.farm()
        farm.queue(runnable=1)
        ended = farm.run("conf.nix")
        self.assertEqual(ended.out, "")
        lines = without_what_varies(ended.err).splitlines()
        first, *others = lines
        self.assertRegex(first, "placeholder for x86_64-linux written; steps queued before .* may be aborted")
        self.assertEqual(others, ["t-0: create: 1 of 1 new machines", "t-0: ready after N s at 127.83.X.Y"])
