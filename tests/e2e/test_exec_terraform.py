"""examples/terraform-provider, with the real Terraform or OpenTofu where there is one, and else with a stand-in."""

import json
import shutil
import unittest

from support.exec_farm import ExecFarm, ExecTest
from support.farm import PLAIN, ROOT

PROVIDER = ROOT / "examples/terraform-provider"
MODULE = ROOT / "tests/exec/module"
STANDIN = ROOT / "tests/exec/terraform"
REAL = shutil.which("terraform") or shutil.which("tofu")


class TerraformFarm(ExecFarm):
    def __init__(self, terraform, **options):
        super().__init__(**options)
        variables = {"network": "127.86.0", "folder": str(self.home / "machines")}
        self.settings = {"module": str(MODULE), "state": str(self.folder / "tf"), "variables": variables}
        self.settings["terraform"] = str(terraform)
        self.use(self.settings)

    def use(self, settings):
        exec_settings = {"command": [PROVIDER], "settings": settings, "timeout": 5}
        self.configure(pools={PLAIN: {"exec": exec_settings, "maxMachines": 2, "runnablesPerMachine": 5}})


class Terraform(ExecTest):
    terraform = STANDIN

    def farm(self, **options):
        farm = TerraformFarm(self.terraform, **options)
        self.addCleanup(farm.end)
        return farm

    def test_it_passes_all_points(self):
        farm = self.farm()
        (farm.folder / "settings.json").write_text(json.dumps(farm.settings))
        ended = farm.run("check-provider", "--json", "--settings", farm.folder / "settings.json", PROVIDER)
        self.assertEnded(ended, 0)
        outcomes = [point["outcome"] for point in json.loads(ended.out)["points"]]
        self.assertEqual(outcomes.count("skipped"), 4)  # it neither stops nor checks
        self.assertEqual(list((farm.folder / "tf").iterdir()), [])

    def test_a_machine_comes_and_goes(self):
        farm = self.farm_with_machine()
        self.assertEqual(farm.listed(), ["127.86.0.1"])
        farm.queue()
        farm.passes_until(lambda: farm.provided() == [], "it is gone")

    def test_what_it_complains_about_is_told(self):
        farm = self.farm()
        farm.use(farm.settings | {"module": "/nowhere"})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "create failed: terraform-provider exited with 1: \"error: ", "Error: ")
        farm.use(farm.settings | {"module": "farm"})
        self.assertEnded(farm.run_pass(), 1, "settings.module: write an absolute path")
        farm.use(farm.settings)
        farm.passes_until(lambda: "t-0" not in farm.states(), "what was begun is gone")


@unittest.skipIf(REAL is None, "there is no terraform and no tofu")
class RealTerraform(Terraform):
    terraform = REAL
