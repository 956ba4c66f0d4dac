"""In which order the transcripts can be replayed, and what happens in between.

A story is a list of names of transcripts, of functions of the world, and of Meanwhile. The same transcript may be told
more than once.
"""

import json
from typing import Callable, NamedTuple

from transcripts import read_transcripts
from world import WAIT_SECONDS_MAX, said_until

TRANSCRIPTS = {
    "1.7": read_transcripts("nixops-1.7.txt"),
    "2.0": read_transcripts("nixops-2.0.txt") | read_transcripts("nixops-2.0-ec2.txt"),
}
LEFT_OUT = {
    "v2-deploy-first": "it fails as the host lacks a group that NixOS has, in the middle of what no other host does",
    "v2-scp-from": "the stand-in cannot copy files",
    "v2-scp-to": "the stand-in cannot copy files",
    "v2aws-console": "the stand-in has no consoles",
    "v2aws-reboot-nowait": "the stand-in cannot reboot, and the fake EC2 of the transcript could not either",
}


class Meanwhile(NamedTuple):
    """A transcript whose command waits for something. `act` gets the process too, and returns what it has said."""

    name: str
    act: Callable


# What the transcripts were made with.

HOST = "198.51.100.11"
FOLD = "{ ... }: { lib.fold = op: nul: list: builtins.foldl' (a: x: op x a) nul list; }"
STUB = """{ network.description = "hydra-provisioner management stub"; network.storage.legacy = { };
  network.nixpkgs.lib.fold = op: nul: list: builtins.foldl' (a: x: op x a) nul list; }"""
SSH_OPTIONS = f"""deployment.sshOptions = [
  "-o" "StrictHostKeyChecking=accept-new" "-o" "UserKnownHostsFile=/etc/provisioner/known_hosts"
  "-i" "/etc/provisioner/id_fm" ];"""
NONE = f'deployment.targetEnv = "none"; deployment.targetHost = "{HOST}";'
EC2 = """
{ type ? "x86_64-linux", tag ? "hydra-provisioned", ... }:
{ network.storage.legacy = { };
  machine = { pkgs, ... }: {
    environment.systemPackages = [ pkgs.vim ];
    deployment.targetEnv = "ec2";
    deployment.ec2 = {
      accessKeyId = "AKIAFAKE"; region = "us-east-1"; ami = "ami-0d1f2e3c"; instanceType = "c5.4xlarge";
      keyPair = "hydra"; privateKey = "/etc/provisioner/id_fm"; associatePublicIpAddress = true;
      spotInstancePrice = builtins.fromJSON (builtins.readFile ./price.json);
    };
  };
}"""


def network_2(machine):
    return f"""
{{ type ? "x86_64-linux:benchmark", tag ? "hydra-provisioned", ... }}:
{{ network.storage.legacy = {{ }}; network.description = "${{tag}} ${{type}}"; machine = {{ {machine} }}; }}"""


def write(path, text):
    return lambda world: world.write(f"/etc/provisioner/{path}", text)


nixpkgs = lambda world: world.write("/etc/nixpkgs/default.nix", FOLD)  # noqa: E731


def edit(machine):
    """Changes the machine of 2.x."""
    return write("net2ok/nixops.nix", network_2(f"{NONE} {SSH_OPTIONS} {machine}"))


def host(how):
    return lambda world: world.cloud.set_host(HOST, reach=how)


def run(like, *words):
    return lambda world: world.run(TRANSCRIPTS[world.version][like], *words)


def create(like, name, uuid=""):
    """Creates a deployment that no transcript creates. `uuid` stands for its UUID in the transcripts."""

    def created(world):
        ended = world.run(TRANSCRIPTS[world.version][like], "create", "-d", name)
        world.uuids[uuid] = ended.out.strip()

    return created


def faults(*faults):
    return lambda world: world.cloud.set_faults(*faults)


def hangs(world, process):
    """The command hangs until it is ended, as timeout(1) ended it."""
    said = said_until(process, "SSH........")
    process.terminate()
    return said


def hold_lock(world):
    """Holds the lock of the deployment that v2-create creates."""
    world.lock = world.hold_lock("939b748c-e75e-11f1-b59f-02fc00000001")


def is_given_the_lock(world, process):
    """Releases the lock when the command waits for it."""
    said = said_until(process, "waiting for exclusive deployment lock...\n")
    world.lock.close()
    return said

# 1.7.

NET1 = """{{ type, tag, ... }}:
{{ machine = {{ utils, ... }}: {{ deployment.targetEnv = "none"; deployment.targetHost = {}; }}; }}"""
ONE_SEVEN = [
    *("v1-version", "v1-state-flag", "v1-state-flag-bad-ext", "v1-create", "v1-create-no-expr", "v1-export-fresh"),
    *("v1-export-unknown", "v1-list", "v1-info-plain-noeval-fresh", "v1-set-args"),
    write("net1/deployment.nix", NET1.format("utils.host")),
    "v1-info-plain",
    write("net1/deployment.nix", NET1.format(f'"{HOST}"')),
    *("v1-deploy-first", "v1-export-up", "v1-info-plain-noeval-up", "v1-info-pretty-up", "v1-check-up"),
    *("v1-ssh-keepalive", "v1-ssh-exit-7", "v1-delete-with-resources"),
    host("port closed"),
    "v1-check-port-closed",
    Meanwhile("v1-deploy-port-closed", hangs),
    host("yes"),
    write("net1/deployment2.nix", "{ syntax error\n"),
    *("v1-modify", "v1-deploy-eval-error", "v1-export-eval-error", "v1-destroy-eval-error", "v1-delete"),
]

# 2.x.

MISUSE = [
    nixpkgs,
    edit(""),
    *("v2-no-subcommand", "v2-create-positional-expr", "v2-create-state-flag", "v2-create-no-network-file"),
    write("net2nolegacy/nixops.nix", "{ ... }: { }"),
    "v2-create-no-storage",
    write("net2/nixops.nix", "# needs its arguments\n{ type, tag, ... }: { network.storage.legacy = { }; }\n"),
    "v2-create-no-default-args",
]
NAMES = [
    nixpkgs,
    edit(""),
    *("v2-export-all-empty", "v2-info-all-empty", "v2-list-empty", "v2-create", "v2-export-fresh"),
    *("v2-info-plain-noeval", "v2-set-args", "v2-export-args", "v2-info-plain", "v2-info-pretty"),
    *("v2-create-bad-name", "v2-export-all", "v2-export-no-d", "v2-export-unknown", "v2-info-without-nix-path"),
    *("v2-create-duplicate-name", "v2-export-duplicate-name", "v2-delete-ok", "v2-delete-ok2", "v2-modify-name"),
]
BEGIN = [nixpkgs, edit(""), "v2-create", "v2-set-args"]
UP = [*BEGIN, run("v2-create", "deploy", "-d", "hydra-provisioned-0")]
FIRST_CONTACT = [
    *BEGIN,
    write("net2ok/nixops.nix", network_2(NONE)),
    host("host key"),
    "v2-deploy-hostkey-verification-failed",
]
IN_USE = [
    *UP,
    *("v2-deploy-check", "v2-info-plain-noeval-up", "v2-info-all-plain-noeval", "v2-info-plain-up"),
    *("v2-info-pretty-up", "v2-list", "v2-check-up", "v2-check-all", "v2-ssh-argv", "v2-ssh-exit-7", "v2-ssh-now"),
    *("v2-ssh-unknown-machine", "v2-start-none", "v2-stop-none", "v2-unlock", "v2-delete-with-resources"),
    lambda world: world.write_on_host(HOST, "bin/hostname", "#!/bin/sh\necho vm\n"),
    lambda world: world.write_on_host(HOST, "etc/os-release", "NAME=NixOS\n"),
    *("v2-ssh-for-each", "v2-ssh-ok"),
    lambda world: world.cloud.set_host(HOST, units=["foo.service [failed]", "bar.service [running]"]),
    "v2-check-failed-unit",
    host("port closed"),
    *("v2-check-port-closed", "v2-info-plain-noeval-portclosed"),
    host("no route"),
    *("v2-check-netns-gone", "v2-ssh-netns-gone"),
]
ACTIVATION_FAILS = {"command": "deploy", "fault": "activation-fails"}
NEEDS_REBOOT = "the new configuration requires a reboot of 'machine' to take effect (hint: use ‘--allow-reboot’)"
CHANGES = [
    *UP,
    edit("mini.extra = 2;"),
    *("v2-info-plain-after-expr-change", "v2-deploy-dry-run", "v2-info-plain-outdated", "v2-deploy-change"),
    faults(ACTIVATION_FAILS),
    edit("mini.extra = 3;"),
    *("v2-deploy-activation-fails", "v2-info-plain-activation-failed"),
    faults(ACTIVATION_FAILS | {"message": NEEDS_REBOOT}),
    edit("mini.extra = 4;"),
    *("v2-deploy-needs-reboot", "v2-info-plain-needs-reboot"),
    faults(),
    write("mgmt/nixops.nix", STUB),
    *("v2-mgmt-export-all", "v2-mgmt-info", "v2-mgmt-check", "v2-mgmt-ssh", "v2-mgmt-list"),
    edit("mini.extra = 5;"),
    hold_lock,
    Meanwhile("v2-deploy-lock-held", is_given_the_lock),
    edit("syntax error;"),
    *("v2-deploy-eval-error", "v2-export-with-eval-error", "v2-destroy-with-eval-error"),
    edit(""),
    *("v2-destroy-none-noconfirm", "v2-delete-after-destroy"),
]
GONE = "v2-deploy-nocheck-machine-gone"
MACHINE_GONE = [
    nixpkgs,
    edit(""),
    create(GONE, "t-0"),
    run(GONE, "deploy", "-d", "t-0"),
    edit("mini.extra = 2;"),
    host("no route"),
    *(GONE, "v2-destroy-while-deploying"),
]
WRAPPED = [
    nixpkgs,
    write("mgmt/nixops.nix", STUB),
    write("wrap/nixops.nix", network_2(NONE)),
    *("v2wrap-create", "v2wrap-setargs", "v2wrap-deploy", "v2wrap-destroy", "v2wrap-delete"),
]
WEIRD = ("--argstr", "type", 'a"b\\c${d}$e\nf', "--arg", "tag", "1")
STUB_NETWORK = ("--network", "/etc/provisioner/mgmt2")
STUBBED = [
    write("mgmt2/nixops.nix", STUB),
    lambda world: world.bind(
        "created deployment ‘2721eacc-e761-11f1-be21-02fc00000001’",
        run("v2stub-create-without-nixpkgs", "create", "-d", "q", *STUB_NETWORK)(world).err,
    ),
    run("v2stub-create-without-nixpkgs", "set-args", "-d", "q", *STUB_NETWORK, *WEIRD),
    "v2stub-export-without-nixpkgs",
    *("v2stub-create-without-nixpkgs", "v2stub-set-args-without-nixpkgs", "v2stub-info-without-nixpkgs"),
    *("v2stub-destroy-without-nixpkgs", "v2stub-delete-without-nixpkgs"),
]

# EC2.

CREATE = "v2aws-deploy-ondemand-create"
SPOT_0 = "5b0649ce-e760-11f1-93eb-02fc00000001"
IMPORTED = "v2aws-export-running"
INSTANCE = "i-0123456789abcdef0"


def price(amount):
    return write("aws/ec2net/price.json", str(amount))


def spot_0(amount):
    """Creates the deployment spot-0, in a cloud of its own."""
    ec2_network = write("aws/ec2net/nixops.nix", EC2)
    return [nixpkgs, ec2_network, price(amount), create(CREATE, "spot-0", SPOT_0), run(CREATE, *ARGUMENTS)]


ARGUMENTS = ("set-args", "-d", "spot-0", "--argstr", "type", "x86_64-linux", "--argstr", "tag", "hydra-provisioned")


def the_instance(change):
    """Changes the only instance."""
    return lambda world: world.cloud.change(next(iter(world.cloud.instances())), **change)


def import_it(world):
    """Adds the deployment that was in the state before the transcripts begin, and its instance."""
    world.adopt(json.loads(TRANSCRIPTS["2.0"][IMPORTED].ended.out))
    world.cloud.run_instance(id=INSTANCE, ip="198.51.100.11", private_ip="10.0.1.23", launched=1795450800)


def die(world):
    """Kills a deploy after it has recorded the token of the instance to come."""
    world.cloud.set_faults({"command": "deploy", "fault": "die", "at": "after-token"})
    transcript = TRANSCRIPTS["2.0"][CREATE]
    process = world.start(transcript.words, transcript.folder, **transcript.environment)
    process.communicate(timeout=WAIT_SECONDS_MAX)
    world.cloud.set_faults()


def one_has_leaked(world):
    alive = world.cloud.alive()
    if len(alive) != 1:
        raise AssertionError(f"one instance should be left: {alive}")


PRIVATE_IP_CHANGES = the_instance({"private_ip": "10.0.1.24"})
IMPORT = [nixpkgs, write("aws/net/nixops.nix", STUB), write("aws/ec2net/nixops.nix", EC2), price(0), import_it]
ON_DEMAND = [*spot_0(0), CREATE, "v2aws-export-after-real-create", "v2aws-destroy-ondemand"]
SPOT = [
    *spot_0(0),
    run(CREATE, "deploy", "-d", "spot-0", "--build-only"),
    price(30),
    "v2aws-deploy-spot-create",
    the_instance({"state": "terminated", "answers_still": True}),
    "v2aws-deploy-nocheck-instance-terminated-but-host-answers",
    *("v2aws-deploy-check-spot-gone", "v2aws-allow-recreate-spot-fails"),
    one_has_leaked,
]
LEAK = [
    *spot_0(0),
    run(CREATE, "deploy", "-d", "spot-0"),
    the_instance({"state": "terminated"}),
    *("v2aws-allow-recreate-leak-ondemand", "v2aws-destroy-after-leak"),
    one_has_leaked,
]
INTERRUPTED = [
    *spot_0(0),
    die,
    *("v2aws-info-interrupted-create", "v2aws-check-interrupted-create", "v2aws-destroy-interrupted-create"),
]
CHECKS = [
    *IMPORT,
    *(IMPORTED, "v2aws-info-all-plain-noeval", "v2aws-info-plain-noeval", "v2aws-check-running"),
    PRIVATE_IP_CHANGES,
    *("v2aws-check-ip-changed", "v2aws-stop-noconfirm", "v2aws-stop-confirm", "v2aws-check-stopped"),
    *("v2aws-info-stopped",),
    the_instance({"private_ip": "10.0.1.23"}),
    "v2aws-start",
    the_instance({"state": "pending"}),
    "v2aws-check-pending",
    the_instance({"state": "running"}),
    PRIVATE_IP_CHANGES,
    run(IMPORTED, "check", "-d", "hydra-provisioned-0"),
    the_instance({"state": "terminated"}),
    *("v2aws-check-terminated", "v2aws-export-terminated", "v2aws-info-terminated", "v2aws-check-terminated-again"),
]
TERMINATED = [*IMPORT, the_instance({"state": "terminated"}), "v2aws-deploy-check-terminated"]
DESTRUCTION = [*IMPORT, "v2aws-destroy-noconfirm", "v2aws-destroy-confirm", "v2aws-delete"]
FORGOTTEN = [
    *IMPORT,
    lambda world: world.cloud.forget(INSTANCE),
    *("v2aws-check-notfound", "v2aws-destroy-after-notfound", "v2aws-delete"),
    import_it,
    lambda world: world.cloud.forget(INSTANCE),
    *("v2aws-destroy-notfound", "v2aws-delete"),
    import_it,
    "v2aws-delete-force",
]

STORIES = {
    "1.7": {"all of 1.7": ONE_SEVEN},
    "2.0": {
        "misuse": MISUSE,
        "names": NAMES,
        "first contact": FIRST_CONTACT,
        "in use": IN_USE,
        "changes": CHANGES,
        "machine gone": MACHINE_GONE,
        "wrapped": WRAPPED,
        "stubbed": STUBBED,
        "on demand": ON_DEMAND,
        "spot": SPOT,
        "leak": LEAK,
        "interrupted": INTERRUPTED,
        "checks": CHECKS,
        "terminated": TERMINATED,
        "destruction": DESTRUCTION,
        "forgotten": FORGOTTEN,
    },
}
