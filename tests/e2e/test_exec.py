"""Machines that a program provides, through their whole life."""

import program
from exec_farm import ExecTest, exec_pool
from farm import PLAIN


class ExecLife(ExecTest):
    def test_a_machine_is_created_listed_and_destroyed(self):
        farm = self.farm_with_machine()
        self.assertEqual(farm.listed(), ["127.84.0.1"])
        self.assertEqual(farm.provided(), ["t-0"])
        self.assertIn("t-0 is up", farm.log("t-0"))
        key = (farm.home / "machines/t-0/host_key.pub").read_text().split()[1]
        self.assertEqual(farm.journal("select host_key from machines"), [(f"ssh-ed25519 {key}",)])

        farm.queue(machines=None)
        farm.passes_until(lambda: farm.provided() == [], "the machine is destroyed")
        self.assertEqual(farm.listed(), [])


if __name__ == "__main__":
    program.main()
