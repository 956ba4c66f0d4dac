"""Real builds with Nix: from jobs to derivations, and from a derivation to its output.

The queue runner has a Nix store of its own, in its directory. A step is realised in it by
`nix-store --realise` with no local jobs and one remote machine, so that Nix' own build hook does
what Hydra does: it connects to the machine with `ssh … nix-store --serve --write`, copies the
inputs, has the derivation built there and copies the output back.
"""

import asyncio
import json
import os
import re
import signal
from pathlib import Path

from dispatcher import Result, Step

JOBS_NIX = Path(__file__).resolve().parent / "jobs.nix"
END_SECONDS_MAX = 5

NIX_CONFIG = """
max-jobs = 0
substituters =
build-users-group =
"""

# Nix adds the key of column 3 (-i) and the host key of column 8 (UserKnownHostsFile) itself.
SSH_OPTIONS = [
    "-F/dev/null",
    "-oBatchMode=yes",
    "-oStrictHostKeyChecking=yes",
    "-oGlobalKnownHostsFile=/dev/null",
    "-oIdentitiesOnly=yes",
    "-oConnectTimeout=10",
    # Without these a machine that vanishes would keep its steps for hours.
    "-oServerAliveInterval=5",
    "-oServerAliveCountMax=3",
]

# The build hook reports like this that the machine answered, and refused or failed to build.
BUILD_FAILED = re.compile(r"^error: build of '\S+' on '\S+' failed: (.*)", re.MULTILINE)

# Nix prints this after it has lost a machine; the line before it says what happened.
LOST_CONCLUSION = re.compile(r"^(?:Failed to find a machine|error: builder for )", re.MULTILINE)


class NixError(Exception):
    pass


class NixBuilds:
    def __init__(self, directory):
        """`directory` is absolute; all files of Nix and ssh are in it."""
        self.directory = directory
        self.logs = directory / "logs"
        self.temporary = directory / "tmp"
        self.logs.mkdir(exist_ok=True)
        self.temporary.mkdir(exist_ok=True)

    async def instantiate(self, jobs_text):
        """Makes the steps of a JSON list of jobs. Raises NixError if they are wrong."""
        jobs_file = self.temporary / "jobs.json"
        jobs_file.write_text(jobs_text)
        process = await self.spawn(
            ["nix-instantiate", str(JOBS_NIX), "--argstr", "jobsFile", str(jobs_file)],
            stderr=asyncio.subprocess.PIPE,
        )
        stdout, stderr = await process.communicate()
        if process.returncode != 0:
            raise NixError(first_error(stderr.decode(errors="replace")))
        drvs = {drv_name(drv): drv for drv in stdout.decode().split()}
        return [make_step(job, drvs[job["name"]]) for job in json.loads(jobs_text)]

    async def build(self, step, line):
        """Builds a step on the machine of a line: the Result, and the output or the reason."""
        log_path = self.logs / f"{step.name}-{step.tries}.log"
        with open(log_path, "wb") as log:
            process = await self.spawn(
                ["nix-store", "--realise", step.drv, "--builders", builder_line(line)],
                ssh_options=ssh_options(line),
                stderr=log,
            )
        try:
            stdout, _ = await process.communicate()
        except asyncio.CancelledError:
            await end(process)
            raise
        if process.returncode == 0:
            return Result.BUILT, self.read_output(stdout.decode().strip())
        messages = log_path.read_text(errors="replace")
        if failed := BUILD_FAILED.search(messages):
            return Result.FAILED, failed[1]
        return Result.LOST, last_line(LOST_CONCLUSION.split(messages)[0])

    async def spawn(self, command, stderr, ssh_options=()):
        """Starts a command in a session of its own. It is terminated when this process ends."""
        return await asyncio.create_subprocess_exec(
            *["setpriv", "--pdeathsig", "TERM", "--", *command],
            env=self.environment(ssh_options),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )

    def environment(self, ssh_options):
        """Leaves out the Nix and ssh configuration of the user and the host."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "TMPDIR": str(self.temporary),
            "NIX_REMOTE": str(self.directory / "store"),
            "NIX_CONF_DIR": str(self.directory),
            "NIX_USER_CONF_FILES": "/dev/null",
            "NIX_CONFIG": NIX_CONFIG,
            "NIX_SSHOPTS": " ".join(ssh_options),
        }

    def read_output(self, store_path):
        return (self.directory / "store" / store_path.lstrip("/")).read_text().strip()


def drv_name(drv):
    """The name of /nix/store/<32 characters of hash>-<name>.drv"""
    return os.path.basename(drv)[33:].removesuffix(".drv")


def make_step(job, drv):
    return Step(
        name=job["name"],
        system=job["system"],
        features=frozenset(job["features"]),
        depends_on=tuple(job.get("depends_on", ())),
        drv=drv,
    )


def builder_line(line):
    # Older versions of Nix refuse a speed factor such as 1.5; with one machine it has no effect.
    columns = line.text.split()
    columns[4] = "1"
    return " ".join(columns)


def ssh_options(line):
    # A machine without a host key must fail, even if the user has it in known_hosts.
    return SSH_OPTIONS + (["-oUserKnownHostsFile=/dev/null"] if line.host_key == "-" else [])


def first_error(messages):
    error = re.search("^error: .*", messages, re.MULTILINE)
    return error[0] if error else last_line(messages)


def last_line(messages):
    lines = messages.strip().splitlines()
    return lines[-1] if lines else "no message"


async def end(process):
    """Ends a build. On SIGTERM Nix ends its hook and ssh itself."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            await asyncio.wait_for(process.wait(), END_SECONDS_MAX)
            return
        except ProcessLookupError:
            return
        except TimeoutError:
            continue
