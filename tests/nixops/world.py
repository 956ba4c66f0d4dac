"""A world to replay transcripts in: the folders that they name, a state file, and a cloud, all below one folder."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from standin.cloud import Cloud
from standin.state import Deployment, StateFile
from transcripts import Ended

HERE = Path(__file__).resolve().parent
FOLDERS = ("/etc/provisioner", "/etc/nixpkgs", "/var/lib/provisioner", "/home/provisioner", "/run/nixops")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WAIT_SECONDS_MAX = 60


class World:
    def __init__(self, version):
        self.folder = tempfile.mkdtemp(prefix="nixops-replay-")
        self.version = version
        self.cloud = Cloud(f"{self.folder}/cloud")
        self.uuids = {}  # ours, by the transcripts'
        for folder in FOLDERS:
            os.makedirs(self.here(folder))

    def end(self):
        for master in self.cloud.ssh_masters():
            os.kill(master, signal.SIGKILL)
        shutil.rmtree(self.folder)

    # Names: the transcripts', and ours.

    def here(self, text):
        """Its paths and UUIDs become ours."""
        for folder in FOLDERS:
            text = text.replace(folder, self.folder + folder)
        return UUID.sub(lambda found: self.uuids.get(found[0], found[0]), text)

    def there(self, text):
        """The other way round."""
        theirs = {ours: theirs for theirs, ours in self.uuids.items()}
        text = UUID.sub(lambda found: theirs.get(found[0], found[0]), text)
        return text.replace(self.folder, "")

    def bind(self, theirs, ours):
        """The UUIDs that they tell as created."""
        created = [re.findall(r"created deployment ‘(.*)’", text) for text in (theirs, ours)]
        self.uuids |= zip(*created)

    # Runs.

    def start(self, words, folder="/", **environment):
        settings = {name: self.here(value) for name, value in environment.items()}
        settings |= {"NIXOPS_STANDIN": self.cloud.folder, "NIXOPS_STANDIN_VERSION": self.version}
        settings |= {"NIXOPS_STANDIN_EVALUATED": f"{self.cloud.folder}/evaluated"}
        settings |= {"TMPDIR": self.here("/run/nixops"), "PATH": os.environ["PATH"]}
        settings["NIX_REMOTE"] = "dummy://"  # to evaluate needs no store, and no right to write to it
        command = [str(HERE / "nixops"), *map(self.here, words)]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        there = self.here(folder)
        os.makedirs(there, exist_ok=True)
        return subprocess.Popen(command, cwd=there, env=settings, encoding="utf-8", **streams)

    def ended(self, process, said=""):
        out, err = process.communicate(timeout=WAIT_SECONDS_MAX)
        status = 124 if process.returncode == -signal.SIGTERM else process.returncode  # as timeout(1) tells it
        return Ended(status, out, said + err)

    def replay(self, transcript, meanwhile=None):
        """How our run of its command ended, in their names. `meanwhile` happens while it runs."""
        process = self.start(transcript.words, transcript.folder, **transcript.environment)
        ended = self.ended(process, meanwhile(process) if meanwhile else "")
        self.bind(transcript.ended.err, ended.err)
        return Ended(ended.status, self.there(ended.out), self.there(ended.err))

    def run(self, transcript, *words):
        """Another command, in the folder and the environment of the transcript. It must succeed."""
        ended = self.ended(self.start(words, transcript.folder, **transcript.environment))
        if ended.status != 0:
            raise AssertionError(f"{words}: {ended}")
        return ended

    # What stories do between runs.

    def write(self, path, text):
        path = self.here(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).write_text(self.here(text), encoding="utf-8")

    def write_on_host(self, address, path, text):
        file = Path(self.cloud.host_folder(address), path)
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def state(self):
        return StateFile(self.here("/var/lib/provisioner/deployments.nixops"))

    def adopt(self, exported):
        """Deployments of an export that no command made."""
        sql = self.state().sql
        for uuid, attributes in exported.items():
            resources = attributes.pop("resources")
            sql.execute("insert into Deployments(uuid) values (?)", (uuid,))
            deployment = Deployment(sql, uuid)
            deployment.set(**attributes)
            for name, resource in resources.items():
                deployment.add_resource(name, resource.pop("type"), **resource)
        sql.close()

    def hold_lock(self, uuid):
        """The open lock of a deployment."""
        path = Path(self.here(f"/home/provisioner/.nixops/locks/{uuid}"))
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX)
        return file


def said_until(process, text):
    """Its standard error, up to this text."""
    said = ""
    while text not in said:
        piece = process.stderr.read(1)
        if not piece:
            raise AssertionError(f"it ended before it said {text!r}: {said}")
        said += piece
    return said
