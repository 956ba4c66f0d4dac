"""EC2 that lacks capacity, throttles, forgets, interrupts, or is not EC2 at all: nothing is lost, and no other machine waits."""

import contextlib
import json
import re
import socket
import subprocess
import time

from support.ec2_farm import REGION, Ec2DaemonFarm, Ec2Farm, Ec2Test, free_port
from support.farm import PLAIN, pool
from support.waiting import wait_for

BENCHMARK = f"{PLAIN}:benchmark"
OWNER = "hydra-provisioner:owner"
LACK = {"code": "InsufficientInstanceCapacity", "message": "none left", "status": 500}
LISTING = {"action": "DescribeInstances"}
NO_INSTANCES = [r"<reservationSet>.*</reservationSet>", "<reservationSet/>"]


class Capacity(Ec2Test):
    def test_that_one_offering_lacks_is_had_from_another(self):
        types = ["c5.large", "c6i.large"]
        farm = self.farm(pool={"instanceTypes": types})
        farm.set_faults({"action": "RunInstances", "with": {"InstanceType": "c5.large"}, "before": LACK})
        farm.queue(runnable=10)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after", "t-1: ready after")
        asked = [call["InstanceType"] for call in farm.calls("RunInstances")]
        self.assertLessEqual(asked.count("c5.large"), 2)  # not again by those that come later
        self.assertEqual(asked.count("c6i.large"), 2)
        tokens = [call["ClientToken"] for call in farm.calls("RunInstances")]
        self.assertEqual(len(set(tokens)), len(tokens))

    def test_that_there_is_none_of_is_no_failure_of_a_machine(self):
        farm = self.farm()
        farm.set_faults({"action": "RunInstances", "before": LACK})
        farm.queue(runnable=1)
        said = f'c5.large on demand: RunInstances in {REGION}: InsufficientInstanceCapacity: "none left"'
        self.assertEnded(farm.run_pass(), 1, f"t-0: create failed: {said}")
        self.assertEnded(farm.run_pass(), 0, "t-0: gone")
        self.assertEqual(farm.notes(), [])
        self.assertIn("back-off of 30 s", farm.run("plan", farm.conf).out)
        farm.set_faults()
        farm.journal("delete from creations")
        self.assertEnded(farm.run_pass(), 1, "within the last minutes, so nothing is requested now")
        self.assertEqual(len(farm.calls("RunInstances")), 1)

    def test_that_no_offering_has_is_said_once(self):
        types = [f"c{n}i.large" for n in range(1, 11)]
        farm = self.farm(pool={"instanceTypes": types})
        farm.set_faults({"action": "RunInstances", "before": LACK})
        farm.queue(runnable=1)
        first = ", ".join(f"{type} on demand" for type in types[:3])
        ended = farm.run_pass()
        self.assertEnded(ended, 1, f"t-0: create failed: {first} and 7 more: RunInstances in {REGION}: Insufficient")
        self.assertEqual(ended.err.count("InsufficientInstanceCapacity"), 1)
        self.assertEqual(len(farm.calls("RunInstances")), 10)

    def test_on_demand_where_there_is_no_spot(self):
        farm = self.farm(pool={"capacity": "spot-first"})
        spot = {"InstanceMarketOptions.MarketType": "spot"}
        refusal = {"code": "MaxSpotInstanceCountExceeded", "message": "no more"}
        farm.set_faults({"action": "RunInstances", "with": spot, "before": refusal})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        self.assertEqual(len(farm.calls("RunInstances")), 2)

    def test_that_a_quota_forbids_is_reported(self):
        farm = self.farm()
        farm.set_faults({"action": "RunInstances", "before": {"code": "VcpuLimitExceeded", "message": "5 vCPUs"}})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "VcpuLimitExceeded", "ask AWS for a higher quota, or lower maxMachines")
        refused = json.loads((farm.state / "ec2/t.json").read_text())["refusedUntil"]
        self.assertGreater(min(refused.values()), time.time() + 600)


class Requests(Ec2Test):
    def test_that_are_throttled_are_repeated(self):
        farm = self.farm()
        throttled = {"code": "RequestLimitExceeded", "status": 503}
        farm.set_faults({"action": "RunInstances", "times": 3, "before": throttled})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        calls = farm.calls("RunInstances")
        self.assertEqual(len(calls), 4)
        self.assertEqual(len({call["ClientToken"] for call in calls}), 1)

    def test_whose_answer_gets_lost_are_repeated_as_they_were(self):
        farm = self.farm()
        farm.set_faults({"action": "RunInstances", "times": 1, "after": {"cut": 100}})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "t-0: create failed: RunInstances: its answer is not a complete XML document")
        self.assertEqual(len(farm.alive()), 1)
        farm.configure(pools={PLAIN: farm.pool(image="ami-2", more={"replaceOnChange": False})})
        farm.set_faults(LISTING | {"times": 2, "after": {"replace": NO_INSTANCES}})  # nor is it shown
        farm.end_back_off()
        self.assertEnded(farm.run_pass(), 0, "t-0: create: not finished: create: RunInstances: ", "t-0: ready after")
        calls = farm.calls("RunInstances")
        self.assertEqual([call["ImageId"] for call in calls], ["ami-12c6146b"] * 2)
        self.assertEqual(len({call["ClientToken"] for call in calls}), 1)
        self.assertEqual(len(farm.alive()), 1)

    def test_whose_answer_gets_lost_are_repeated_where_they_were_sent_to(self):
        farm = self.farm()
        farm.set_faults({"action": "RunInstances", "times": 1, "after": {"cut": 100}})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1)
        elsewhere = farm.pool(region="us-east-1", more={"replaceOnChange": False})
        farm.configure(pools={PLAIN: elsewhere})
        farm.end_back_off()
        self.assertEnded(farm.run_pass(), 0, "t-0: create: not finished: create: RunInstances: ", "t-0: ready after")
        (instance,) = farm.alive()
        self.assertEqual(farm.machines()["t-0"]["instance"], f"{REGION}/{instance}")
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})

    def test_that_are_given_up_leave_nothing_behind(self):
        farm = self.farm()
        farm.set_faults({"action": "RunInstances", "after": {"text": "", "status": 502}})
        farm.configure(pools={PLAIN: farm.pool(more={"bootTimeout": 20})}, passTimeout=1)
        farm.queue(runnable=1)
        farm.run_pass()
        wait_for(farm.alive, "the job has asked for an instance")
        farm.set_faults()
        farm.queue()
        while farm.machines():
            farm.run_pass()
        self.assertEqual(farm.alive(), [])
        self.assertEqual(farm.notes(), [])


class Listings(Ec2Test):
    def test_that_do_not_show_a_new_machine_yet(self):
        farm = self.farm()
        farm.set_faults(LISTING | {"after": {"replace": NO_INSTANCES}})
        farm.configure(passTimeout=3)
        farm.queue(runnable=1)
        farm.run_pass()
        farm.run_pass()
        farm.set_faults()
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "the machine is ready")
        farm.set_faults(LISTING | {"after": {"replace": NO_INSTANCES}})
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEqual(len(farm.listed()), 1)
        self.assertEqual(len(farm.calls("RunInstances")), 1)

    def test_of_many_machines_come_in_pages(self):
        farm = self.farm(boots=False)
        tag = {"TagSpecification.1.ResourceType": "instance", "TagSpecification.1.Tag.1.Key": "hydra-provisioner"}
        image = {"ImageId": "ami-12c6146b", "InstanceType": "c5.large", "TagSpecification.1.Tag.1.Value": "t"}
        for _ in range(12):
            farm.ask_moto("RunInstances", MinCount=100, MaxCount=100, **image, **tag)
        farm.set_faults(LISTING | {"instead": {"MaxResults": 5}})
        farm.forget_calls()
        self.assertEqual(len(json.loads(farm.run("status", farm.conf, "--json").out)["foreign"]), 1200)
        self.assertEqual([bool(call.get("NextToken")) for call in farm.calls()], [False, True, True])

    def test_that_fail_hold_up_no_other_region_or_provider(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: farm.pool(), BENCHMARK: farm.pool(region="us-east-1")})
        types = {name: {"runnable": 1, "running": 0} for name in (PLAIN, BENCHMARK)}
        farm.queue(runnable=2, machineTypes=types)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.listed()), 2)
        elsewhere = farm.pool(region="us-east-1", endpoint="http://127.0.0.1:1")
        farm.configure(pools={PLAIN: farm.pool(), BENCHMARK: elsewhere, "aarch64-linux": pool(minMachines=1)})
        ended = farm.run_pass()
        self.assertEnded(ended, 1, f"{BENCHMARK}: DescribeInstances in us-east-1: http://127.0.0.1:1/: Failed to connect")
        self.assertEqual(set(farm.states().values()), {"ready"})
        self.assertEqual(len(farm.listed()), 3)
        farm.configure(pools={PLAIN: farm.pool(), BENCHMARK: farm.pool(region="us-east-1")})
        farm.passes_until(lambda: len(farm.machines()) == 2, "the local machine is gone")


class ADaemon(Ec2Test):
    kind = Ec2DaemonFarm

    def test_waits_for_no_region_that_does_not_answer(self):
        farm = self.farm(boots=False)
        farm.configure(pools={PLAIN: farm.pool(), BENCHMARK: pool(minMachines=1)})
        farm.set_faults(LISTING | {"before": {"seconds": 600}})
        farm.queue()
        daemon = farm.begin_daemon()
        farm.wait_for_machines(1)
        daemon.terminate()
        self.assertEqual(daemon.wait(20), 0, farm.said())

    def test_hears_of_announcements_at_once(self):
        farm = self.farm(interval=3600)
        queue = farm.make_event_queue()
        farm.configure(pools={PLAIN: farm.pool(capacity="spot", eventQueue=queue)})
        farm.queue(runnable=5)
        daemon = farm.begin_daemon("-v")
        farm.wait_for_machines(1)
        (noticed,) = farm.alive()
        before = farm.listed()
        farm.send(queue, "an order of another program")
        farm.announce(queue, "EC2 Spot Instance Interruption Warning", noticed)
        farm.wait_until_said("a pass before it is due: EC2 has announced the end of an instance")
        farm.wait_until_said("EC2 takes it back two minutes after")
        farm.wait_until_said("t-1: ready after")
        self.assertFalse(set(before) & set(farm.listed()))
        self.assertEqual(farm.messages(queue), 1)
        daemon.terminate()
        self.assertEqual(daemon.wait(20), 0, farm.said())


class Interruptions(Ec2Test):
    def test_take_a_machine_out_of_the_file_at_once(self):
        farm = self.farm(pool={"capacity": "spot-first"})
        farm.queue(runnable=10)
        self.assertEnded(farm.run_pass(), 0)
        before = farm.listed()
        self.assertEqual(len(before), 2)
        reason = "<stateReason><code>Server.SpotInstanceTermination</code></stateReason>"
        for instance in farm.alive():
            farm.ask_moto("TerminateInstances", **{"InstanceId.1": instance})
        taken_back = [r"<stateReason>.*?</stateReason>", reason]
        farm.set_faults(LISTING | {"after": {"replace": taken_back}})
        self.assertEnded(farm.run_pass(), 0, "vanished")
        self.assertFalse(set(before) & set(farm.listed()))
        farm.passes_until(lambda: len(farm.listed()) == 2, "there are others")
        asked = [call.get("InstanceMarketOptions.MarketType") for call in farm.calls("RunInstances")]
        self.assertEqual(asked, ["spot", "spot", None, None])  # two interruptions are enough


class Announcements(Ec2Test):
    def farm_with_queue(self):
        farm = self.farm(pool={"capacity": "spot"})
        farm.queue(runnable=5)
        farm.passes_until(lambda: len(farm.listed()) == 1, "a machine is in use")
        self.url = farm.make_event_queue()
        farm.configure(pools={PLAIN: farm.pool(capacity="spot", eventQueue=self.url)})
        return farm

    def test_take_a_machine_out_of_the_file_and_replace_it(self):
        farm = self.farm_with_queue()
        (noticed,) = farm.alive()
        before = farm.listed()
        farm.announce(self.url, "EC2 Spot Instance Interruption Warning", noticed)
        self.assertEnded(farm.pass_that_hears(), 0, "EC2 takes it back two minutes after")
        self.assertFalse(set(before) & set(farm.listed()))
        self.assertEqual(farm.messages(self.url), 0)
        wait_for(lambda: farm.pass_that_hears() and len(farm.listed()) == 1, "another one is in use")
        self.assertEqual(len(farm.calls("RunInstances")), 2)

    def test_that_are_late_or_of_others_change_nothing(self):
        farm = self.farm_with_queue()
        before = farm.listed()
        (ours,) = farm.alive()
        farm.announce(self.url, "EC2 Spot Instance Interruption Warning", ours, seconds_ago=700)
        farm.announce(self.url, "EC2 Spot Instance Interruption Warning", ours, seconds_ago=-700)
        for number in range(30):
            farm.announce(self.url, "EC2 Spot Instance Interruption Warning", f"i-{number}")
        self.assertEnded(farm.pass_that_hears(), 0)
        self.assertEqual(farm.listed(), before)
        self.assertEqual(farm.messages(self.url), 0)

    def test_that_are_none_stay_in_the_queue(self):
        farm = self.farm_with_queue()
        before = farm.listed()
        farm.send(self.url, "an order of another program")
        farm.send(self.url, json.dumps({"source": "aws.s3", "detail-type": "Object Created"}))
        farm.announce(self.url, "EC2 Instance State-change Notification", *farm.alive())
        said = "3 messages are in it that announce no end of an instance: is it another program's queue"
        self.assertIn(said, farm.pass_that_hears().err)
        self.assertEqual(farm.listed(), before)
        self.assertEqual(farm.messages(self.url), 3)

    def test_are_left_to_passes_by_what_only_looks(self):
        farm = self.farm_with_queue()
        farm.announce(self.url, "EC2 Spot Instance Interruption Warning", *farm.alive())
        for verb in ("plan", "status"):
            self.assertEnded(farm.run(verb, farm.conf), 0)
        self.assertEqual(farm.messages(self.url), 1)
        self.assertEnded(farm.pass_that_hears(), 0, "EC2 takes it back two minutes after")

    def test_keep_no_pass_waiting_whose_queue_does_not_answer(self):
        farm = self.farm_with_queue()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            queue = f"http://127.0.0.1:{silent.getsockname()[1]}/123456789012/events"
            farm.configure(pools={PLAIN: farm.pool(capacity="spot", eventQueue=queue)})
            self.assertIn(f"eventQueue {queue}: it has not answered yet; the next pass asks again", farm.run_pass().err)

    def test_whose_queue_is_missing_are_said_to_be(self):
        farm = self.farm_with_queue()
        before = farm.listed()
        farm.configure(pools={PLAIN: farm.pool(capacity="spot", eventQueue=self.url + "-none")})
        ended = farm.pass_that_hears()
        self.assertRegex(ended.err, "eventQueue http://.*-none: ReceiveMessage in eu-west-1: .*; correct eventQueue, or make")
        self.assertEqual(farm.listed(), before)


class Leaks(Ec2Test):
    def leak(self, farm, **tags):
        names = {"hydra-provisioner": "t", "hydra-provisioner:pool": PLAIN, OWNER: farm.owner()} | tags
        tagging = {"TagSpecification.1.ResourceType": "instance"}
        for number, (name, value) in enumerate(names.items(), 1):
            tagging |= {f"TagSpecification.1.Tag.{number}.Key": name, f"TagSpecification.1.Tag.{number}.Value": value}
        farm.ask_moto("RunInstances", ImageId="ami-12c6146b", InstanceType="c5.large", MinCount=1, MaxCount=1, **tagging)

    def nothing_runs(self, farm):
        """On any machine, even one that was listed before we can remember."""
        farm.queue()
        farm.status.document["machines"] = None

    def test_are_adopted_and_go_if_they_are_of_no_use(self):
        farm = self.farm()
        self.leak(farm)
        self.leak(farm, **{"hydra-provisioner": "other"})
        farm.configure(pools={PLAIN: farm.pool(more={"bootTimeout": 3})}, passTimeout=1)
        self.nothing_runs(farm)
        farm.run_pass()
        self.assertEqual(farm.states(), {"t-0": "creating"})
        while farm.machines():
            farm.run_pass()
        self.assertEqual(len(farm.alive()), 1)

    def test_are_left_alone_for_a_while_and_then_destroyed(self):
        farm = self.farm(boots=False, pool={"leakGrace": 3600})
        self.leak(farm)
        self.nothing_runs(farm)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.machines(), {})
        self.assertEqual(len(farm.alive()), 1)
        farm.configure(pools={PLAIN: farm.pool(leakGrace=0)})
        self.nothing_runs(farm)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.listed(), [])
        farm.passes_until(lambda: not farm.machines(), "the leaked machine is gone")
        self.assertEqual(farm.alive(), [])

    def test_of_volumes_are_deleted_with_their_machine(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        tags = {"hydra-provisioner": "t", "hydra-provisioner:machine": "t-0", OWNER: farm.owner()}
        tagging = {"TagSpecification.1.ResourceType": "volume"}
        for number, (name, value) in enumerate(tags.items(), 1):
            tagging |= {f"TagSpecification.1.Tag.{number}.Key": name, f"TagSpecification.1.Tag.{number}.Value": value}
        farm.ask_moto("CreateVolume", Size=1, AvailabilityZone=f"{REGION}a", **tagging)
        farm.queue()
        farm.passes_until(lambda: not farm.machines(), "the machine is gone")
        self.assertNotIn(b"<volumeId>", farm.ask_moto("DescribeVolumes"))

    def test_do_not_come_from_a_lost_state_directory(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        (instance,) = farm.alive()
        for path in farm.state.glob("t.sqlite*"):
            path.unlink()
        farm.passes_until(lambda: "ready" in farm.states().values(), "the machine is known again")
        self.assertEqual(farm.alive(), [instance])


def listens(port):
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


class BadInput(Ec2Test):
    """One machine is ready; then something is wrong, and it stays."""

    @classmethod
    def setUpClass(cls):
        cls.it = Ec2Farm()
        cls.addClassCleanup(cls.it.end)
        cls.it.begin_cloud()
        cls.it.queue(runnable=1)
        cls.it.run_pass()
        cls.listed = cls.it.listed()

    def setUp(self):
        super().setUp()
        self.it.set_faults()
        self.it.queue(runnable=1)
        self.assertEnded(self.it.run_pass(), 0)
        self.assertEqual(len(self.listed), 1)

    def refused(self, message, **environment):
        ended = self.it.run_pass(**environment)
        self.assertEnded(ended, 1)
        self.assertRegex(ended.err, f"(?m)^error: {re.escape(PLAIN)}: {message}")
        self.assertEqual(len(ended.err.splitlines()), 1, ended.err)
        self.assertLess(len(ended.err), 600)
        self.assertEqual(self.it.listed(), self.listed)
        self.it.set_faults()
        self.assertEnded(self.it.run_pass(), 0)
        self.assertEqual(self.it.states(), {"t-0": "ready"})

    def answer(self, **what):
        self.it.set_faults(LISTING | {"before": what})

    def test_wrong_credentials(self):
        self.refused("DescribeInstances in eu-west-1: AuthFailure: .*; check the credentials", AWS_ACCESS_KEY_ID="AKIAX")

    def test_a_wrong_secret(self):
        self.refused(".*SignatureDoesNotMatch: .*; check the credentials, and this host's clock", AWS_SECRET_ACCESS_KEY="x")

    def test_an_expired_token(self):
        self.refused(".*ExpiredToken: .*; check the credentials: they are wrong or have expired", AWS_SESSION_TOKEN="old")

    def test_no_credentials(self):
        self.refused(".*no AWS credentials; set AWS_ACCESS_KEY_ID", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")

    def test_a_clock_that_is_wrong(self):
        self.answer(code="RequestExpired", message="Request has expired.")
        self.refused(".*RequestExpired: .*; check the credentials, and this host's clock")

    def test_a_page_of_html(self):
        self.answer(text="<html>\n<body>Welcome</body></html>")
        self.refused('DescribeInstances in eu-west-1: its answer is a \"html\", not a \"DescribeInstancesResponse\"')

    def test_a_page_of_html_that_says_no(self):
        self.answer(text="<html>Forbidden</html>", status=403)
        self.refused(r".*: the answer, with status 403, is not EC2's XML: \"<html>Forbidden</html>\"; check region and endpoint")

    def test_an_answer_that_is_cut_off(self):
        self.it.set_faults(LISTING | {"after": {"cut": 500}})
        self.refused("DescribeInstances in eu-west-1: its answer is not a complete XML document: .* after .* of 500 bytes")

    def test_an_answer_of_100_megabytes(self):
        self.answer(megabytes=100)
        self.refused("DescribeInstances in eu-west-1: http://.*: answers with more than 32 MiB")

    def test_no_answer_at_all(self):
        self.answer(drop=True)
        self.refused("DescribeInstances in eu-west-1: http://.*: ")

    def test_a_certificate_that_is_not_trusted(self):
        key, certificate = self.it.folder / "tls-key", self.it.folder / "certificate"
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
        subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        port = free_port()
        # With -www it does not end with its standard input.
        serve = ["openssl", "s_server", "-www", "-accept", port, "-key", key, "-cert", certificate]
        self.it.spawn(serve, self.it.folder / "tls")
        url = f"https://127.0.0.1:{port}"
        wait_for(lambda: listens(port), "the server listens")
        self.it.configure(pools={PLAIN: self.it.pool(endpoint=url)})
        ended = self.it.run_pass()
        self.it.configure(pools={PLAIN: self.it.pool()})
        self.assertEnded(ended, 1, f"DescribeInstances in eu-west-1: {url}/: SSL certificate problem: self")
        self.assertEqual(self.it.listed(), self.listed)

    def test_what_is_wrong_with_a_request(self):
        codes = ("InvalidAMIID.NotFound", "InvalidSubnetID.NotFound", "InvalidParameterValue", "UnauthorizedOperation")
        for code in codes:
            self.it.set_faults({"action": "RunInstances", "before": {"code": code, "message": "wrong"}})
            self.it.queue(runnable=10)
            self.it.journal("delete from creations")
            ended = self.it.run_pass()
            self.assertEnded(ended, 1, f': create failed: RunInstances in eu-west-1: {code}: "wrong"; ')
            self.it.passes_until(lambda: len(self.it.machines()) == 1, "what failed is gone")
        self.assertEqual(self.it.listed(), self.listed)
        self.assertEqual(len(self.it.alive()), 1)
