"""The commands, except deploy."""

import json
import os
import re
import sys

from standin.errors import EvaluationFailed, Failure

NAME = re.compile(r"[a-zA-Z_\-][a-zA-Z0-9_\-.]*")


# Deployments.


def create(call):
    """Writes the row first, so a failure after that leaves a deployment without a name."""
    name = call.arguments.name or call.arguments.deployment
    call.faults.concern(name)
    deployment = call.state.create_deployment()
    call.voice.say(f"created deployment ‘{deployment.uuid}’")
    call.faults.point("after-insert")
    set_expression(call, deployment)
    if name:
        set_name(deployment, name)
    call.faults.point("after-name")
    print(deployment.uuid)


def modify(call):
    deployment = call.deployment()
    set_expression(call, deployment)
    if call.arguments.name:
        set_name(deployment, call.arguments.name)


def set_expression(call, deployment):
    if call.version.old:
        if not call.arguments.nix_exprs:
            raise Failure("you must specify the path to a Nix expression and/or use ‘-t’")
        deployment.set(nixExprs=json.dumps([os.path.abspath(path) for path in call.arguments.nix_exprs]))
    paths = [absolute(path) for path in call.arguments.nix_path]
    deployment.set(nixPath=json.dumps(paths) if paths else None)


def absolute(entry):
    """An entry of the search path."""
    name, equals, path = entry.rpartition("=")
    is_url = path.startswith(("http://", "https://", "file://", "channel:"))
    return name + equals + (path if is_url else os.path.abspath(path))


def set_name(deployment, name):
    if not NAME.fullmatch(name):
        raise Failure(f"invalid deployment name ‘{name}’")
    deployment.set(name=name)


def set_args(call):
    from standin.network import nix_string

    deployment = call.deployment()
    call.faults.point("before")
    arguments = deployment.json("args", {})
    arguments |= dict(call.arguments.arg)
    arguments |= {name: nix_string(text) for name, text in call.arguments.argstr}
    for (name,) in call.arguments.unset:
        arguments.pop(name, None)
    deployment.set(args=json.dumps(arguments, sort_keys=call.version.old) if arguments else None)


def export(call):
    found = {deployment.uuid: deployment.export() for deployment in call.deployments()}
    separators = (", ", ": ") if call.version.old else (",", ": ")  # Python 2 leaves spaces at the ends of lines
    print(json.dumps(found, indent=2, sort_keys=True, separators=separators))


def delete(call):
    for deployment in call.deployments():
        if deployment.resources() and not call.arguments.force:
            raise Failure("cannot delete this deployment because it still has resources")
        deployment.delete()


def unlock(call):
    """Releases nothing: without a plugin, a network has no lock."""
    call.state.deployments()


def list_deployments(call):
    from standin.deploy import evaluated
    from standin.tables import table

    rows = []
    for deployment in sorted(call.state.deployments(), key=lambda d: d.name or ""):
        machines = [r for r in call.all_resources(deployment) if r.is_machine]
        if not call.version.old:  # which takes this directory's network for that of all
            defined = evaluated(call, deployment)[0]["machines"]
            machines = [machine for machine in machines if machine.name in defined]
        types = ", ".join(sorted({machine.resource.type for machine in machines}))
        rows.append((deployment.uuid, deployment.name or "(none)", deployment.description, len(machines), types))
    titles = ["UUID", "Name", "Description", "# Machines", "Type"]
    print(table(titles, rows, right=["# Machines"]))


# What is known of machines.


def info(call):
    for deployment in call.deployments():
        defined = None if call.arguments.no_eval else defined_machines(call, deployment)
        rows = list(info_rows(call, deployment, defined))
        if call.arguments.plain:
            before = (deployment.uuid, deployment.name or "(none)") if call.arguments.all else ()
            for name, status, kind, id, public, private in rows:
                print("\t".join((*before, name, status.lower(), kind, id, public, private)))
        else:
            print(pretty_info(call, deployment, rows))


def defined_machines(call, deployment):
    """The defined machines by name; None: they cannot be known."""
    from standin.deploy import evaluated

    try:
        return evaluated(call, deployment)[0]["machines"]
    except EvaluationFailed:
        call.voice.say("warning: evaluation of the deployment specification failed; status info may be incorrect")
        return None


def info_rows(call, deployment, defined):
    from standin.machines import STATE_NAMES

    resources = {resource.name: resource for resource in call.all_resources(deployment)}
    for name in sorted(resources.keys() | (defined or {}).keys()):
        resource = resources.get(name)
        if not resource:
            yield name, "Missing", defined[name]["targetEnv"], "", "", ""
            continue
        status = STATE_NAMES[int(resource.state)]
        if resource.is_machine:
            status += f" / {freshness(deployment, resource, defined)}"
        addresses = (resource.get("publicIpv4", ""), resource.get("privateIpv4", ""))
        yield name, status, resource.kind(), resource.vm_id or "", *addresses


def freshness(deployment, machine, defined):
    """Compares what was built last with what was activated last, whatever the network says now."""
    if defined is not None and machine.name not in defined:
        return "Obsolete"
    same = machine.get("configsPath") and machine.get("configsPath") == deployment.get("configsPath")
    return "Up-to-date" if same else "Outdated"


def pretty_info(call, deployment, rows):
    from standin.tables import table

    old = call.version.old
    files = " ".join(deployment.json("nixExprs", [])) if old else call.network
    arguments = ", ".join(f"{name} = {value}" for name, value in deployment.json("args", {}).items())
    shown = [(*row[:4], row[4] or row[5]) for row in rows]
    return "\n".join(
        [
            f"Network name: {deployment.name or '(none)'}",
            f"Network UUID: {deployment.uuid}",
            f"Network description: {deployment.description}",
            f"Nix expression{'s' if old else ''}: {files}",
            f"Nix arguments: {arguments}",
            "",
            table(["Name", "Status", "Type", "Resource Id", "IP address"], shown, centered=["Status"]),
        ]
    )


def check(call):
    from standin.tables import table, yes_or_no

    machines, others, status = [], [], 0
    for deployment in call.deployments():
        before = (deployment.title,) if call.arguments.all else ()
        for resource in call.all_resources(deployment):
            if not call.selects(resource.name):
                continue
            seen = resource.check()
            if resource.is_machine:
                answers = map(yes_or_no, (seen.exists, seen.up, seen.reachable, seen.disks))
                machines.append((*before, resource.name, *answers, seen.load, "\n".join(seen.units), ""))
                status |= seen.status
            else:
                others.append((*before, resource.name, yes_or_no(seen.exists)))
    call.voice.finish_line()
    first = ["Deployment"] if call.arguments.all else []
    titles = ["Name", "Exists", "Up", "Reachable", "Disks OK", "Load avg.", "Units", "Notes"]
    print("Machines state:", table(first + titles, machines), sep="\n")
    print("Non machines resources state:", table([*first, "Name", "Exists"], others), sep="\n")
    return status


# What is done to machines.


def deploy(call):
    from standin.deploy import deploy

    deploy(call)


def start(call):
    for machine in call.machines(call.deployment()):
        machine.start()


def stop(call):
    for machine in call.machines(call.deployment()):
        machine.stop()
    call.voice.finish_line()


def destroy(call):
    """Destroys all resources, machines first."""
    from standin.deploy import evaluated, exclusive_lock

    for deployment in call.deployments():
        with exclusive_lock(call, deployment):
            if call.version.old:
                try:
                    evaluated(call, deployment)
                except EvaluationFailed:
                    pass  # which has been said
            chosen = [r for r in call.all_resources(deployment) if call.selects(r.name)]
            for resource in sorted(chosen, key=lambda r: not r.is_machine):
                if not resource.destroy():
                    break
                resource.resource.delete()
            call.voice.finish_line()


def ssh(call):
    deployment = call.deployment()
    machines = {machine.name: machine for machine in call.machines(deployment)}
    if call.arguments.machine not in machines:
        raise Failure(f"unknown machine ‘{call.arguments.machine}’")
    sys.stdout.flush()
    return call.ssh.run(machines[call.arguments.machine], without_dashes(call.arguments.words)).returncode


def ssh_for_each(call):
    worst = 0
    for machine in call.machines(call.deployment()):
        import subprocess

        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8"}
        done = call.ssh.run(machine, without_dashes(call.arguments.words), **streams)
        for line in done.stdout.splitlines():
            machine.say(line)
        worst = max(worst, done.returncode)
    return worst


def without_dashes(words):
    return words[1:] if words[:1] == ["--"] else words
