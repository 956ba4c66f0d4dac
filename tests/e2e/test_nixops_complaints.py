"""What the users of other autoscalers complain about most, in ten classes, each with a farm of NixOps machines."""

import json

from support.farm import PLAIN
from support.nixops_farm import EC2, ONE, TWO, NixopsTest, nixops_pool, seconds_ago, with_jobs
from support.waiting import wait_for

BENCHMARK = f"{PLAIN}:benchmark"
TAKES_DOWN = ("destroy", "stop", "delete", "delete-resources", "reboot")
MAKES = ("create", "modify", "set-args", "deploy", "start")


def steps(plain, benchmark):
    """The steps of two types of machines. The queue runner knows no machine of either."""
    counts = {PLAIN: plain, BENCHMARK: benchmark}
    return {"machineTypes": {type: {"runnable": count, "running": 0} for type, count in counts.items()}}


class ComplaintsTest(NixopsTest):
    seconds_max = 200

    def farm_with_machines(self, version=ONE, **options):
        """Makes a farm with two machines, which are ready, listed and needed."""
        farm = self.farm(version, **options)
        farm.queue(runnable=10)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready", "t-1": "ready"})
        return farm

    def plan(self, farm):
        return json.loads(farm.run("plan", farm.conf, "--json").out)

    def reasons(self, farm):
        return {action["machine"]: action["reason"] for action in self.plan(farm)["actions"]}


class AboutMachines(ComplaintsTest):
    """How machines are made, kept and given up."""

    # 1. Killed a busy machine.

    def test_killed_a_busy_machine(self):
        """A machine is not destroyed while its status is old or missing, it is not drained, or was busy just now."""
        farm = self.farm_with_machines(quiet=120)
        jobs = {f"root@{address}": with_jobs(1) for address in farm.listed()}
        farm.queue(machines=jobs)
        self.passes_and_stays(farm, 0, "draining: surplus, busy: 1 job")
        self.assertEqual(farm.listed(), [])
        farm.time_passes(1000)
        idle_until_now = {"enabled": False, "currentJobs": 0, "idleSince": seconds_ago(5)}
        not_read = "the queue runner has not read the machines file without it yet"
        for said, why in (
            (with_jobs(1), not_read),
            (with_jobs(0, idleSince=seconds_ago(900)), not_read),
            (with_jobs(1, enabled=False), "still busy: 1 job"),
            ({"enabled": False}, "the queue runner does not say how many jobs it has"),
            (idle_until_now, "< quiet 120 s"),
        ):
            farm.queue(machines=dict.fromkeys(jobs, said))
            self.passes_and_stays(farm, 0)
            self.assertIn(why, self.reasons(farm)["t-0"])
        self.blind_passes(farm, dict.fromkeys(jobs, idle_until_now | {"idleSince": seconds_ago(900)}))
        farm.queue(machines=dict.fromkeys(jobs, idle_until_now | {"idleSince": seconds_ago(900)}))
        self.assertEnded(farm.run_pass(), 0, "t-0: gone", "t-1: gone")
        self.assertEqual(farm.cloud.alive(), {})

    def blind_passes(self, farm, idle):
        farm.queue(machines=idle, time=seconds_ago(900))
        self.passes_and_stays(farm, 69, "the status is not trusted: time: the status is 9")
        farm.queue(machines=idle, status="down")
        self.passes_and_stays(farm, 69)
        farm.queue(machineTypes={PLAIN: {"runnable": 0, "running": 2}})
        farm.status.document["machines"] = None
        self.passes_and_stays(farm, 0)
        self.assertIn("lists no machines, and 2 steps are running", self.reasons(farm)["t-0"])

    def passes_and_stays(self, farm, status, *messages):
        self.assertEnded(farm.run_pass(), status, *messages)
        self.assertEqual(farm.calls(*TAKES_DOWN), [])
        self.assertEqual([instance["state"] for instance in farm.cloud.instances().values()], ["running", "running"])

    # 2. Leaked or orphaned machine.

    def test_leaked_or_orphaned_machine(self):
        """A machine is not lost if its creation was not recorded, or the first attempts to destroy it failed."""
        farm = self.farm(TWO)
        farm.queue(runnable=1)
        for command, at in (("create", "after-insert"), ("deploy", "after-run")):
            farm.cloud.set_faults({"command": command, "fault": "die", "at": at, "times": 1})
            self.assertEnded(farm.run_pass(), 1, f"create failed: nixops {command} was ended by signal 9")
            farm.time_passes(60)
        self.assertEqual(len(farm.cloud.alive()), 1)  # and NixOps has not recorded which
        self.assertEnded(farm.run_pass(), 0, "ready after")
        self.assertEqual([instance["ip"] for instance in farm.cloud.alive().values()], farm.listed())
        self.assertEqual(len(farm.deployments()), 1)
        self.leave_in_several_attempts(farm)

    def leave_in_several_attempts(self, farm):
        farm.queue()
        self.assertEnded(farm.run_pass(), 0, "draining")
        throttled = {"fault": "fail", "message": "RequestLimitExceeded: Request limit exceeded.", "times": 2}
        farm.cloud.set_faults({"command": "destroy"} | throttled)  # it is tried a second time at once
        self.assertEnded(farm.run_pass(), 1, "destroy failed: nixops destroy exited with 1: ", "RequestLimitExceeded")
        self.assertEqual(len(farm.cloud.alive()), 1)
        farm.end_back_off()
        farm.cloud.set_faults({"command": "delete", "fault": "die", "times": 1})
        self.assertEnded(farm.run_pass(), 1, "destroy failed: nixops delete was ended by signal 9")
        self.assertEqual(list(farm.states().values()), ["destroying"])
        farm.cloud.set_faults()
        farm.end_back_off()
        self.assertEnded(farm.run_pass(), 0, "gone")
        self.assertEqual((farm.cloud.alive(), farm.deployments(), farm.states()), ({}, {}, {}))

    # 4. No fallback.

    def test_no_fallback_after_a_capacity_error(self):
        """A type without capacity does not hold up others, and its failed machine does not count."""
        for version in (ONE, TWO):
            with self.subTest(version):
                farm = self.farm(version, pools={PLAIN: nixops_pool(), BENCHMARK: nixops_pool()})
                farm.queue(**steps(plain=1, benchmark=1))
                farm.cloud.set_faults({"command": "deploy", "fault": "capacity", "deployment": "t-0"})
                self.assertEnded(farm.run_pass(), 1, "t-0: create failed: ", "InsufficientInstanceCapacity")
                self.assertEqual(len(farm.listed()), 1)
                self.assertEqual(farm.states()["t-1"], "ready")
                self.assertIn("root@x86-64-linux.placeholder.invalid", farm.machines_file.read_text())
                self.assertEnded(farm.run_pass(), 0, "x86_64-linux: no creations for another")
                self.assertEqual(list(farm.deployments()), [farm.uuid("t-1")])
                farm.cloud.set_faults()
                farm.time_passes(60)
                self.assertEnded(farm.run_pass(), 0, "t-2: create: 1 of 1 new machines", "t-2: ready after")
                self.assertEqual(len(farm.listed()), 2)
                self.assertNotIn("placeholder", farm.machines_file.read_text())

    # 5. Churn.

    def test_churn(self):
        """No machine is made anew without a reason, or lost because work comes and goes."""
        farm = self.farm_with_machines()
        before = farm.deployments(), farm.cloud.instances()
        farm.forget_calls()
        for _ in range(3):
            (farm.folder / "deployment.nix").touch()
            self.assertEnded(farm.run_pass(), 0)
        jobs = {f"root@{address}": with_jobs(1) for address in farm.listed()}
        for _ in range(2):
            farm.queue(machines=jobs)
            self.assertEnded(farm.run_pass(), 0, "draining")
            self.assertEqual(farm.listed(), [])
            farm.queue(runnable=10, machines={name: entry | {"enabled": False} for name, entry in jobs.items()})
            self.assertEnded(farm.run_pass(), 0, "t-0: back in use: needed again", "t-1: back in use: needed again")
            self.assertEqual(len(farm.listed()), 2)
        self.assertEqual(farm.calls(*MAKES, *TAKES_DOWN), [])
        self.assertEqual((farm.deployments(), farm.cloud.instances()), before)

    # 9. Slow start.

    def test_slow_start(self):
        """All machines begin at once, each is listed once it is ready, and none waits for another that hangs."""
        farm = self.farm(pools={PLAIN: nixops_pool(maxMachines=3)})
        farm.queue(runnable=15)
        farm.cloud.set_faults({"command": "deploy", "fault": "hang", "deployment": "t-0"})
        running = farm.begin_pass()
        wait_for(lambda: farm.machines_file.exists() and len(farm.listed()) == 2, "two are listed")
        self.assertIsNone(running.poll())
        (hanging,) = [call for call in farm.cloud.calls("deploy") if "ended" not in call]
        self.assertIn(farm.uuid("t-0"), hanging["argv"])
        others = [call["began"] for call in farm.cloud.calls("create")]
        self.assertLess(max(others), min(call["ended"] for call in farm.cloud.calls("deploy") if "ended" in call))
        farm.end_calls("deploy")
        self.assertEqual(running.wait(60), 1)
        self.assertEqual(len(farm.listed()), 2)


class AboutDecisions(ComplaintsTest):
    """What is decided, and whether the program says why."""

    # 3. Stuck, and no reason visible.

    def test_stuck_and_no_reason_visible(self):
        farm = self.farm(pools={PLAIN: nixops_pool(bootTimeout=6)}, passTimeout=1)
        farm.queue(runnable=1)
        farm.cloud.set_faults({"command": "deploy", "fault": "hang"})
        self.assertEnded(farm.run_pass(), 0, "t-0: create still under way; the next pass goes on")
        self.assertRegex(self.reasons(farm)["t-0"], r"create under way for \d+ s")
        self.assertIn("create under way", farm.run("status", farm.conf).out)
        wait_for(lambda: "waiting for SSH..." in farm.log("t-0"), "the log shows where it hangs")
        self.assertEqual(len(self.jobs(farm)), 1)
        wait_for(lambda: not self.jobs(farm), "it is given up without another pass", farm.processes)
        self.assertEnded(farm.run_pass(), 1, "t-0: create failed: nixops deploy did not finish within 5 s")
        ((failure,),) = farm.journal("select reason from events where kind = 'failed'")
        self.assertRegex(failure, "nixops deploy .*waiting for SSH")
        self.assertEqual(len(farm.calls("create")), 1)
        (pool,) = self.plan(farm)["pools"]
        self.assertRegex(pool["notes"][0], r"no creations for another \d+ s: back-off of 30 s")

    def jobs(self, farm):
        return [words for words in farm.processes().values() if "run-job" in words]

    # 6. Wrong counting.

    def test_wrong_counting(self):
        """Machines that boot serve the steps, those that leave or failed do not. All count for the maximum."""
        farm = self.farm(pools={PLAIN: nixops_pool(maxMachines=9)}, passTimeout=1)
        farm.before_nixops(f'[ "$1" != deploy ] || while [ ! -e "{farm.folder}/go" ]; do sleep 0.1; done')
        farm.queue(runnable=15)
        for _ in range(3):
            self.assertEnded(farm.run_pass(), 0)
            self.assertEqual(farm.states(), dict.fromkeys(("t-0", "t-1", "t-2"), "creating"))
        (farm.folder / "go").touch()
        farm.passes_until(lambda: len(farm.listed()) == 3, "all are there")
        # The queue runner has not heard of them yet: that does not make them superfluous.
        farm.configure(passTimeout=None, pools={PLAIN: nixops_pool(maxMachines=3)})
        farm.queue(runnable=100)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), dict.fromkeys(("t-0", "t-1", "t-2"), "ready"))
        self.one_fails(farm)

    def one_fails(self, farm):
        """Another machine takes the place of a failed one only when that is gone."""
        (lost, *others) = [farm.attributes(name) for name in ("t-0", "t-1", "t-2")]
        farm.cloud.terminate(lost["vmId"])
        failing = {f"root@{lost['publicIpv4']}": with_jobs(0, lastFailure=seconds_ago(-1))}
        others = {f"root@{machine['publicIpv4']}": with_jobs(1) for machine in others}
        farm.queue(runnable=100, machines=failing | others)
        self.assertEnded(farm.run_pass(), 0, "t-0: vanished")
        (pool,) = self.plan(farm)["pools"]
        self.assertEqual((pool["target"], pool["machines"]), (3, 3))
        self.assertIn("1 more wait until one of the 3 existing machines is gone (max 3)", pool["notes"])
        farm.passes_until(lambda: len(farm.listed()) == 3, "it is replaced")
        self.assertEqual(farm.states(), dict.fromkeys(("t-1", "t-2", "t-3"), "ready"))
        self.assertEqual(len(farm.calls("create")), 4)
        self.assertEqual(len(farm.cloud.alive()), 3)

    # 7. A changed configuration is not applied.

    def test_a_config_change_not_applied(self):
        """A changed configuration reaches machines that run, and a lower maximum removes some."""
        farm = self.farm_with_machines()
        farm.network(EC2.replace("c5.4xlarge", "c5.9xlarge"))
        why = "its specification has changed"
        passes = [farm.run_pass(), farm.run_pass()]  # one machine at a time, in any order
        said = "".join(ended.err for ended in passes)
        for machine in ("t-0", "t-1"):
            self.assertEqual(said.count(f"{machine}: redeploy: {why}"), 1, said)
        self.assertEqual([len([c for c in farm.calls("deploy") if uuid in c]) for uuid in farm.deployments()], [2, 2])
        for flag in ("--allow-reboot", "--force-reboot", "--allow-recreate"):
            self.assertEqual([argv for argv in farm.calls() if flag in argv], [])
        self.check_broken_change(farm)
        farm.configure(pools={PLAIN: nixops_pool(maxJobs=7, sshKey="/key")})
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.machines_file.read_text().count(" i686-linux,x86_64-linux /key 7 1 - - "), 2)
        self.assertEqual(len(farm.calls("deploy")), 4)
        self.shrink(farm)

    def check_broken_change(self, farm):
        """After a change that cannot be evaluated all machines stay as they are, and that is reported."""
        before = farm.machines_file.read_text()
        for broken in (EC2 + "}", EC2.replace("machine =", 'machine = throw "not this type";\n  more =')):
            farm.network(broken)
            self.assertEnded(farm.run_pass(), 1, "deployment.nix", "nothing is made or redeployed from it")
            self.assertEqual(farm.machines_file.read_text(), before)
            self.assertEqual(len(farm.calls("deploy")), 4)
        farm.network(EC2.replace("c5.4xlarge", "c5.9xlarge"))

    def shrink(self, farm):
        """Lowers the maximum, then removes the type."""
        farm.configure(pools={PLAIN: nixops_pool(maxMachines=1)})
        farm.passes_until(lambda: len(farm.deployments()) == 1, "one is left, though there is work for more")
        self.assertEqual(len(farm.listed()), 1)
        farm.configure(pools={BENCHMARK: nixops_pool()})
        farm.passes_until(lambda: not farm.deployments(), "none is left of a type that is not configured")
        self.assertEqual(farm.cloud.alive(), {})

    # 8. Scale to zero and minimum.

    def test_scale_to_zero_and_minimum(self):
        farm = self.farm(pools={PLAIN: nixops_pool(minMachines=1)})
        farm.queue_says("not JSON")
        self.assertEnded(farm.run_pass(), 69, "t-0: create: 1 of 1 new machines", "t-0: ready after")
        farm.queue()
        for _ in range(2):
            self.assertEnded(farm.run_pass(), 0)
            self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertIn("→ 0 wanted, 1 allowed (min 1)", farm.run("plan", farm.conf).out)
        farm.configure(pools={PLAIN: nixops_pool()})
        farm.passes_until(lambda: not farm.deployments(), "there is none")
        empty = "root@x86-64-linux.placeholder.invalid i686-linux,x86_64-linux - 0 1 - - -"
        self.assertEqual(farm.machines_file.read_text(), f"# hydra-provisioner t\n{empty}\n")
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.calls("create")), 1)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-1: ready after")
        self.assertEqual(len(farm.listed()), 1)

    # 10. No dry run, no why.

    def test_no_dry_run_and_no_why(self):
        """plan and status change nothing and say why. The next pass does what they said."""
        farm = self.farm_with_machines(pools={PLAIN: nixops_pool(maxMachines=4), BENCHMARK: nixops_pool()})
        busy, idle = (f"root@{farm.attributes(name)['publicIpv4']}" for name in ("t-0", "t-1"))
        farm.network(EC2.replace("c5.4xlarge", "c5.9xlarge"))
        farm.queue(**steps(plain=5, benchmark=6), machines={busy: with_jobs(3), idle: with_jobs(0, idleSince=1)})
        before = self.everything(farm)
        farm.forget_calls()
        for words in (["plan"], ["plan", "--json"], ["status"], ["status", "--json"], ["plan", "-v"]):
            self.assertEnded(farm.run(words[0], farm.conf, *words[1:]), 0)
        self.assertEnded(farm.run("plan", farm.conf, "--detailed-exitcode"), 2)
        self.assertEqual({argv[0] for argv in farm.calls()}, {"export"})
        self.assertEqual(self.everything(farm), before)
        self.check_why(farm)
        self.check_that_a_pass_does_what_was_said(farm)

    def everything(self, farm):
        """All that a pass could change."""
        tables = ("DeploymentAttrs", "Resources", "ResourceAttrs")
        state = [farm.in_state_file(f"select * from {table} order by 1, 2, 3") for table in tables]
        journal = [farm.journal(f"select * from {table}") for table in ("machines", "events", "passes", "deliveries")]
        files = sorted(str(path) for path in farm.state.rglob("*") if not path.name.endswith(("-wal", "-shm")))
        return state, journal, files, farm.cloud.instances(), farm.machines_file.read_text(), farm.deployments()

    def check_why(self, farm):
        lines = farm.run("plan", farm.conf).out
        self.assertIn("5 runnable, 0 ignored, 5 per machine → 1 wanted, 1 allowed", lines)
        self.assertIn("6 runnable, 0 ignored, 5 per machine → 2 wanted, 2 allowed", lines)
        self.assertIn("Plan: 2 to create, 0 to start, 1 to drain, 1 to redeploy, 0 to destroy.", lines)
        reasons = self.reasons(farm)
        self.assertEqual(reasons["t-0"], "its specification has changed")
        self.assertRegex(reasons["t-1"], r"surplus, idle \d+ s ≥ grace 0 s")
        self.assertEqual(reasons["t-2"], "1 of 2 new machines")
        document = json.loads(farm.run("status", farm.conf, "--json").out)
        self.assertEqual([machine["currentJobs"] for machine in document["machines"]], [3, 0])

    def check_that_a_pass_does_what_was_said(self, farm):
        said = {(action["action"], action["machine"]) for action in self.plan(farm)["actions"]}
        self.assertEqual(said, {("redeploy", "t-0"), ("drain", "t-1"), ("create", "t-2"), ("create", "t-3")})
        self.assertEnded(farm.run_pass(), 0, "t-0: redeploy: ", "t-1: draining: ", "t-2: ready", "t-3: ready")
        self.assertEqual(farm.states(), {"t-0": "ready", "t-1": "draining", "t-2": "ready", "t-3": "ready"})
        self.assertEqual(len(farm.calls("deploy")), 3)
