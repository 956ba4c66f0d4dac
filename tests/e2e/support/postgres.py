"""A PostgreSQL of a test's own, on a socket in a temporary folder, with Hydra's tables if they are wanted."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from support.waiting import WAIT_SECONDS_MAX, wait_for

USER = {"user": "nobody", "group": "nogroup"}  # PostgreSQL refuses to run as root

HYDRA_TABLES = """
create table Builds (
  id integer primary key, timestamp integer not null, job text not null, drvPath text not null,
  finished integer not null default 1, jobset_id integer not null default 1, system text not null default 'x86_64-linux');
create table BuildSteps (
  build integer not null, stepnr integer not null, type integer not null, drvPath text, busy integer not null,
  status integer, errorMsg text, startTime integer, stopTime integer, machine text not null default '', system text,
  propagatedFrom integer, overhead integer, timesBuilt integer, isNonDeterministic boolean,
  primary key (build, stepnr));
create index IndexBuildStepsOnBusy on BuildSteps(busy) where busy != 0;
create index IndexBuildStepsOnStopTime on BuildSteps(stopTime desc) where startTime is not null and stopTime is not null;
create index IndexBuildsOnFinished on Builds(finished) where finished = 0;
"""


class Postgres:
    def __init__(self, original=None, address="", rules=None):
        """A server with nothing in it, or a copy that follows the original. Besides its socket, it may listen at an address. The
        rules are pg_hba.conf's for those who come from there."""
        self.address = address
        self.folder = Path(tempfile.mkdtemp(prefix="hpt-pg-", dir="/tmp"))
        shutil.chown(self.folder, **USER)
        self.programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
        if original:
            where = ["-h", original.folder, "-U", "hydra", "-D", self.folder / "data"]
            self.call("pg_basebackup", *where, "-R", "--checkpoint=fast", "--no-sync")
        else:
            self.call("initdb", "-D", self.folder / "data", "-U", "hydra", "-A", "trust", "--no-sync", "--locale=C")
        if rules:
            (self.folder / "data/pg_hba.conf").write_text(f"local all all trust\n{rules}\n")
        self.start()

    def set(self, settings):
        """Lines of postgresql.conf, which the server has from now on."""
        with open(self.folder / "data/postgresql.conf", "a", encoding="utf-8") as file:
            file.write(settings)
        self.restart()

    def own(self, file):
        """A file of its folder becomes the server's."""
        shutil.chown(self.folder / file, **USER)

    def promote(self):
        """A copy becomes a server of its own, as it is now."""
        self.call("pg_ctl", "promote", "-D", self.folder / "data")

    def start(self):
        options = ["-D", self.folder / "data", "-k", self.folder, "-h", self.address, "-F"]
        with open(self.folder / "log", "ab") as log:
            command = [self.programs / "postgres", *options]
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, **USER)
        wait_for(self.answers, "PostgreSQL answers", (self.folder / "log").read_text)

    def ask(self, where, sql):
        """The first row, with | between its fields."""
        command = [self.programs / "psql", "-d", where, "-At", "-c", sql]
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.strip()

    def stop(self):
        self.process.send_signal(signal.SIGINT)  # without waiting for those who are connected
        self.process.wait(WAIT_SECONDS_MAX)

    def kill(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(WAIT_SECONDS_MAX)

    def restart(self):
        self.stop()
        self.start()

    @property
    def where(self):
        return f"host={self.folder} user=hydra dbname=postgres"

    def call(self, program, *words):
        command = [self.programs / program, *words]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=WAIT_SECONDS_MAX, **USER)

    def answers(self):
        return subprocess.run(
            [self.programs / "pg_isready", "-h", self.folder], capture_output=True, check=False
        ).returncode == 0

    def run(self, sql):
        words = ["-h", self.folder, "-U", "hydra", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-q", "-c", sql]
        self.call("psql", *words)

    def value(self, sql):
        """The first field of its first row."""
        words = ["-h", self.folder, "-U", "hydra", "-d", "postgres", "-At", "-c", sql]
        command = [self.programs / "psql", *words]
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", timeout=WAIT_SECONDS_MAX).stdout.strip()

    def end(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder)
