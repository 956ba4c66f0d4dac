"""A farm whose machines come from EC2, as moto and tests/ec2 know it. Each machine is an sshd that can be logged in to."""

import functools
import json
import os
import re
import socket
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request
from xml.etree import ElementTree

from support.daemon_farm import DaemonFarm
from support.farm import PLAIN, ROOT, Farm
from support.farm_test import FarmTest
from support.waiting import wait_for

CLOUD = ROOT / "tests/ec2"
MOTO = ROOT / "build/moto/bin/python"
sys.path.insert(0, str(CLOUD))
from faults import write_faults  # noqa: E402

ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = "AKIATESTTESTTESTTEST", "test/secret+test/secret+test/secret+test", "test/token=="
REGION = "eu-west-1"
IMAGE = "ami-12c6146b"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@functools.cache
def moto():
    """The port of a moto for all farms of this program, one after the other: moto takes more than a second to begin."""
    port = free_port()
    # Without garbage collection, which takes almost half of its time: it has many objects, all of which it keeps.
    command = [MOTO, "-c", "import gc; gc.disable(); from moto.server import main; main()", "-p", str(port)]
    environment = os.environ | {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}  # thousands, where any image will do
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env=environment, **streams)
    unittest.addModuleCleanup(server.wait)
    unittest.addModuleCleanup(server.terminate)
    wait_for(lambda: answers(f"http://127.0.0.1:{port}/moto-api/"), "moto answers")
    return port


class Ec2Mixin:
    """Adds the cloud to a kind of farm."""

    region = REGION  # that the test looks at

    def begin_cloud(self, boots=True):
        if not MOTO.exists():
            raise AssertionError("build/moto is missing; run scripts/moto-environment")
        self.cloud = self.folder / "cloud"
        self.cloud.mkdir()
        if not boots:
            (self.cloud / "no-boots").touch()
        self.environment |= {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(self.folder),
        }
        self.key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True)
        (self.cloud / "authorized_keys").write_text(self.key.with_suffix(".pub").read_text())
        self.moto_port, self.port = moto(), free_port()
        self.forget_everything()
        self.spawn([MOTO, "-B", CLOUD / "cloud.py", self.cloud, self.port, self.moto_port], self.folder / "cloud.log")
        wait_for(lambda: answers(f"http://127.0.0.1:{self.port}/"), "the cloud answers", self.cloud_log)
        self.configure(pools={PLAIN: self.pool()})

    def forget_everything(self):
        """As EC2 forgets instances some time after their end; moto shows them for ever, and takes its time for that."""
        urllib.request.urlopen(f"http://127.0.0.1:{self.moto_port}/moto-api/reset", data=b"", timeout=30).close()

    def cloud_log(self):
        return (self.folder / "cloud.log").read_text()

    def ec2(self, **settings):
        standard = {"region": REGION, "endpoint": f"http://127.0.0.1:{self.port}", "image": IMAGE}
        return standard | {"instanceTypes": ["c5.large"]} | settings

    def pool(self, maxMachines=2, billingPeriod=0, more=None, **ec2):  # noqa: N803  the option's name
        settings = {"maxMachines": maxMachines, "billingPeriod": billingPeriod, "runnablesPerMachine": 5}
        return {"ec2": {k: v for k, v in self.ec2(**ec2).items() if v is not None}} | settings | (more or {})

    def set_faults(self, *faults):
        write_faults(self.cloud, list(faults))

    def calls(self, action=None):
        """The parameters of all requests so far, or those of one action."""
        path = self.cloud / "calls.jsonl"
        all_calls = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [call for call in all_calls if action in (None, call["Action"])]

    def forget_calls(self):
        (self.cloud / "calls.jsonl").unlink(missing_ok=True)

    def ask_moto(self, action, **parameters):
        """Past everything that could go wrong."""
        body = urllib.parse.urlencode({"Action": action, "Version": "2016-11-15"} | parameters).encode()
        scope = f"Credential=x/20260101/{self.region}/ec2/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=x"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.moto_port}/", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return re.sub(rb' xmlns="[^"]*"', b"", reply.read())

    def ask_queues(self, path, action, **parameters):
        body = urllib.parse.urlencode({"Action": action, "Version": "2012-11-05"} | parameters).encode()
        scope = f"Credential=x/20260101/{self.region}/sqs/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=x"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.moto_port}{path}", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return ElementTree.fromstring(re.sub(rb' xmlns="[^"]*"', b"", reply.read()))

    def make_event_queue(self):
        """Its URL."""
        self.ask_queues("/", "CreateQueue", QueueName="events")
        return f"http://127.0.0.1:{self.moto_port}/123456789012/events"

    def send(self, queue, message):
        self.ask_queues(urllib.parse.urlparse(queue).path, "SendMessage", MessageBody=message)

    def announce(self, queue, what, instance, seconds_ago=0):
        """As EventBridge does."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds_ago))
        event = {"source": "aws.ec2", "detail-type": what, "time": at, "region": self.region}
        self.send(queue, json.dumps(event | {"detail": {"instance-id": instance, "instance-action": "terminate"}}))

    def messages(self, queue):
        """How many there are, also those that were received and not removed."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        wanted = {f"AttributeName.{number}": name for number, name in enumerate(names, 1)}
        answer = self.ask_queues(urllib.parse.urlparse(queue).path, "GetQueueAttributes", **wanted)
        return sum(int(value.text) for value in answer.iter("Value"))

    def pass_that_hears(self):
        """A pass that gets the queue's answer, which takes a busy host some time."""

        def heard():
            ended = self.run_pass()
            return None if "has not answered yet" in ended.err else ended

        return wait_for(heard, "the queue answers a pass")

    def subnets(self, *zones):
        """The ids of moto's own subnets in these zones."""
        subnets = ElementTree.fromstring(self.ask_moto("DescribeSubnets")).iter("item")
        by_zone = {each.findtext("availabilityZone"): each.findtext("subnetId") for each in subnets}
        return [by_zone[zone] for zone in zones]

    def instances(self):
        """As moto has them, by id: XML elements."""
        items = ElementTree.fromstring(self.ask_moto("DescribeInstances", MaxResults=1000)).iter("item")
        return {item.find("instanceId").text: item for item in items if item.find("instanceState") is not None}

    def alive(self):
        """The ids of those that have not ended."""
        states = {id: item.find("instanceState/name").text for id, item in self.instances().items()}
        return [id for id, state in states.items() if state not in ("terminated", "shutting-down")]

    def tags(self, instance):
        pairs = self.instances()[instance].findall("tagSet/item")
        return {pair.find("key").text: pair.find("value").text for pair in pairs}

    def owner(self):
        """The id of this installation, as its first pass makes it."""
        file = self.state / "owner"
        if not file.exists():
            self.state.mkdir(mode=0o700, exist_ok=True)
            file.write_text("this-installation\n")
        return file.read_text().strip()

    def notes(self):
        """The machines that the provider has noted."""
        return sorted(path.name for path in self.state.glob(f"ec2/{self.options['tag']}-*") if path.is_dir())

    def machines_left(self):
        """As `machines`, though no system type may be configured."""
        return json.loads(self.run("status", self.conf, "--json", "--allow-empty").out)["machines"]

    def end(self):
        """The instances are moto's, which forgets them, as do local machines with the network."""
        try:
            self.end_children()
        finally:
            self.remove_whatever_is_left()


class Ec2Farm(Ec2Mixin, Farm):
    pass


class Ec2DaemonFarm(Ec2Mixin, DaemonFarm):
    pass


class Ec2Test(FarmTest):
    kind = Ec2Farm

    def farm(self, boots=True, pool=None, **options):
        farm = self.kind(**options)
        self.addCleanup(farm.end)
        farm.begin_cloud(boots)
        farm.configure(pools={PLAIN: farm.pool(**(pool or {}))})
        return farm
