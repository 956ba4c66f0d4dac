"""One call of nixops: what all commands share."""

import contextlib
import os
import sys

from standin.errors import Failure
from standin.faults import Faults
from standin.voice import Voice


class Version:
    def __init__(self, text):
        self.text = text
        self.old = text.startswith("1.")


class Call:
    def __init__(self, version, arguments, resources):
        self.version = version
        self.arguments = arguments
        self.resources = resources  # an ExitStack
        self.voice = Voice()
        self.cloud_or_none = cloud_or_none()
        self.faults = Faults(self.cloud_or_none, arguments.operation, self.voice)
        self.network = None
        self.faults.begin()

    @property
    def cloud(self):
        if not self.cloud_or_none:
            raise Failure("the stand-in needs a folder for its machines: set NIXOPS_STANDIN")
        return self.cloud_or_none

    def cached(self, name, make):
        if name not in self.__dict__:
            self.__dict__[name] = make()
        return self.__dict__[name]

    @property
    def ssh(self):
        from standin.ssh import Ssh

        return self.cached("ssh_", lambda: Ssh(self.cloud, self.voice, self.faults, self.resources))

    def confirm(self, question):
        return self.voice.confirm(question, self.arguments.confirm)

    # The state.

    @property
    def state(self):
        return self.cached("state_", self.open_state)

    def open_state(self):
        from standin.state import SCHEMA_GAP_SECONDS, StateFile

        path = self.old_state_path() if self.version.old else self.new_state_path()
        fault = self.faults.find("slow-schema")
        return StateFile(path, fault["seconds"] if fault else SCHEMA_GAP_SECONDS)

    def old_state_path(self):
        return self.arguments.state or default_state_path()

    def new_state_path(self):
        """2.x reads the network before the state, and opens the state by another name."""
        from standin.network import network_file, storage_of
        from standin.ssh import temporary_folder

        self.network = network_file(os.path.abspath(self.arguments.network))
        storage = storage_of(self.network)
        folder = self.resources.enter_context(temporary_folder("tmp", "nixops"))
        if storage == "legacy":
            os.symlink(os.path.abspath(default_state_path()), f"{folder}/state.nixops")
        return f"{folder}/state.nixops"

    def deployment(self):
        """The deployment that -d names."""
        name = self.arguments.deployment or os.environ.get("NIXOPS_DEPLOYMENT") or os.environ.get("CHARON_DEPLOYMENT")
        deployment = self.state.find(name)
        self.faults.concern(deployment.uuid, deployment.name)
        fault = self.faults.find("skip")
        if fault:
            raise Failure(f"unknown resource type ‘{fault.get('type', 'ec2')}’")
        return deployment

    def deployments(self):
        """The deployment that -d names, or all whose resources are known."""
        if not self.arguments.all:
            return [self.deployment()]
        found = []
        for deployment in self.state.deployments():
            self.faults.taken = [fault for fault in self.faults.taken if fault["fault"] != "skip"]
            self.faults.concern(deployment.uuid, deployment.name)
            fault = self.faults.find("skip")
            if fault:
                of = f"unknown resource type ‘{fault.get('type', 'ec2')}’"
                self.voice.say(f"skipping deployment ‘{deployment.uuid}’: {of}")
            else:
                found.append(deployment)
        return found

    def machines(self, deployment):
        """The machines that --include and --exclude leave."""
        return [r for r in self.all_resources(deployment) if r.is_machine and self.selects(r.name)]

    def all_resources(self, deployment):
        from standin.machines import machine_of

        return [machine_of(self, deployment, resource) for resource in deployment.resources()]

    def selects(self, name):
        include = self.arguments.include
        return (not include or name in include) and name not in self.arguments.exclude


def cloud_or_none():
    folder = os.environ.get("NIXOPS_STANDIN")
    if not folder:
        return None
    from standin.cloud import Cloud

    return Cloud(folder)


def default_state_path():
    path = os.environ.get("NIXOPS_STATE") or os.environ.get("CHARON_STATE")
    if not path:
        folder = os.path.expanduser("~/.nixops")
        os.makedirs(folder, 0o700, exist_ok=True)
        path = f"{folder}/deployments.nixops"
    return path


@contextlib.contextmanager
def journaled(argv, version):
    """Notes the call at its start and, unless it is killed, at its end."""
    import json
    import time

    began = time.time()
    id = f"{os.getpid()}-{began}"
    folder = os.environ.get("NIXOPS_STANDIN")
    if folder:
        os.makedirs(folder, exist_ok=True)

    def note(**event):
        if folder:
            file = os.open(f"{folder}/calls.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            os.write(file, (json.dumps({"call": id} | event) + "\n").encode())
            os.close(file)

    about = {name.lower(): os.environ.get(name) for name in ("TMPDIR", "NIX_PATH", "NIXOPS_STATE", "HOME")}
    note(pid=os.getpid(), argv=argv, version=version.text, cwd=os.getcwd(), began=began, **about, stdin_null=no_stdin())
    status = {"exit": None}
    try:
        yield status
    finally:
        sys.stdout.flush()
        note(ended=time.time(), **status)


def no_stdin():
    try:
        return os.fstat(0).st_rdev == os.stat(os.devnull).st_rdev
    except OSError:  # it is closed
        return False
