"""A farm that a daemon looks after, while the queue changes under it."""

import os
import socket

from support.farm import PLAIN, Farm, pool
from support.farm_test import FarmTest
from support.nix_text import Expression
from support.nixops_farm import EC2, nixops_pool
from support.waiting import wait_for

NOW = "@now@"
BENCHMARK = f"{PLAIN}:benchmark"


class DaemonFarm(Farm):
    """Its status always tells the present time, and what is said of the queue holds from then on. Only passes read it, unless a
    test says otherwise."""

    def __init__(self, **options):
        super().__init__(**{"interval": 1, "statusInterval": 0} | options)
        self.reads = self.folder / "status-reads"
        self.reads.touch()
        read = f"echo >> '{self.reads}'; exec sed \"s/\\\"{NOW}\\\"/$(date +%s)/\" '{self.status.path}'"
        self.configure(statusCommand=["sh", "-c", read])
        self.queue()

    def queue(self, **what):
        super().queue(**{"time": NOW} | what)
        self.status.write()

    def retire(self):
        self.queue = super().queue  # of passes that a test runs, each is told the time
        super().retire()

    def idle(self):
        """No work, and nothing runs on any machine."""
        entry = {"enabled": False, "currentJobs": 0, "idleSince": 1}
        self.queue(machines={f"root@{address}": entry for address in self.addresses()})

    def addresses(self):
        return [address for (address,) in self.journal("select address from machines where address <> ''")]

    def begin_daemon(self, *options):
        return self.spawn(self.command("daemon", self.conf, *options), self.folder / "daemon.log")

    def said(self):
        return (self.folder / "daemon.log").read_text()

    def wait_until_said(self, text, times=1):
        wait_for(lambda: self.said().count(text) >= times, f"the daemon says {text!r}", self.said)

    def wait_for_machines(self, number):
        """So many are in the machines file."""
        there = self.machines_file.exists
        wait_for(lambda: there() and len(self.listed()) == number, f"{number} machines are listed", self.said)

    def wait_for_passes(self, number=2):
        """So many that begin from now on, and end; each reads the status once."""
        enough = self.reads.stat().st_size + number + 1
        wait_for(lambda: self.reads.stat().st_size >= enough, f"{number} more passes", self.said)


class ServiceManager:
    """The socket on which a service tells how it is."""

    def __init__(self, farm):
        self.path = farm.folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)
        self.told = []
        farm.environment["NOTIFY_SOCKET"] = str(self.path)

    def close(self):
        self.socket.close()
        self.path.unlink()

    def has_heard(self, text):
        while True:
            try:
                self.told.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return any(text in told for told in self.told)

    def wait_for(self, text):
        wait_for(lambda: self.has_heard(text), f"the service manager is told {text!r}", lambda: self.told)


class DaemonTest(FarmTest):
    def farm(self, **options):
        farm = DaemonFarm(**options)
        self.addCleanup(farm.end)
        return farm

    def farm_with_daemon(self, **options):
        """One of a machine that is needed."""
        farm = self.farm(**options)
        farm.queue(runnable=1)
        farm.daemon = farm.begin_daemon()
        farm.wait_for_machines(1)
        return farm

    def farm_with_nixops(self, script):
        """A daemon's farm with a local type and a NixOps type; its `nixops` runs this script, but knows --version."""
        farm = self.farm(pools={PLAIN: pool(), BENCHMARK: nixops_pool(nixopsExpr=Expression("./deployment.nix"))})
        (farm.folder / "deployment.nix").write_text(EC2)
        (farm.folder / "bin").mkdir()
        nixops = farm.folder / "bin/nixops"
        nixops.write_text(f'#!/bin/sh\ncase "$1" in --version) echo "NixOps 1.7";; *) {script};; esac\n')
        nixops.chmod(0o755)
        farm.environment["PATH"] = f"{farm.folder}/bin:{os.environ['PATH']}"
        farm.daemon = farm.begin_daemon()
        farm.queue(runnable=1)
        return farm

    def stop(self, farm):
        farm.daemon.terminate()
        self.assertEqual(farm.daemon.wait(60), 0, farm.said())
