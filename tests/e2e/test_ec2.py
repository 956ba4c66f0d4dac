"""Machines of EC2 through the whole program: made, published, used, stopped, started, replaced, ended."""

import base64
import json
import re
import time

from support.ec2_farm import REGION, SECRET_KEY, Ec2Test
from support.farm import PLAIN
from support.waiting import wait_for

SPOT = "InstanceMarketOptions.MarketType"
PRICES = {"action": "DescribeSpotPriceHistory"}


def price_history(*prices):
    """EC2's answer: instance type, price, age in seconds, and perhaps the zone."""
    items = ""
    for instance_type, price, age, *zone in prices:
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - age))
        items += f"<item><instanceType>{instance_type}</instanceType><spotPrice>{price}</spotPrice>"
        items += f"<timestamp>{at}</timestamp><availabilityZone>{(zone or ['eu-west-1a'])[0]}</availabilityZone></item>"
    history = f"<spotPriceHistorySet>{items}</spotPriceHistorySet>"
    return f"<DescribeSpotPriceHistoryResponse>{history}</DescribeSpotPriceHistoryResponse>"


class LifeCycle(Ec2Test):
    def test_of_a_machine(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        (instance,) = farm.alive()
        (machine,) = farm.machines().values()
        self.assertEqual(machine["instance"], f"{REGION}/{instance}")
        self.assertEqual(farm.listed(), [machine["address"]])
        host_key = base64.b64encode(farm.tags(instance)["hydra-provisioner:host-key"].encode()).decode()
        line = f"root@{machine['address']} i686-linux,x86_64-linux - 1 1 - - {host_key}\n"
        self.assertIn(line, farm.machines_file.read_text())
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.calls("RunInstances")), 1)
        farm.queue()
        farm.passes_until(lambda: not farm.machines(), "the machine is gone")
        self.assertEqual(farm.alive(), [])
        self.assertEqual(farm.notes(), [])

    def test_of_machines_that_are_asked_for_as_they_should_be(self):
        farm = self.farm(boots=False)
        made = farm.ask_moto("CreateSecurityGroup", GroupName="g", GroupDescription="g")
        group = re.search(rb"<groupId>(.*?)</groupId>", made)[1].decode()
        special = {"securityGroups": [group], "tags": {"team": "ci"}, "rootVolume": 100, "capacity": "spot"}
        farm.configure(pools={PLAIN: farm.pool(**special)}, passTimeout=1)
        farm.queue(runnable=1)
        farm.run_pass()
        wait_for(farm.alive, "the job has asked for an instance")
        (call,) = farm.calls("RunInstances")
        expected = {
            "InstanceInitiatedShutdownBehavior": "terminate",
            "MetadataOptions.HttpTokens": "required",
            SPOT: "spot",
            "InstanceMarketOptions.SpotOptions.SpotInstanceType": "one-time",
            "SecurityGroupId.1": group,
            "BlockDeviceMapping.1.Ebs.VolumeSize": "100",
        }
        self.assertEqual(expected, {name: call[name] for name in expected})
        resources = [call[f"TagSpecification.{n}.ResourceType"] for n in (1, 2, 3)]
        self.assertEqual(resources, ["instance", "volume", "spot-instances-request"])
        tags = farm.tags(farm.alive()[0])
        self.assertEqual(tags["hydra-provisioner"], "t")
        self.assertEqual(tags["hydra-provisioner:machine"], "t-0")
        self.assertEqual(tags["hydra-provisioner:pool"], PLAIN)
        self.assertEqual(tags["team"], "ci")

    def test_with_a_user_and_a_probe_key(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: farm.pool(probeKey=farm.key, userData="{ } # a | b")})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        farm.configure(pools={PLAIN: farm.pool(probeKey=farm.key, sshUser="nobody", userData="{ } # a | b")})
        self.assertEnded(farm.run_pass(), 0)
        self.assertIn("nobody@127.84.", farm.machines_file.read_text())

    def test_that_needs_its_probe_key(self):
        farm = self.farm()
        (farm.cloud / "authorized_keys").write_text("")
        farm.configure(pools={PLAIN: farm.pool(probeKey=farm.key)}, passTimeout=5)
        farm.queue(runnable=1)
        ended = farm.run_pass()
        self.assertRegex(ended.err, "t-0: not ready yet: ssh -i .* exited with 255: .*Permission denied")
        self.assertEqual(farm.listed(), [])

    def test_with_stops_and_starts(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: farm.pool(more={"stopOnIdle": True})})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        (instance,) = farm.alive()
        farm.queue()
        farm.passes_until(lambda: farm.states() == {"t-0": "stopped"}, "the machine is stopped")
        self.assertEqual(farm.listed(), [])
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: start", "t-0: ready after")
        self.assertEqual(farm.alive(), [instance])
        self.assertEqual(len(farm.listed()), 1)

    def test_of_spot_machines_that_cannot_be_stopped(self):
        farm = self.farm(pool={"capacity": "spot"})
        farm.configure(pools={PLAIN: farm.pool(capacity="spot", more={"stopOnIdle": True})})
        refusal = {"code": "UnsupportedOperation", "message": "one-time spot instances cannot be stopped"}
        farm.set_faults({"action": "StopInstances", "before": refusal})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        farm.queue()
        said = ""
        while farm.machines():
            said += farm.run_pass().err
        self.assertIn("one-time spot instances cannot be stopped", said)
        self.assertEqual(farm.alive(), [])

    def test_of_machines_that_are_replaced_when_their_image_is_another(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        farm.configure(pools={PLAIN: farm.pool(image="ami-2")})
        farm.passes_until(lambda: list(farm.states()) == ["t-1"], "the new machine is alone")
        self.assertEqual([call["ImageId"] for call in farm.calls("RunInstances")][1:], ["ami-2"])
        self.assertEqual(len(farm.alive()), 1)

    def test_of_a_pool_whose_region_is_another(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        farm.configure(pools={PLAIN: farm.pool(region="us-east-1", maxMachines=3)})
        farm.passes_until(lambda: list(farm.states()) == ["t-1"], "only the machine in the other region is left")
        self.assertEqual(farm.alive(), [])  # in the first region

    def test_of_a_pool_that_is_no_longer_configured(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        farm.configure(pools={})
        while farm.machines_left():
            self.assertEnded(farm.run_pass("--allow-empty"), 0)
        self.assertEqual(farm.alive(), [])


class Check(Ec2Test):
    def test_hints_at_what_aws_charges(self):
        farm = self.farm(boots=False)
        farm.configure(pools={PLAIN: farm.pool(billingPeriod=3600)})
        self.assertEnded(farm.run("check", farm.conf), 0, "AWS bills Linux by the second since 2017: 60 saves money")
        farm.configure(pools={PLAIN: farm.pool(billingPeriod=60)})
        self.assertEqual(farm.run("check", farm.conf).err, "")


class Fleets(Ec2Test):
    """Machines from a launch template, by CreateFleet."""

    def fleet(self, **settings):
        farm = self.farm()
        data = {"LaunchTemplateData.ImageId": "ami-12c6146b", "LaunchTemplateData.InstanceType": "t3.nano"}
        farm.ask_moto("CreateLaunchTemplate", LaunchTemplateName="builder", **data)
        standard = {"image": None, "launchTemplate": "builder", "instanceTypes": ["c5.large", "c6i.large"]}
        farm.configure(pools={PLAIN: farm.pool(**standard | settings)})
        farm.queue(runnable=1)
        return farm

    def test_choose_among_all_offerings(self):
        farm = self.fleet()
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        (call,) = farm.calls("CreateFleet")
        types = [call[f"LaunchTemplateConfigs.1.Overrides.{n}.InstanceType"] for n in (1, 2)]
        self.assertEqual(types, ["c5.large", "c6i.large"])
        self.assertEqual(farm.calls("RunInstances"), [])
        farm.queue()
        farm.passes_until(lambda: not farm.machines(), "the machine is gone")
        self.assertEqual(farm.alive(), [])

    def test_that_get_nothing_name_what_was_refused(self):
        overrides = "<overrides><instanceType>{}</instanceType></overrides>"
        item = "<item><launchTemplateAndOverrides>{}</launchTemplateAndOverrides><errorCode>{}</errorCode></item>"
        errors = "".join(
            item.format(overrides.format(name), "InsufficientInstanceCapacity") for name in ("c5.large", "c6i.large")
        )
        nothing = f"<CreateFleetResponse><errorSet>{errors}</errorSet></CreateFleetResponse>"
        farm = self.fleet(capacity="spot-first")
        spot = {"TargetCapacitySpecification.DefaultTargetCapacityType": "spot"}
        farm.set_faults({"action": "CreateFleet", "with": spot, "before": {"text": nothing}})
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        self.assertEqual(len(farm.calls("CreateFleet")), 2)
        refused = json.loads((farm.state / "ec2/t.json").read_text())["refusedUntil"]
        self.assertEqual(sorted(refused), [f"{REGION} c5.large spot", f"{REGION} c6i.large spot"])


class Prices(Ec2Test):
    """With `choose = "cheapest"`."""

    def cheapest(self, *prices, **settings):
        """A farm whose cloud has these spot prices: instance type, price, age in seconds."""
        farm = self.farm(boots=False)
        types = {"instanceTypes": ["c5.large", "c6i.large", "m5.large"]}
        farm.configure(
            pools={PLAIN: farm.pool(capacity="spot", choose="cheapest", **types | settings)}, passTimeout=1
        )
        farm.set_faults(PRICES | {"before": {"text": price_history(*prices)}})
        farm.queue(runnable=1)
        return farm

    def asked_for(self, farm):
        wait_for(farm.alive, "the job has asked for an instance")
        return [call["InstanceType"] for call in farm.calls("RunInstances")]

    def test_decide_which_instance_type_is_tried_first(self):
        farm = self.cheapest(("c5.large", "0.09", 60), ("c6i.large", "0.08", 60), ("m5.large", "0.07", 86400 * 30))
        self.assertEqual(farm.run_pass().err.count("spot prices"), 0)
        self.assertEqual(self.asked_for(farm), ["m5.large"])
        for _ in range(3):
            farm.run_pass()
        (call,) = farm.calls("DescribeSpotPriceHistory")
        self.assertEqual([call[f"InstanceType.{n}"] for n in (1, 2, 3)], ["c5.large", "c6i.large", "m5.large"])
        more = ["c5.large", "c5.xlarge"]
        farm.configure(pools={PLAIN: farm.pool(capacity="spot", choose="cheapest", instanceTypes=more)})
        self.assertIn("EC2 says none in eu-west-1 of c5.xlarge", farm.run_pass().err)
        self.assertEqual(len(farm.calls("DescribeSpotPriceHistory")), 2)
        self.assertEqual(call["ProductDescription.1"], "Linux/UNIX")

    def test_leave_what_is_refused_alone(self):
        farm = self.cheapest(("c5.large", "0.09", 60), ("c6i.large", "0.07", 60), ("m5.large", "0.08", 60))
        lacking = {"code": "InsufficientInstanceCapacity", "message": "none left"}
        refusal = {"action": "RunInstances", "with": {"InstanceType": "c6i.large"}, "before": lacking}
        prices = price_history(("c5.large", "0.09", 60), ("c6i.large", "0.07", 60), ("m5.large", "0.08", 60))
        farm.set_faults(refusal, PRICES | {"before": {"text": prices}})
        farm.run_pass()
        self.assertEqual(self.asked_for(farm), ["c6i.large", "m5.large"])

    def test_that_are_missing_or_from_the_future_leave_the_order(self):
        farm = self.cheapest(("c6i.large", "0.01", -86400), ("m5.large", "free", 60))
        missing = "spot prices: EC2 says none in eu-west-1 of c5.large, c6i.large and m5.large"
        self.assertIn(f"warning: {missing}", farm.run_pass().err)
        self.assertEqual(self.asked_for(farm), ["c5.large"])

    def test_that_may_not_be_asked_for_leave_the_order(self):
        farm = self.cheapest()
        refusal = {"code": "UnauthorizedOperation", "message": "You are not authorized", "status": 403}
        farm.set_faults(PRICES | {"before": refusal})
        ended = farm.run_pass()
        self.assertRegex(ended.err, "warning: spot prices: .*give these credentials the permission ec2:DescribeSpotPrice")
        self.assertEqual(self.asked_for(farm), ["c5.large"])
        farm.run_pass()
        self.assertEqual(len(farm.calls("DescribeSpotPriceHistory")), 1)

    def test_that_do_not_come_are_not_awaited(self):
        farm = self.cheapest()
        farm.set_faults(PRICES | {"before": {"seconds": 600}})
        farm.run_pass()
        self.assertEqual(self.asked_for(farm), ["c5.large"])

    def test_are_those_of_the_subnets_zones(self):
        farm = self.farm(boots=False)
        subnets = farm.subnets("eu-west-1a", "eu-west-1b")
        farm.configure(pools={PLAIN: farm.pool(capacity="spot", choose="cheapest", subnets=subnets)}, passTimeout=1)
        text = price_history(("c5.large", "0.09", 60, "eu-west-1a"), ("c5.large", "0.08", 60, "eu-west-1b"))
        farm.set_faults(PRICES | {"before": {"text": text}})
        farm.queue(runnable=1)
        farm.run_pass()
        wait_for(farm.alive, "the job has asked for an instance")
        (call,) = farm.calls("RunInstances")
        self.assertEqual(call["NetworkInterface.1.SubnetId"], subnets[1])


LACKING = {"code": "InsufficientInstanceCapacity", "message": "none left"}


class Sizes(Ec2Test):
    """With `maxJobs = "auto"`."""

    def sized(self, boots=False, types=("c5.2xlarge", "c5.large")):
        farm = self.farm(boots=boots)
        more = {"maxJobs": "auto", "scaling": "work"}
        farm.configure(pools={PLAIN: farm.pool(maxMachines=20, instanceTypes=list(types), more=more)}, passTimeout=1)
        return farm

    def test_are_those_of_each_machine(self):
        farm = self.sized(boots=True)
        farm.configure(passTimeout=30)
        farm.queue(runnable=8)
        self.assertEnded(farm.run_pass("-v"), 0, "8 steps at a time on a new machine", "t-0: ready after")
        self.assertRegex(farm.machines_file.read_text(), r"root@\S+ i686-linux,x86_64-linux - 8 1000 ")
        self.assertEqual(farm.journal("select max_jobs from machines"), [(8,)])
        farm.run_pass()
        (call,) = farm.calls("DescribeInstanceTypes")
        self.assertEqual([call[f"Filter.1.Value.{n}"] for n in (1, 2)], ["c5.2xlarge", "c5.large"])

    def test_that_are_smaller_than_expected_are_made_up_for(self):
        farm = self.sized()
        farm.set_faults({"action": "RunInstances", "with": {"InstanceType": "c5.2xlarge"}, "before": LACKING})
        farm.queue(runnable=10)
        farm.run_pass()  # expects two of 8
        wait_for(lambda: len(farm.alive()) == 2, "both got 2")
        farm.run_pass()
        wait_for(lambda: len(farm.alive()) == 5, "for the other 6 steps there are three more")
        farm.run_pass()
        self.assertEqual(len(farm.alive()), 5)

    def test_that_may_not_be_asked_for_keep_machines_from_being_made(self):
        farm = self.sized()
        refusal = {"code": "UnauthorizedOperation", "message": "You are not authorized", "status": 403}
        farm.set_faults({"action": "DescribeInstanceTypes", "before": refusal})
        farm.queue(runnable=1)
        ended = farm.run_pass()
        self.assertRegex(ended.err, "how many processors a c5.2xlarge has is not known: .* permission ec2:DescribeInstanceT")
        self.assertEqual(farm.machines(), {})
        farm.set_faults()
        farm.run_pass()
        wait_for(farm.alive, "the job has asked for an instance")

    def test_of_unknown_types_are_said_to_be_so(self):
        farm = self.sized(types=["c5.huge"])
        farm.queue(runnable=1)
        self.assertIn('ec2.instanceTypes: EC2 knows no "c5.huge" there; correct it', farm.run_pass().err)
        self.assertEqual(farm.machines(), {})

    def test_are_simulated_as_the_last_pass_saw_them(self):
        farm = self.sized()
        trace = farm.folder / "trace.csv"
        trace.write_text("ready_at,duration_s,system\n0,60,x86_64-linux\n")
        ended = farm.run("simulate", farm.conf, "--trace", trace)
        self.assertEqual(ended.status, 1)
        self.assertIn('what maxJobs = "auto" means is only known after a pass; simulate a copy', ended.err)
        farm.queue()
        self.assertEnded(farm.run_pass(), 0)
        self.assertEnded(farm.run("simulate", farm.conf, "--trace", trace), 0)


class Regions(Ec2Test):
    OTHER = "us-east-1"

    def spread(self, other=None, boots=False, **more):
        farm = self.farm(boots=boots)
        self.configure(farm, other, **more)
        return farm

    def configure(self, farm, other=None, **more):
        here = {"region": REGION, "image": "ami-12c6146b", "endpoint": f"http://127.0.0.1:{farm.port}"}
        there = here | {"region": self.OTHER, "image": "ami-2"} | (other or {})
        nothing = {"region": None, "image": None, "endpoint": None}
        farm.configure(pools={PLAIN: farm.pool(regions=[here, there], more=more, **nothing)}, passTimeout=20)

    def test_take_over_from_each_other(self):
        farm = self.spread(boots=True)
        farm.set_faults({"action": "RunInstances", "with": {"ImageId": "ami-12c6146b"}, "before": LACKING})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        (machine,) = farm.machines().values()
        self.assertTrue(machine["instance"].startswith(f"{self.OTHER}/"), machine)
        self.assertEqual(farm.alive(), [])
        farm.region = self.OTHER
        self.assertEqual(len(farm.alive()), 1)
        farm.queue()
        farm.passes_until(lambda: not farm.machines(), "the machine is gone")
        self.assertEqual(farm.alive(), [])

    def test_have_announcements_of_their_own(self):
        farm = self.spread(boots=True)
        farm.set_faults({"action": "RunInstances", "with": {"ImageId": "ami-12c6146b"}, "before": LACKING})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        farm.region = self.OTHER
        queue = farm.make_event_queue()
        self.configure(farm, {"eventQueue": queue})
        farm.announce(queue, "EC2 Spot Instance Interruption Warning", farm.alive()[0])
        before = farm.listed()
        self.assertEnded(farm.pass_that_hears(), 0, "EC2 takes it back two minutes after")
        self.assertFalse(set(before) & set(farm.listed()))

    def test_replace_only_machines_of_the_one_that_changed(self):
        farm = self.spread(boots=True, minMachines=1)
        farm.queue()
        self.assertEnded(farm.run_pass(), 0, "t-0: ready after")
        farm.set_faults({"action": "RunInstances", "with": {"ImageId": "ami-12c6146b"}, "before": LACKING})
        self.configure(farm, minMachines=2)
        self.assertEnded(farm.run_pass(), 0, "t-1: ready after")
        self.configure(farm, {"image": "ami-3"}, minMachines=2)
        farm.passes_until(lambda: set(farm.states()) == {"t-0", "t-2"}, "the one there is another")
        self.assertEqual([call["ImageId"] for call in farm.calls("RunInstances")][-1], "ami-3")
        self.assertEqual(len(farm.alive()), 1)

    def test_that_cannot_be_asked_keep_machines_from_being_made(self):
        farm = self.spread({"endpoint": "http://127.0.0.1:1"})
        farm.queue(runnable=1)
        self.assertIn("DescribeInstances in us-east-1", farm.run_pass().err)
        self.assertEqual(farm.calls("RunInstances"), [])


class Secrets(Ec2Test):
    def test_are_nowhere_but_in_requests_and_the_machines_own_folder(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass("-v"), 0)
        private = (farm.state / "ec2/t-0/host_key").read_text().splitlines()[1]
        for path in farm.state.rglob("*"):
            if not path.is_file():
                continue
            content = path.read_bytes().decode(errors="replace")
            self.assertNotIn(SECRET_KEY, content, path)
            if path.parent.name != "t-0":
                self.assertNotIn(private, content, path)
        self.assertEqual((farm.state / "ec2/t-0").stat().st_mode & 0o777, 0o700)
        for name in ("host_key", "request.json", "instance.json"):
            self.assertEqual((farm.state / "ec2/t-0" / name).stat().st_mode & 0o777, 0o600)
        told = [json.dumps(row) for row in farm.journal("select * from machines")]
        self.assertFalse([row for row in told if re.search("PRIVATE KEY", row)])
