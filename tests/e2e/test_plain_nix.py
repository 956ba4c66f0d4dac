"""examples/plain-nix-queue: builds of plain Nix that wait, and machines that come for them. Real Nix on both sides."""

from support.farm import PLAIN, job, pool
from support.farm_test import FarmTest
from support.plain_farm import PlainFarm
from support.waiting import wait_for


class PlainNix(FarmTest):
    def farm(self, **options):
        farm = PlainFarm(**options)
        self.addCleanup(farm.end)
        return farm

    def test_builds_that_wait_get_machines_and_the_machines_go_afterwards(self):
        farm = self.farm(pools={PLAIN: pool(runnablesPerMachine=1, maxJobs=1, gracePeriod=0)}, quiet=1)
        build = farm.build(job("one", seconds=6), job("two", seconds=6))
        farm.wait_for_demand({PLAIN: (2, 0)})
        farm.passes_until(lambda: len(farm.listed()) == 2, "there are two machines")
        farm.wait_for_demand({PLAIN: (0, 2)})
        self.assertEqual(sorted(farm.jobs().values()), [1, 1])
        farm.passes_until(lambda: build.poll() is not None, "both are built")
        self.assertEqual(build.wait(), 0, farm.build_log())
        farm.passes_until(lambda: farm.machines() == {}, "the machines are gone")
        self.assertEqual(farm.demand(), {})
        self.assertEqual(set(farm.jobs().values()), {0}, "machines that were ever listed are still named")
        self.assertEqual({machine["listed"] for machine in farm.document()["machines"]}, {False})

    def test_no_build_is_lost_while_machines_come_and_go(self):
        settings = {"maxMachines": 3, "runnablesPerMachine": 1, "maxJobs": 1, "gracePeriod": 0}
        farm = self.farm(pools={PLAIN: pool(**settings)})
        for name in "ab":
            builds = [farm.build(job(f"{name}{seconds}", seconds=seconds)) for seconds in (0, 1, 2, 5)]
            farm.passes_until(lambda: all(build.poll() is not None for build in builds), "all is built")
            self.assertEqual([build.wait() for build in builds], [0] * 4, farm.build_log())
        self.assertNotIn("cannot build on", farm.build_log())
        made = farm.journal("select count(*) from machines")[0][0]
        self.assertGreater(made, 3, "some machines have gone meanwhile")

    def test_systems_and_features_are_told(self):
        farm = self.farm(pools={PLAIN: pool(maxMachines=0), f"{PLAIN}:kvm": pool(maxMachines=0)})
        farm.build(job("plain"), job("special", features=["kvm"]), job("narrow", system="i686-linux"))
        farm.wait_for_demand({PLAIN: (1, 0), f"{PLAIN}:kvm": (1, 0), "i686-linux": (1, 0)})

    def test_a_build_that_is_given_up_waits_no_more(self):
        farm = self.farm(pools={PLAIN: pool(maxMachines=0)})
        build = farm.build(job("plain"))
        farm.wait_for_demand({PLAIN: (1, 0)})
        build.terminate()
        build.wait()
        farm.wait_for_demand({})

    def test_a_machine_that_is_at_work_is_not_destroyed(self):
        farm = self.farm(pools={PLAIN: pool(runnablesPerMachine=1, gracePeriod=0)})
        build = farm.build(job("long", seconds=8))
        farm.wait_for_demand({PLAIN: (1, 0)})
        farm.passes_until(lambda: farm.demand() == {PLAIN: (0, 1)}, "it is being built")
        self.assertEnded(farm.run("destroy", "t-0", "--yes"), 0)
        self.assertEnded(farm.run_pass(), 0)
        self.assertIn("busy: 1 job", farm.run("plan", farm.conf).out)
        farm.passes_until(lambda: farm.machines() == {}, "it is gone")
        self.assertEqual(build.wait(), 0, farm.build_log())

    # Nix's own hook goes by the machines that were in the file when the build began to wait.
    def test_while_a_hook_of_nix_may_know_an_older_file_no_machine_counts_as_taken_out(self):
        farm = self.farm(pools={PLAIN: pool(maxMachines=0)})
        name = "root@192.0.2.7"
        listed = farm.machines_file.read_text()
        farm.machines_file.write_text(f"{listed}{name} aarch64-linux - 1 1 - - -\n")
        self.assertEqual(farm.document()["machines"], [{"name": name, "jobs": 0, "listed": True}])
        farm.machines_file.write_text(listed)
        waiting = farm.build(job("plain"), NIX_CONFIG=f"build-hook = {self.hook_of_nix(farm)}")
        shows = lambda: farm.document()["machines"]
        wait_for(lambda: "waiting for a machine" in farm.build_log(), "it waits", farm.build_log)
        self.assertEqual(farm.demand(), {}, "such a hook does not tell what waits")
        farm.machines_file.write_text(listed)
        self.assertEqual(shows(), [{"name": name, "jobs": 0, "listed": True}])
        waiting.terminate()
        waiting.wait()
        wait_for(lambda: shows() == [{"name": name, "jobs": 0, "listed": False}], "it is out", shows)

    def hook_of_nix(self, farm):
        """Nix of 2022 has no name for its own hook in nix.conf."""
        path = farm.folder / "hook"
        path.write_text('#!/bin/bash\nexec -a build-remote "$(readlink /proc/$PPID/exe)" "$@"\n')
        path.chmod(0o755)
        return path

    # The client looks for the derivation in this host's /nix/store afterwards, and fails; the daemon's store is elsewhere.
    def test_builds_of_a_daemon_get_machines_too(self):
        farm = self.farm(pools={PLAIN: pool(gracePeriod=0)})
        socket = farm.folder / "socket"
        farm.start(["nix-daemon"], NIX_DAEMON_SOCKET_PATH=str(socket))
        wait_for(socket.exists, "the daemon listens", farm.build_log)
        build = farm.build(job("plain"), NIX_REMOTE="daemon", NIX_DAEMON_SOCKET_PATH=str(socket))
        farm.wait_for_demand({PLAIN: (1, 0)})
        farm.passes_until(lambda: build.poll() is not None, "it is built")
        self.assertRegex(farm.build_log(), r"copying path '\S+-plain' from 'ssh://root@127\.")

    # Nix lets a build fail of which no machine can be reached, if it may not build it itself.
    def test_a_build_outlives_a_machine_that_cannot_be_reached(self):
        farm = self.farm(pools={PLAIN: pool(gracePeriod=0)})
        placeholders = farm.machines_file.read_text()
        farm.machines_file.write_text(f"{placeholders}root@127.0.0.9 {PLAIN} - 1 1 - - -\n")
        build = farm.build(job("plain"))
        wait_for(lambda: "cannot build on 'ssh://root@127.0.0.9'" in farm.build_log(), "it is tried", farm.build_log)
        farm.wait_for_demand({PLAIN: (1, 0)})
        farm.passes_until(lambda: build.poll() is not None, "it is built")
        self.assertEqual(build.wait(), 0, farm.build_log())

    def test_it_passes_the_check(self):
        farm = self.farm(pools={PLAIN: pool(maxMachines=0)})
        farm.build(job("plain"))
        farm.wait_for_demand({PLAIN: (1, 0)})
        ended = farm.run("check-queue", "--", *farm.queue_command)
        self.assertEnded(ended, 0)
        self.assertIn("4 passed, 2 skipped, 0 failed\n", ended.out)
        self.assertRegex(ended.out, rf"\n{PLAIN} +1 +0\n")
