"""Machines from NixOps, 1.7 and 2.x alike: how they come, are looked after, and go."""

from support.nixops_farm import ONE, TWO, NixopsTest


class Life(NixopsTest):
    """The whole life of a machine, with both versions."""

    def test_with_nixops_1(self):
        self.live(ONE)

    def test_with_nixops_2(self):
        self.live(TWO)

    def live(self, version):
        farm = self.farm_with_machine(version)
        (instance,) = farm.cloud.alive().values()
        self.assertEqual(farm.listed(), [instance["ip"]])
        self.assertEqual(list(farm.deployments().values()), ["t-0"])
        farm.queue()
        farm.passes_until(lambda: not farm.deployments(), "the machine is gone")
        self.assertEqual(farm.cloud.alive(), {})
        self.assertEqual(farm.listed(), [])
