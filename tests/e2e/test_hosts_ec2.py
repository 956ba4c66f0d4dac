"""Hosts that share a journal look after the same machines of EC2: what was asked of EC2 is recorded there."""

import os

from support.ec2_farm import Ec2Mixin
from support.farm import PLAIN
from support.shared_farm import Host, SharedTest
from support.waiting import wait_for


class Ec2Host(Ec2Mixin, Host):
    def join_cloud_of(self, first):
        self.cloud, self.key, self.port, self.moto_port = first.cloud, first.key, first.port, first.moto_port
        self.environment |= {name: value for name, value in first.environment.items() if name.startswith("AWS")}
        self.environment |= {"HOME": str(first.folder)}
        self.configure(pools={PLAIN: self.pool()})


class SharedCloud(SharedTest):
    kind = Ec2Host

    def two_hosts(self, **options):
        alpha, beta = super().two_hosts(**options)
        alpha.begin_cloud()
        beta.join_cloud_of(alpha)
        return alpha, beta

    def records(self, farm):
        return self.postgres.ask(
            farm.options["journal"], 'select machine, name from "provisioner-t".machine_records order by 1, 2'
        ).split()


class MachinesOfAnotherHost(SharedCloud):
    def test_are_used_and_destroyed(self):
        alpha, beta = self.two_hosts()
        alpha.queue(runnable=1)
        alpha.passes_until(lambda: alpha.states() == {"t-0": "ready"}, "alpha has a machine")
        self.assertEqual(
            self.records(alpha), [f"t-0|{name}" for name in ("host_key", "host_key.pub", "instance.json", "request.json")]
        )
        beta.idle()
        beta.passes_until(lambda: alpha.alive() == [], "beta has destroyed it")
        beta.passes_until(lambda: beta.states() == {}, "its journal says so")
        self.assertEqual(len(alpha.calls("RunInstances")), 1)
        self.assertEqual(self.records(alpha), [])
        self.assertEqual(alpha.notes() + beta.notes(), [])

    def test_are_not_requested_again_when_their_host_is_killed(self):
        alpha, beta = self.two_hosts()
        alpha.queue(runnable=1)
        running = alpha.begin_pass()
        wait_for(lambda: alpha.alive(), "a machine was made")
        running.kill()
        running.wait(60)
        beta.passes_until(lambda: beta.states() == {"t-0": "ready"}, "beta has the machine")
        self.assertEqual(len(alpha.calls("RunInstances")), 1)
        self.assertEqual(len(alpha.alive()), 1)


class RequestsOfAnotherHost(SharedCloud):
    def test_are_not_sent_once_another_host_has_led(self):
        """As those of a host that stood still in between."""
        alpha, beta = self.two_hosts()
        alpha.set_faults({"action": "RunInstances", "before": {"seconds": 3600, "drop": True}})
        alpha.queue(runnable=1)
        running = alpha.begin_pass()
        wait_for(lambda: alpha.calls("RunInstances"), "the request is sent", alpha.cloud_log)
        request = (alpha.state / "jobs/t-0.request.json").read_text()
        for process in [running.pid, *(pid for pid, words in alpha.processes().items() if "run-job" in words)]:
            os.kill(process, 9)
        running.wait(60)
        self.assertEnded(beta.run_pass(), 0)
        alpha.set_faults()
        alpha.forget_calls()
        (alpha.state / "jobs/t-0.request.json").write_text(request)
        self.assertEnded(alpha.run("run-job", "t", "t-0"), 0)
        self.assertIn("the host beta has led", (alpha.state / "jobs/t-0.result.json").read_text())
        self.assertEqual(alpha.calls("RunInstances"), [])


class MovingRecords(SharedCloud):
    def test_go_with_the_journal_and_come_back(self):
        farm = self.host("alpha", None)
        farm.begin_cloud()
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "there is a machine")
        before = {path.name: path.read_bytes() for path in (farm.state / "ec2/t-0").iterdir()}
        where = self.database()
        file = farm.state / "t.sqlite"
        self.assertEnded(farm.run("journal", "move", file, where), 0)
        self.assertEqual(farm.notes(), [])
        farm.configure(journal=where)
        self.assertEqual(len(self.records(farm)), len(before))
        self.assertEnded(farm.run_pass(), 0)
        self.assertEnded(farm.run("journal", "move", where, file), 0)
        self.assertEqual({path.name: path.read_bytes() for path in (farm.state / "ec2/t-0").iterdir()}, before)
        farm.configure(journal=None)
        farm.idle()
        farm.passes_until(lambda: farm.alive() == [], "it is destroyed")
        self.assertEqual(len(farm.calls("RunInstances")), 1)
