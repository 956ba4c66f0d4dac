"""nixops deploy."""

import contextlib
import fcntl
import json
import os
import time

from standin.errors import Failure
from standin.machines import UP, machine_of
from standin.network import evaluate, texts_of

NO_ROOT = "warning: you did not specify '--add-root'; the result might be removed by the garbage collector"


@contextlib.contextmanager
def exclusive_lock(call, deployment):
    """Takes the lock in the home directory, wherever the state file is. The kernel ends it with the process."""
    folder = os.path.expanduser("~/.nixops/locks")
    os.makedirs(folder, 0o700, exist_ok=True)
    with open(f"{folder}/{deployment.uuid}", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            call.voice.say("waiting for exclusive deployment lock...")
            fcntl.flock(file, fcntl.LOCK_EX)
        call.faults.point("locked")
        yield


def evaluated(call, deployment):
    """What the network says with the deployment's arguments, and the files it is in."""
    files = [call.network] if call.network else deployment.json("nixExprs", [])
    paths = call.arguments.nix_path + deployment.json("nixPath", [])
    arguments = deployment.json("args", {}).items()
    network = evaluate("deployment", files, arguments, paths, deployment.name or "")
    deployment.set(description=network["description"])
    return network, files


def deploy(call):
    arguments = call.arguments
    deployment = call.deployment()
    with exclusive_lock(call, deployment):
        network, files = evaluated(call, deployment)
        if arguments.include:
            network["machines"] = {n: d for n, d in network["machines"].items() if n in arguments.include}
        network["machines"] = {n: d for n, d in network["machines"].items() if n not in arguments.exclude}
        machines = [] if arguments.dry_run or arguments.build_only else create_all(call, deployment, network)
        if arguments.create_only:
            return
        toplevels = build(call, deployment, network, files)
        if arguments.dry_run or arguments.build_only:
            return
        for machine in machines:
            copy(call, machine, toplevels[machine.name])
        call.voice.say("closures copied successfully", deployment.title)
        if not arguments.copy_only:
            activate_all(call, deployment, machines, toplevels)
        call.faults.point("before-exit")


def create_all(call, deployment, network):
    arguments = call.arguments
    for name, definition in network["keyPairs"].items():
        resource_of(call, deployment, name, "ec2-keypair").create(definition)
    machines = []
    for name, definition in network["machines"].items():
        machine = resource_of(call, deployment, name, definition["targetEnv"])
        machines.append(machine)
        is_new = machine.state != UP
        machine.create(definition, arguments.check, arguments.allow_recreate)
        if not machine.get("stateVersion"):
            machine.say("setting state version to 22.11")
            machine.set(stateVersion="22.11")
        if not (is_new and machine.state == UP):
            machine.wait_for_ssh(arguments.check)
        if machine.resource.type == "none":
            machine.set(**{"none.sshPublicKeyDeployed": "1"})
    return machines


def resource_of(call, deployment, name, type):
    resource = deployment.resource(name)
    if resource and resource.type != type:
        change = f"changed from ‘{resource.type}’ to ‘{type}’"
        raise Failure(f"the type of resource ‘{name}’ {change}, which is currently unsupported")
    if not resource:
        index = {} if type == "ec2-keypair" else {"index": str(count_machines(deployment))}
        resource = deployment.add_resource(name, type, creationTime=str(int(time.time())), **index)
    return machine_of(call, deployment, resource)


def count_machines(deployment):
    return sum(resource.type != "ec2-keypair" for resource in deployment.resources())


def build(call, deployment, network, files):
    """The systems by machine. What has been built before, anywhere, is not built again."""
    call.voice.say("building all machine configurations...")
    texts = texts_of(files)
    arguments = sorted(deployment.json("args", {}).items())
    toplevels = {}
    for name, definition in network["machines"].items():
        mine = deployment.uuid if definition["targetEnv"] == "none" else ""  # its key is in the configuration
        toplevels[name] = f"/nix/store/{digest_of(texts, arguments, name, mine)}-nixos-system-{name}-22.11"
    configs = f"/nix/store/{digest_of(texts, arguments, sorted(toplevels.items()))}-nixops-machines"
    missing = [path for path in [*toplevels.values(), configs] if not is_built(call, path)]
    if missing:
        call.voice.say(f"these {len(missing)} derivations will be built:")
        for path in missing:
            call.voice.say(f"  {derivation_of(path)}")
    if not call.arguments.dry_run:
        for path in missing:
            call.voice.say(f"building '{derivation_of(path)}'...")
            remember(call, path)
        if not call.version.old:
            call.voice.say(NO_ROOT)
    deployment.set(configsPath=configs)
    return toplevels


def derivation_of(path):
    _, _, name = path.partition("-")
    return f"/nix/store/{digest_of(path)}-{name}.drv"


def is_built(call, path):
    return os.path.exists(f"{call.cloud.folder}/store/{os.path.basename(path)}")


def digest_of(*things):
    """A hash like that of a path of the store, which depends on all things."""
    import hashlib

    return hashlib.sha256(repr(things).encode()).hexdigest()[:32]


def remember(call, path):
    os.makedirs(f"{call.cloud.folder}/store", exist_ok=True)
    with open(f"{call.cloud.folder}/store/{os.path.basename(path)}", "w", encoding="utf-8"):
        pass


def copy(call, machine, toplevel):
    machine.say("copying closure...")
    call.ssh.connect(machine, ["-C"])
    address = machine.ssh_name()
    there = toplevel in call.cloud.host(address)["toplevels"]
    machine.say(f"copying {0 if there else 1} paths...")
    if not there:
        machine.say(f"copying path '{toplevel}' to 'ssh://root@{address}'...")
        call.cloud.change_host(address, lambda host: host["toplevels"].append(toplevel))


def activate_all(call, deployment, machines, toplevels):
    failed = [machine.name for machine in machines if not activate(call, deployment, machine, toplevels[machine.name])]
    if failed:
        names = ", ".join(f"‘{name}’" for name in failed)
        raise Failure(f"activation of {len(failed)} of {len(machines)} machines failed (namely on {names})")
    call.voice.say("deployment finished successfully", deployment.title)


def activate(call, deployment, machine, toplevel):
    machine.say(f"activating the configuration ({machine.name}, action switch)...")
    call.faults.point("mid-activation")
    fault = call.faults.find("activation-fails")
    if fault:
        message = fault.get("message", "unable to activate new configuration (exit code 4)")
        machine.say(f"error: Traceback (most recent call last):\n  File \"deploy.py\", line 1\nException: {message}\n")
        return False
    machine.set(configsPath=deployment.get("configsPath"), toplevel=toplevel)
    machine.say("activation finished successfully")
    return True
