"""The resources of a deployment and their back ends: how each is created, checked, stopped, started, and destroyed."""

import json
import os

from standin.errors import Failure
from standin.faults import hang

UNKNOWN, MISSING, STARTING, UP, STOPPING, STOPPED, UNREACHABLE, RESCUE = map(str, range(8))
STATE_NAMES = ["Unknown", "Missing", "Starting", "Up", "Stopping", "Stopped", "Unreachable", "Rescue"]
MISSING_BY_DEFAULT = ("ec2", "virtualbox", "container", "digitalOcean")
FAKE_PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a key\n-----END OPENSSH PRIVATE KEY-----\n"

# Where the back ends other than none and ec2 keep the address, and the host key if they know it.
HOSTED = {
    "virtualbox": ("privateIpv4", "virtualbox.publicHostKey"),
    "libvirtd": ("privateIpv4", None),
    "hetzner": ("mainIpv4", None),
    "gce": ("publicIpv4", "gce.publicHostKey"),
    "digitalOcean": ("publicIpv4", None),
}


class Seen:
    """What `check` found out. None: it was not looked at."""

    def __init__(self, exists=None, up=None, reachable=None, disks=None):
        self.exists = exists
        self.up = up
        self.reachable = reachable
        self.disks = disks
        self.load = ""
        self.units = []

    @property
    def status(self):
        wrong = (self.exists, self.up, self.reachable, self.disks)
        bits = sum(1 << position for position, value in enumerate(wrong) if value is False)
        return bits | (16 if any("[failed]" in unit for unit in self.units) else 0)


def public_key(comment):
    """A public key in the form of a real one."""
    import base64

    blob = b"\0\0\0\x0bssh-ed25519\0\0\0 " + os.urandom(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {comment}"


def machine_of(call, deployment, resource):
    from standin.ec2 import Ec2Machine, KeyPair

    kinds = {"none": NoneMachine, "ec2": Ec2Machine, "ec2-keypair": KeyPair}
    return kinds.get(resource.type, HostedMachine)(call, deployment, resource)


class Machine:
    is_machine = True

    def __init__(self, call, deployment, resource):
        self.call = call
        self.deployment = deployment
        self.resource = resource
        self.name = resource.name
        self.get = resource.get
        self.set = resource.set

    @property
    def state(self):
        return self.get("state", MISSING if self.resource.type in MISSING_BY_DEFAULT else UNKNOWN)

    @property
    def vm_id(self):
        return self.get("vmId")

    def say(self, text):
        self.call.voice.say(text, self.name)

    def start_line(self, text):
        self.call.voice.start(text, self.name)

    def kind(self):
        """The kind of machine, as `info` shows it."""
        return self.resource.type

    def ssh_flags(self, key_file):
        return [*json.loads(self.get("sshOptions", "[]")), "-o", "Port=22"]

    def set_common(self, definition):
        """Sets the attributes that every machine of 2.x keeps, even if they are the defaults."""
        if not self.call.version.old:
            self.set(
                targetPort="22",
                privilegeEscalationCommand='["sudo", "-H", "--"]',
                sshOptions=json.dumps(definition["sshOptions"] or []),
            )

    def wait_for_ssh(self, check):
        """Waits for ever, if it must."""
        if self.get("sshPinged") and not check:
            return
        if self.call.cloud.reach(self.ssh_name()) != "yes":
            hang(self.call.voice, self.name)
        self.say("waiting for SSH...")
        self.set(state=UP, sshPinged="1")

    def look_inside(self, seen):
        """Finds out by ssh how a machine is that is up."""
        host = self.call.cloud.host(self.ssh_name())
        seen.reachable = self.call.cloud.reach(self.ssh_name()) == "yes"
        if seen.reachable:
            self.set(state=UP, sshPinged="1")
            seen.load = host["load"]
            seen.units = host["units"]
        elif self.state == UP:
            self.set(state=UNREACHABLE)
        return seen

    def stop(self):
        self.say(f"warning: don't know how to stop machine ‘{self.name}’")

    def start(self):
        pass

    def destroy(self):
        """Whether it is gone."""
        return True


class NoneMachine(Machine):
    """A host that existed before, and stays."""

    def ssh_name(self):
        return self.get("targetHost")

    def ssh_flags(self, key_file):
        known = self.get("none.sshPublicKeyDeployed")
        key = ["-o", "StrictHostKeyChecking=accept-new", "-i", key_file] if known else []
        return super().ssh_flags(key_file) + key

    def create(self, definition, check, allow_recreate):
        self.set(targetHost=definition["targetHost"])
        self.set_common(definition)
        if not self.vm_id:
            old = self.call.version.old
            self.start_line(f"generating new SSH key{'' if old else ' '}pair... ")
            self.set(
                **{"none.sshPrivateKey": FAKE_PRIVATE_KEY},
                **{"none.sshPublicKey": public_key(f"NixOps client key for {self.name}")},
                publicVpnKey=public_key(f"NixOps VPN key of {self.name}") if old else None,
                vmId=f"nixops-{self.deployment.uuid}-{self.name}",
            )
            self.call.voice.end("done")
        if self.call.cloud.reach(self.ssh_name()) == "host key":
            self.call.ssh.connect(self, ["-C"])

    def check(self):
        if not self.vm_id:
            return Seen(exists=False)
        answers = self.call.cloud.reach(self.ssh_name()) in ("yes", "host key")
        return self.look_inside(Seen(exists=True, up=True)) if answers else Seen(exists=True, up=False)


class HostedMachine(Machine):
    """A machine of another back end, simplified."""

    def ssh_name(self):
        address = self.get(HOSTED[self.resource.type][0])
        if not address:
            raise Failure(f"machine ‘{self.name}’ does not have an IP address (yet)")
        return address

    def create(self, definition, check, allow_recreate):
        if not self.vm_id:
            address, host_key = HOSTED[self.resource.type]
            self.say(f"creating {self.resource.type} machine...")
            self.set_common(definition)
            self.set(state=STARTING)
            instance = self.call.cloud.run_instance(kind=self.resource.type)
            self.set(vmId=instance["id"], **{address: instance["ip"]})
            if host_key:
                self.set(**{host_key: public_key("NixOps auto-generated key")})
        elif self.instance_state() == "stopped":
            self.start()

    def instance_state(self):
        instance = self.call.cloud.instance(self.vm_id) if self.vm_id else None
        return instance["state"] if instance else "terminated"

    def check(self):
        state = self.instance_state()
        if state == "terminated":
            self.set(state=MISSING)
            return Seen(exists=False)
        if state != "running":
            self.set(state=STOPPED if state == "stopped" else STARTING)
            return Seen(exists=True, up=False)
        return self.look_inside(Seen(exists=True, up=True))

    def stop(self):
        self.say("shutting down...")
        self.call.cloud.stop(self.vm_id)
        self.set(state=STOPPED)

    def start(self):
        self.say("starting...")
        self.call.cloud.start(self.vm_id)
        self.wait_for_ssh(check=True)

    def destroy(self):
        if not self.vm_id:
            return True
        if not self.call.confirm(f"are you sure you want to destroy {self.resource.type} machine ‘{self.name}’?"):
            return False
        if self.instance_state() != "terminated":
            self.say(f"destroying {self.resource.type} machine...")
            self.call.cloud.terminate(self.vm_id)
            self.call.faults.point("mid")
        return True
