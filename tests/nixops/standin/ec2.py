"""EC2 machines, and EC2 key pairs, which are resources of their own."""

import json
import os
import time

from standin.errors import AssertionFailed, Ec2Error, Failure
from standin.faults import hang
from standin.machines import FAKE_PRIVATE_KEY, STARTING, STOPPED, STOPPING, UP, Machine, Seen, public_key


class Ec2Machine(Machine):
    def kind(self):
        place = self.get("ec2.zone") or self.get("ec2.region")
        return f"ec2 [{place}; {self.get('ec2.instanceType')}]"

    def ssh_name(self):
        private = self.get("ec2.usePrivateIpAddress") == "1"
        address = self.get("privateIpv4" if private else "publicIpv4")
        if not address:
            which = "private" if private else "public"
            raise Failure(f"EC2 machine ‘{self.name}’ does not have a {which} IPv4 address (yet)")
        return address

    def instance(self):
        """The machine's instance; None: it does not exist, or not any more."""
        instance = self.call.cloud.instance(self.vm_id) if self.vm_id else None
        return instance if instance and instance["state"] not in ("terminated", "shutting-down") else None

    # Creation.

    def create(self, definition, check, allow_recreate):
        wanted = definition["ec2"]
        if self.vm_id and (check or self.state != UP):
            instance = self.instance()
            if not instance:
                self.recreate(wanted, allow_recreate)
            elif instance["state"] == "stopped":
                self.say("EC2 instance was stopped, restarting...")
                self.call.cloud.start(self.vm_id)
                self.set(sshPinged=None)
                self.wait_for_ip()
        if not self.vm_id:
            self.create_instance(definition, wanted)
        elif self.get("ec2.publicHostKey", "").endswith("NixOps auto-generated key"):
            self.wait_for_ip()
            if self.call.cloud.reach(self.ssh_name()) != "yes":
                hang(self.call.voice, self.name)
            self.set(state=UP, sshPinged="1")
            self.replace_temporary_host_key()

    def create_instance(self, definition, wanted):
        self.announce(wanted)
        self.set_common(definition)
        instance = self.run_instance(wanted)
        self.call.faults.point("after-run")
        self.record(instance, wanted)
        self.wait_for_ip()
        self.call.faults.point("after-ip")
        if self.call.cloud.reach(self.ssh_name()) != "yes":
            hang(self.call.voice, self.name)
        self.set(state=UP, sshPinged="1")
        self.call.faults.point("after-ssh")
        self.replace_temporary_host_key()

    def replace_temporary_host_key(self):
        self.say("replacing temporary host key...")
        comment = "root@ip-" + self.get("privateIpv4").replace(".", "-")
        self.set(**{"ec2.publicHostKey": public_key(comment), "ec2.privateHostKey": None})

    def announce(self, wanted):
        of = f"AMI ‘{wanted['ami']}’, type ‘{wanted['instanceType']}’, region ‘{wanted['region']}’"
        self.say(f"creating EC2 instance ({of})...")

    def run_instance(self, wanted):
        """The token is recorded first: with it, the instance can be found."""
        intent = {
            "ec2.clientToken": self.get("ec2.clientToken") or os.urandom(24).hex(),
            "ec2.region": wanted["region"],
            "ec2.accessKeyId": access_key(wanted),
            "ec2.publicHostKey": public_key("NixOps auto-generated key"),
            "ec2.privateHostKey": FAKE_PRIVATE_KEY,
            "ec2.usePrivateIpAddress": "1" if wanted["usePrivateIpAddress"] else None,
        }
        self.set(state=STARTING, **intent)
        self.call.faults.point("after-token")
        self.wait_for_capacity(wanted)
        spot = wanted["spotInstancePrice"]
        instance = self.call.cloud.run_instance(
            kind="ec2", token=intent["ec2.clientToken"], tags=self.tags(), spot=bool(spot), type=wanted["instanceType"]
        )
        if spot:
            self.wait_for_spot()
        return instance

    def wait_for_spot(self):
        request = "sir-00000001"
        self.set(**{"ec2.spotInstanceRequestId": request})
        self.start_line(f"waiting for spot instance request ‘{request}’ to be fulfilled... ")
        self.call.voice.more("[fulfilled] ")
        self.start_line(f"cancelling spot instance request ‘{request}’... ")
        self.call.voice.more("[fulfilled] ")
        self.set(**{"ec2.spotInstanceRequestId": None})

    def wait_for_capacity(self, wanted):
        """1.7 gives up after seven tries; 2.x goes on for ever."""
        fault = self.call.faults.find("capacity")
        if not fault:
            return
        code = fault.get("code", "InsufficientInstanceCapacity")
        message = fault.get("message", f"We currently do not have sufficient {wanted['instanceType']} capacity.")
        attempt = 0
        while attempt < fault.get("tries", attempt + 1):
            attempt += 1
            if self.call.version.old and attempt == 7:
                raise Ec2Error("500 Internal Server Error", code, message)
            error = {"Code": code, "Message": message}
            said = f"‘{code}’" if self.call.version.old else f"'{error}'"
            self.start_line("got (possibly transient)")
            for piece in (" EC2 ", "error ", said, ", retrying..."):
                self.call.voice.more(piece)
            if not self.call.version.old:
                time.sleep(min(0.01 * 2**attempt, 5))

    def record(self, instance, wanted):
        self.set(
            vmId=instance["id"],
            **{
                "ec2.clientToken": None,
                "ec2.ami": wanted["ami"],
                "ec2.associatePublicIpAddress": "1" if wanted["associatePublicIpAddress"] else None,
                "ec2.ebsOptimized": "0",
                "ec2.firstBoot": "0",
                "ec2.instanceProfile": "",
                "ec2.instanceType": wanted["instanceType"],
                "ec2.keyPair": wanted["keyPair"],
                "ec2.placementGroup": '""',
                "ec2.privateKeyFile": wanted["privateKey"] or None,
                "ec2.rootDeviceType": "ebs",
                "ec2.securityGroups": json.dumps(wanted["securityGroups"]),
                "ec2.spotInstancePrice": str(wanted["spotInstancePrice"]) if wanted["spotInstancePrice"] else None,
                "ec2.tags": json.dumps(self.tags()),
                "ec2.tenancy": "default",
                "ec2.virtualizationType": "hvm",
                "ec2.zone": wanted["zone"] or f"{wanted['region']}a",
            },
        )

    def tags(self):
        return {
            "Name": f"{self.deployment.description} [{self.name}]",
            "Owners": "",
            "CharonNetworkUUID": self.deployment.uuid,
            "CharonMachineName": self.name,
            "CharonStateFile": f"root@host:{self.call.state.path}",
            "CharonNetworkName": self.deployment.title,
        }

    def wait_for_ip(self):
        instance = self.instance()
        self.start_line("waiting for IP address... ")
        self.call.voice.end(f"[running] {instance['ip']} / {instance['private_ip']}")
        self.call.voice.end()
        self.see_addresses(instance)

    def see_addresses(self, instance):
        addresses = {"publicIpv4": instance["ip"], "privateIpv4": instance["private_ip"]}
        disks = {"/dev/xvda": {"volumeId": "vol-0a1b2c3d4e5f60718", "partOfImage": True}}
        self.set(
            **addresses,
            **{"ec2.blockDeviceMapping": json.dumps(disks)},
            publicDnsName=self.get("publicDnsName", ""),
            startTime=instance["launched"],
        )

    def recreate(self, wanted, allowed):
        """Runs a new instance and records its ID nowhere, as the real NixOps does."""
        if not allowed:
            raise Failure(f"EC2 instance ‘{self.name}’ went away; use ‘--allow-recreate’ to create a new one")
        former = self.vm_id
        self.say("EC2 instance went away (state ‘terminated’), will recreate")
        self.set(vmId=None, publicIpv4=None, privateIpv4=None, state=None)
        self.announce(wanted)
        instance = self.run_instance(wanted)
        if wanted["spotInstancePrice"]:
            raise Failure(f"spot instance request got fulfilled unexpectedly as instance ‘{instance['id']}’")
        self.set(vmId=former, **{"ec2.clientToken": None})
        self.start_line("waiting for IP address... ")
        self.call.voice.more("[terminated] ")
        raise Failure(f"EC2 instance ‘{former}’ failed to start (state is ‘terminated’)")

    # Afterwards.

    def check(self):
        if not self.vm_id:
            return Seen(exists=False)
        instance = self.instance()
        if not instance:  # the addresses and the host key stay
            self.set(vmId=None, state=None)
            return Seen()
        if instance["state"] != "running":
            states = {"pending": STARTING, "stopping": STOPPING, "stopped": STOPPED}
            self.set(state=states[instance["state"]])
            return Seen(exists=True, up=False)
        known = (self.get("publicIpv4"), self.get("privateIpv4"))
        if known != (instance["ip"], instance["private_ip"]) and all(known):
            self.say("warning: IP address has changed, you may need to run ‘nixops deploy’")
        self.see_addresses(instance)
        return self.look_inside(Seen(exists=True, up=True, disks=True))

    def stop(self):
        if not self.call.confirm(f"are you sure you want to stop machine '{self.name}'"):
            return
        self.need_instance()
        self.start_line("stopping EC2 machine... ")
        if self.call.faults.find("refuses-to-stop"):
            about = f"You can't stop the Spot Instance '{self.vm_id}' because it is associated with a one-time request."
            raise Ec2Error("400 Bad Request", "UnsupportedOperation", about)
        self.call.cloud.change(self.vm_id, state="stopped")  # EC2 goes on by itself
        self.set(state=STOPPING)
        self.call.faults.point("mid")
        self.call.voice.more("[stopped] ")
        self.set(state=STOPPED)

    def start(self):
        self.need_instance()
        self.say("starting EC2 machine...")
        self.call.cloud.start(self.vm_id)
        self.set(state=STARTING)
        self.wait_for_ip()
        self.call.faults.point("mid")
        if self.call.cloud.reach(self.ssh_name()) != "yes":
            hang(self.call.voice, self.name)
        self.set(state=UP, sshPinged="1")

    def need_instance(self):
        if not self.instance():
            raise AssertionFailed

    def destroy(self):
        token = self.get("ec2.clientToken")
        if not self.vm_id and not token:
            return True
        if not self.call.confirm(f"are you sure you want to destroy EC2 machine ‘{self.name}’?"):
            return False
        self.start_line("destroying EC2 machine... ")
        instance = self.instance() or self.call.cloud.with_token(token)
        if instance and instance["state"] != "terminated":
            self.call.cloud.terminate(instance["id"])
            self.call.faults.point("mid")
            if not self.vm_id:
                raise AssertionFailed  # the real one waits for an ID that it does not have
        if self.vm_id and self.call.cloud.instance(self.vm_id):
            self.call.voice.more("[terminated] ")
        return True


class KeyPair(Machine):
    is_machine = False

    def kind(self):
        return f"ec2-keypair [{self.get('ec2.region')}]"

    @property
    def vm_id(self):
        return self.get("ec2.keyPairName")

    def create(self, definition):
        if self.state == UP:
            return
        name = f"charon-{self.deployment.uuid}-{self.name}"
        self.say(f"uploading EC2 key pair ‘{name}’... ")
        self.set(
            state=UP,
            privateKey=FAKE_PRIVATE_KEY,
            publicKey=public_key("NixOps auto-generated key"),
            **{"ec2.region": definition["region"], "ec2.keyPairName": name},
            **{"ec2.accessKeyId": definition["accessKeyId"]},
        )

    def check(self):
        return Seen(exists=self.state == UP)

    def destroy(self):
        if self.state == UP:
            self.say(f"deleting EC2 key pair ‘{self.vm_id}’...")
        return True


def access_key(wanted):
    names = ("EC2_ACCESS_KEY", "AWS_ACCESS_KEY_ID")
    return wanted["accessKeyId"] or next((os.environ[name] for name in names if name in os.environ), "AKIAFAKE")
