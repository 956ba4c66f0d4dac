"""kill -9 at the places where the program waits or writes, with machines from NixOps, which goes on by itself."""

from support.crashes import CrashTest
from support.farm import PLAIN
from support.nixops_crashes import Interrupted
from support.nixops_farm import TWO, nixops_pool


class KilledAnywhere(CrashTest, Interrupted):
    def setUp(self):
        super().setUp()
        self.crash_farm.configure(pools={PLAIN: nixops_pool(maxMachines=1, stopOnIdle=self.stops)})

    def converge(self, is_there):
        """Each time as if the back-off were over."""
        is_done = super().converge(is_there)
        self.crash_farm.end_back_off()
        return is_done

    def check_what_always_holds(self, farm=None):
        CrashTest.check_what_always_holds(self)
        Interrupted.check_what_always_holds(self, self.crash_farm)

    def check_that_nothing_is_left(self, farm=None):
        CrashTest.check_that_nothing_is_left(self)
        Interrupted.check_that_nothing_is_left(self, self.crash_farm)

    def go(self, step, crash, is_there):
        """The last pass clears away what outlived the one that was killed, for as long as that was used."""
        super().go(step, crash, is_there)
        self.assertEnded(self.crash_farm.run_pass(), 0)

    def come_and_go(self, crash):
        self.come(crash)
        self.check_that_there_is_one_machine(self.crash_farm)
        self.drain(crash)
        self.leave(crash, "gone")
        self.check_that_nothing_is_left()

    def stop_and_start(self, crash):
        self.drain(crash)
        self.leave(crash, "stopped")
        self.assertEqual([i["state"] for i in self.crash_farm.cloud.alive().values()], ["stopped"])
        self.come(crash)
        self.assertEqual(self.crash_farm.journal("select id from machines"), [("t-0",)])
        self.check_that_there_is_one_machine(self.crash_farm)


class PassKilled(KilledAnywhere):
    stride = 9

    def test_survives_anywhere(self):
        self.sweep("pass", self.come_and_go)


class JobKilled(KilledAnywhere):
    version = TWO
    stride = 6

    def test_survives_anywhere(self):
        self.sweep("job", self.come_and_go)


class StopOrStartKilled(KilledAnywhere):
    stride = 7
    stops = True

    def test_survives_anywhere(self):
        self.come(lambda step: None)
        self.sweep("job", self.stop_and_start)


class RedeployKilled(KilledAnywhere):
    version = TWO
    stride = 7

    def test_survives_anywhere(self):
        self.come(lambda step: None)
        (self.instance,) = self.crash_farm.cloud.alive()
        self.sweep("job", self.change_and_redeploy)

    def change_and_redeploy(self, crash):
        """What has changed is deployed at least once, and then no more."""
        self.change()
        before = self.deploys()
        self.go("the change is deployed", crash, lambda: self.deploys() > before and self.is_in_use())
        now = self.deploys()
        self.assertEnded(self.crash_farm.run_pass(), 0)
        self.assertEqual(self.deploys(), now)
        self.assertEqual(list(self.crash_farm.cloud.alive()), [self.instance])
        self.check_that_there_is_one_machine(self.crash_farm)

    def change(self):
        with open(self.crash_farm.folder / "deployment.nix", "a", encoding="utf-8") as network:
            network.write("# and so on\n")

    def deploys(self):
        return len(self.crash_farm.calls("deploy"))
