"""Connections to machines, and what they leave in TMPDIR while they are open."""

import contextlib
import os
import time

from standin.errors import CommandFailed

TRIES = 5
WORDS = {
    "no route": "ssh: connect to host {address} port 22: No route to host",
    "port closed": "ssh: connect to host {address} port 22: Connection refused",
    "host key": "Host key verification failed.",
}
FAKE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a key\n-----END OPENSSH PRIVATE KEY-----\n"
WAITS_FOR_REAL = bool(os.environ.get("NIXOPS_STANDIN_WAITS"))


@contextlib.contextmanager
def temporary_folder(prefix, suffix=""):
    """Makes a folder that is removed at the end, unless a signal ends the process."""
    folder = f"{os.environ.get('TMPDIR', '/tmp')}/{prefix}{os.urandom(4).hex()}{suffix}"
    os.mkdir(folder, 0o700)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                os.unlink(f"{folder}/{name}")
            os.rmdir(folder)


class Ssh:
    """The connections of one call to all machines."""

    def __init__(self, cloud, voice, faults, resources):
        self.cloud = cloud
        self.voice = voice
        self.faults = faults
        self.resources = resources  # an ExitStack
        self.sockets = None

    def private_files(self):
        if self.sockets:
            return
        self.keys = self.resources.enter_context(temporary_folder("nixops-tmp"))
        self.sockets = self.resources.enter_context(temporary_folder("nixops-ssh-tmp"))
        with open(f"{self.keys}/id_nixops-machine", "w", encoding="utf-8", opener=private) as file:
            file.write(FAKE_KEY)

    def connect(self, machine, flags=()):
        """Starts the master connection, in five tries."""
        self.private_files()
        address = machine.ssh_name()
        reach = self.cloud.reach(address)
        if reach == "yes":
            self.leave_a_master_behind()
            return
        for attempt in range(TRIES):
            self.voice.say(WORDS[reach].format(address=address), machine.name)
            if attempt < TRIES - 1:
                seconds = 2**attempt
                retry = f"could not connect to ‘root@{address}’, retrying in {seconds} seconds..."
                self.voice.say(retry, machine.name)
                time.sleep(seconds if WAITS_FOR_REAL else 0)
        command = ["ssh", "-x", f"root@{address}", "-S", f"{self.sockets}/master-socket", "-M", "-N", "-f"]
        command += ["-oNumberOfPasswordPrompts=3", "-oServerAliveInterval=60", "-oControlPersist=600", *flags]
        command += machine.ssh_flags(f"{self.keys}/id_nixops-machine")
        raise CommandFailed(f"command ‘{command}’ failed on machine ‘{machine.name}’ (exit code 255)")

    def leave_a_master_behind(self):
        """Starts a process like OpenSSH's master: in a session of its own, with our output open."""
        if self.faults.find("ssh-master"):
            import subprocess

            master = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, start_new_session=True)
            with open(f"{self.cloud.folder}/ssh-masters", "a", encoding="utf-8") as file:
                file.write(f"{master.pid}\n")

    def run(self, machine, words, **streams):
        """The remote shell gets the words joined. Its /run, /etc and first programs are those of the host's folder."""
        import re
        import subprocess

        self.connect(machine)
        address = machine.ssh_name()
        command = " ".join(words)
        self.cloud.change_host(address, lambda host: host["commands"].append(command))
        here = re.sub(r"(?<![\w/.])/(?=(run|etc)/)", f"{self.cloud.host_folder(address)}/", command)
        search = f"{self.cloud.host_folder(address)}/bin:{os.environ['PATH']}"
        environment = os.environ | {"PATH": search}
        return subprocess.run(["sh", "-c", here], stdin=subprocess.DEVNULL, env=environment, check=False, **streams)


def private(path, flags):
    return os.open(path, flags, 0o600)
