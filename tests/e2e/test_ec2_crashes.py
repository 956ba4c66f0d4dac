"""kill -9 at every place where a job of EC2's waits, writes or asks: never a second instance, and none is forgotten."""

import itertools

from support.crashes import CrashTest
from support.ec2_farm import Ec2Farm, Ec2Test


class NotedFarm(Ec2Farm):
    def folders(self):
        return self.notes()


class CreateAndDestroyInJobs(Ec2Test, CrashTest):
    kind = NotedFarm
    seconds_max = 280

    def farm(self, pools):
        del pools
        return super().farm(pool={"maxMachines": 1})

    def test_survives_the_end_of_a_job_anywhere(self):
        for number in itertools.count(1):
            crash = self.kill_at(number, "job")
            self.come(crash)
            self.drain(lambda step: None)
            self.leave(crash, "gone")
            self.check_that_nothing_is_left()
            self.crash_farm.forget_everything()
            if number > 1 and not any(n in (number, number - 1) for _, n in self.points):
                break
        print(f"kill -9 sweep in EC2's jobs: {len(self.points)} points")
        self.assertGreater(len(self.points), 20)

    def check_what_always_holds(self):
        super().check_what_always_holds()
        self.assertLessEqual(len(self.crash_farm.alive()), 1)

    def check_that_nothing_is_left(self):
        self.assertEqual(self.crash_farm.notes(), [])
        self.assertEqual(self.crash_farm.alive(), [])
        self.assertEqual(self.crash_farm.listed(), [])
