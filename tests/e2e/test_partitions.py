"""Hosts that share a journal, of which one is cut off from the database, from the cloud or from the queue runner: what it sends
there gets lost, and so does what comes from there."""

from support.networked_farm import NetworkTest
from support.waiting import wait_for

LEADS = "this host leads from now on"
INTERVALS_MAX = 2  # from the last renewal of a lease until another host leads


class FromTheDatabase(NetworkTest):
    def test_a_leader_does_nothing_more_and_stands_by_when_it_is_back(self):
        alpha, beta = self.two_daemons(statusTimeout=90)
        self.status.hold(alpha.place.address)
        asked = len(self.status.asked_by(alpha.place.address))
        wait_for(lambda: len(self.status.asked_by(alpha.place.address)) > asked, "alpha makes a pass")
        self.cut_from_database(alpha)
        delivered = self.files_of(alpha)
        beta.wait_until_said(LEADS)
        alpha.queue(runnable=7)
        self.status.release(alpha.place.address)  # now it knows that a machine is missing
        beta.wait_for_machines(2)
        beta.queue(runnable=0)
        wait_for(lambda: not beta.provided(), "beta destroys both machines", beta.said)
        self.network.mend()
        alpha.wait_until_said("beta leads (process ")
        self.assertIn("not written: beta leads since ", alpha.said())
        self.assertEqual(beta.shown()["standbys"][0]["host"], "alpha")
        self.assertEqual(self.asked_of_cloud(alpha, "create", "destroy", "stop"), ["t-0"])
        self.assertEqual(self.asked_of_cloud(beta, "create"), ["t-1"])
        self.assertEqual(self.files_of(alpha), delivered)

    def test_what_a_leader_was_publishing_does_not_last(self):
        alpha, beta = self.two_daemons()
        second = f"{self.cloud_network}.2"
        self.delivery.hold(alpha.place.address, second)
        alpha.queue(runnable=7)
        wait_for(lambda: any(second in file for file in self.files_of(alpha)), "alpha publishes its machines", alpha.said)
        self.cut_from_database(alpha)
        beta.wait_until_said(LEADS)
        alpha.queue(runnable=0)
        wait_for(lambda: not beta.provided(), "beta destroys both machines", beta.said)
        self.delivery.release(alpha.place.address)
        callers = lambda: [request.caller for request in self.delivery.done if second in request.content]
        wait_for(lambda: alpha.place.address in callers(), "the queue runner has read the file of alpha")
        last = lambda: self.delivery.done[-1].caller
        wait_for(lambda: last() == beta.place.address and not beta.listed(), "beta has published that there is none", last)

    def test_another_host_leads_within_two_intervals(self):
        interval = 4
        alpha, beta = self.two_daemons(interval=interval)
        self.cut_from_database(alpha)
        leader = f'"provisioner-t".leader where name = \'alpha\''
        renewed = float(self.ask(beta, f"select extract(epoch from renewed_at) from {leader}"))
        beta.wait_until_said(LEADS)
        since = float(self.ask(beta, f"select extract(epoch from since) from {leader.replace('alpha', 'beta')}"))
        self.assertLessEqual(since - renewed, INTERVALS_MAX * interval)

    def test_a_host_that_stands_by_says_so_and_stands_by_again(self):
        alpha, beta = self.two_daemons()
        self.cut_from_database(beta)
        alpha.queue(runnable=7)
        alpha.wait_for_machines(2)
        wait_for(lambda: not alpha.shown()["standbys"], "beta is not seen any more", alpha.said)
        self.network.mend()
        wait_for(lambda: alpha.shown()["standbys"], "beta stands by", beta.said)
        self.assertEqual(self.asked_of_cloud(beta, "create", "destroy", "stop"), [])
        self.assertEqual(self.files_of(beta), [])

    def test_a_leader_ends_when_it_is_told_to(self):
        alpha, beta = self.two_daemons()
        self.cut_from_database(alpha)
        beta.wait_until_said(LEADS)
        alpha.daemon.terminate()
        self.assertEqual(alpha.daemon.wait(20), 0, alpha.said())

    def ask(self, host, sql):
        where = host.options["journal"].replace(self.postgres.address, str(self.postgres.folder))
        return self.postgres.ask(where, sql)


class FromTheCloud(NetworkTest):
    def test_a_leader_keeps_its_machines_and_goes_on_when_it_is_back(self):
        alpha, beta = self.two_daemons()
        delivered = alpha.machines_file.read_text()
        self.cut_from_cloud(alpha)
        alpha.queue(runnable=7)
        alpha.wait_for_passes(1)
        alpha.queue(runnable=0)
        alpha.wait_for_passes(1)
        self.assertEqual(beta.leader(), "alpha")
        self.assertEqual(beta.states(), {"t-0": "ready"}, alpha.said())
        self.assertEqual(alpha.machines_file.read_text(), delivered)
        alpha.queue(runnable=7)
        self.network.mend()
        alpha.wait_for_machines(2)
        self.assertEqual(self.asked_of_cloud(alpha, "create"), ["t-0", "t-1"])
        self.check_that_nothing_was_lost(alpha)

    def test_a_machine_whose_creation_was_under_way_is_made_once(self):
        alpha, beta = self.two_daemons()
        self.cloud.hold(alpha.place.address, '"create"')
        alpha.queue(runnable=7)
        wait_for(lambda: "t-1" in self.asked_of_cloud(alpha, "create"), "alpha asks for a machine", alpha.said)
        self.cut_from_cloud(alpha)
        self.cloud.release(alpha.place.address)  # it has made the machine, and its answer gets lost
        alpha.wait_for_passes(1)
        self.assertEqual(alpha.provided(), ["t-0", "t-1"])
        self.assertEqual(beta.states()["t-1"], "creating")
        self.network.mend()
        alpha.wait_for_machines(2)
        self.assertEqual(set(self.asked_of_cloud(alpha, "create")), {"t-0", "t-1"})
        self.check_that_nothing_was_lost(alpha)

    def check_that_nothing_was_lost(self, leader):
        self.assertEqual(leader.states(), {"t-0": "ready", "t-1": "ready"})
        self.assertEqual(leader.provided(), ["t-0", "t-1"])
        self.assertEqual(self.asked_of_cloud(leader, "destroy", "stop"), [])
        self.assertEqual(leader.leader(), "alpha")


class FromTheQueueRunner(NetworkTest):
    def test_a_leader_keeps_its_machines_and_goes_on_when_it_is_back(self):
        alpha, beta = self.two_daemons()
        delivered = alpha.machines_file.read_text()
        self.cut_from_queue_runner(alpha)
        alpha.queue(runnable=0)
        alpha.wait_until_said("the status is not trusted: call.py did not finish within 2 s")
        alpha.wait_until_said("was given the machines in use 5 s ago, and no answer has come yet")
        self.assertEqual(beta.leader(), "alpha")
        self.assertEqual(beta.states(), {"t-0": "ready"}, alpha.said())
        self.assertEqual(alpha.provided(), ["t-0"])
        self.assertEqual(alpha.machines_file.read_text(), delivered)
        alpha.queue(runnable=7)
        self.network.mend()
        alpha.wait_for_machines(2)
        self.assertEqual(self.asked_of_cloud(alpha, "create"), ["t-0", "t-1"])
        self.assertEqual(self.asked_of_cloud(alpha, "destroy", "stop"), [])
