"""Budgets: what they stop, and what is said of them. Real machines at a price that is soon spent."""

from support.farm import PLAIN, pool
from support.farm_test import FarmTest


class Budgets(FarmTest):
    def test_no_machine_is_created_beyond_one(self):
        farm = self.farm(pools={PLAIN: pool(maxMachines=2, pricePerHour=3600)}, maxCostPerDay=1)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        said = "% of maxCostPerDay 1.00 are spent"
        farm.passes_until(lambda: said in farm.run("plan", farm.conf).out, "the budget is spent")
        farm.queue(runnable=20)
        self.assertEnded(farm.run_pass(), 0, "no creations and starts beyond minMachines until the next day begins", said)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEnded(farm.run("status", farm.conf, "--check"), 1)
        self.assertIn("no creations and starts", farm.run("explain", PLAIN).out)
        farm.configure(maxCostPerDay=100000)
        self.assertEnded(farm.run_pass(), 0, "t-1: ready")

    def test_one_of_a_type_needs_its_price(self):
        farm = self.farm(pools={PLAIN: pool(maxCostPerMonth=1)})
        self.assertEnded(farm.run("check", farm.conf), 78, f"systemTypes.{PLAIN}.pricePerHour: is not given")
        farm.configure(pools={PLAIN: pool()}, maxCostPerDay=1)
        self.assertEnded(farm.run("check", farm.conf), 78, "maxCostPerDay: no type has pricePerHour")
