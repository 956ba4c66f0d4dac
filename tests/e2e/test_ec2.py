"""Machines of EC2 through the whole program: made, published, used, stopped, started, ended."""

import program
from ec2_farm import ACCESS_KEY, IMAGE, REGION, SECRET_KEY, Ec2Test
from farm import PLAIN


class LifeCycle(Ec2Test):
    def test_of_a_machine(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        (instance,) = farm.alive()
        (machine,) = farm.machines().values()
        self.assertEqual(machine["instance"], f"{REGION}/{instance}")
        self.assertEqual(farm.listed(), [machine["address"]])
        self.assertIn(" - 1 1 - - ", farm.machines_file.read_text())
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.calls("RunInstances")), 1)
        farm.queue()
        farm.passes_until(lambda: not farm.machines(), "the machine is gone")
        self.assertEqual(farm.alive(), [])
        self.assertEqual(farm.notes(), [])


if __name__ == "__main__":
    program.main()
