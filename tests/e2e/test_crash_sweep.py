"""kill -9 at every place where the program waits or writes, and now and then."""

import os
import random
import signal
import time

from support.crashes import CrashTest


class Sweep(CrashTest):
    seconds_max = 280

    def come_and_go(self, crash):
        self.come(crash)
        machine = self.the_machine()[0]
        self.assertNotIn(machine, self.seen)
        self.seen.add(machine)
        self.drain(crash)
        self.leave(crash, "gone")
        self.check_that_nothing_is_left()

    def stop_and_start(self, crash):
        self.drain(crash)
        self.leave(crash, "stopped")
        self.assertFalse(self.crash_farm.is_listening("t-0"))
        self.come(crash)
        self.assertEqual(self.crash_farm.journal("select id from machines"), [("t-0",)])
        self.assertEqual(self.host_key(), self.key)

    def host_key(self):
        return (self.crash_farm.state / "local/t-0/host_key.pub").read_text()


class CreateDrainDestroy(Sweep):
    def test_survives_the_end_of_the_pass_anywhere(self):
        self.seen = set()
        self.sweep("pass", self.come_and_go)


class CreateDrainDestroyInJobs(Sweep):
    def test_survives_the_end_of_a_job_anywhere(self):
        self.seen = set()
        self.sweep("job", self.come_and_go)


class StoppingSweep(Sweep):
    stops = True
    stride = 3  # most places are those of CreateDrainDestroy


class StopAndStart(StoppingSweep):
    def test_survives_the_end_of_the_pass_anywhere(self):
        self.come(lambda step: None)
        self.key = self.host_key()
        self.sweep("pass", self.stop_and_start)


class StopAndStartInJobs(StoppingSweep):
    def test_survives_the_end_of_a_job_anywhere(self):
        self.come(lambda step: None)
        self.key = self.host_key()
        self.sweep("job", self.stop_and_start)


class AtRandomTimes(CrashTest):
    def test_survives_the_end_of_the_pass_at_any_time(self):
        seed = int(os.environ.get("HYDRA_PROVISIONER_E2E_SEED", "1"))
        print(f"HYDRA_PROVISIONER_E2E_SEED={seed}")
        times = random.Random(seed)

        def crash(_step):
            running = self.crash_farm.begin_pass()
            time.sleep(times.uniform(0, 0.6))  # the time at which to kill is what this is about
            running.send_signal(signal.SIGKILL)
            running.wait()

        for _ in range(6):
            self.come(crash)
            self.drain(crash)
            self.leave(crash, "gone")
            self.check_that_nothing_is_left()
        self.check_traces(operations_killed=0)
