"""Hosts that share a journal in PostgreSQL, a provider, a machines file and a queue. Each has a state directory of its own."""

import json
import os
import shutil
import signal
import subprocess

from support.exec_farm import ExecDaemonFarm, exec_pool
from support.farm import PLAIN
from support.farm_test import FarmTest
from support.postgres import Postgres
from support.waiting import wait_for


class Host(ExecDaemonFarm):
    def __init__(self, name, where, first=None, **options):
        self.name = name
        super().__init__(journal=where, **options)
        if first:
            self.home = first.home
            self.status = first.status
            self.reads = first.reads
            self.machines_file = first.machines_file
            read = [word.replace(str(self.folder), str(first.folder)) for word in self.options["statusCommand"]]
            self.configure(statusCommand=read, machinesFile=first.machines_file)
            self.configure(pools={PLAIN: exec_pool(first.folder)})

    def command(self, *words):
        """With a host name of its own; it becomes the program."""
        rename = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name]
        return rename + super().command(*words)

    def addresses(self):
        return [machine["address"] for machine in self.machines().values() if machine["address"]]

    def begin(self):
        self.daemon = self.begin_daemon()

    def wait_until_it_leads(self):
        wait_for(lambda: self.leader() == self.name, f"{self.name} leads", self.said)

    def leader(self):
        maker = self.shown().get("passMaker")
        return maker and maker["host"]

    def shown(self):
        ended = self.run("status", self.conf, "--json")
        return json.loads(ended.out) if ended.out else {}

    def pause(self):
        os.kill(self.daemon.pid, signal.SIGSTOP)

    def set_clock_ahead(self, seconds):
        """That of the program, but not that of the queue runner."""
        library = self.folder / "clock.so"
        compile_it = [shutil.which("clang-19") or "clang", "-shared", "-fPIC", "-x", "c", "-", "-o", library]
        subprocess.run(compile_it, input=SHIFTED_CLOCK, text=True, check=True)
        self.environment |= {"LD_PRELOAD": str(library), "CLOCK_AHEAD": str(seconds)}
        self.configure(statusCommand=["env", "-u", "LD_PRELOAD", *self.options["statusCommand"]])

    def go_on(self):
        os.kill(self.daemon.pid, signal.SIGCONT)


SHIFTED_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *time) {
  int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(id, time);
  if (id == CLOCK_REALTIME) time->tv_sec += atol(getenv("CLOCK_AHEAD"));
  return result;
}
"""


class SharedTest(FarmTest):
    kind = Host
    databases = 0

    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.end)

    def database(self):
        """A fresh one."""
        SharedTest.databases += 1
        name = f"farm{SharedTest.databases}"
        self.postgres.run(f"create database {name}")
        return self.postgres.where.replace("dbname=postgres", f"dbname={name}")

    def host(self, name, where, first=None, **options):
        host = self.kind(name, where, first, **options)
        self.addCleanup(host.end)
        return host

    def two_hosts(self, **options):
        where = self.database()
        first = self.host("alpha", where, **options)
        return first, self.host("beta", where, first, **options)

    def two_daemons(self, **options):
        """alpha leads and has a machine that is needed; beta stands by."""
        alpha, beta = self.two_hosts(**options)
        alpha.queue(runnable=1)
        alpha.begin()
        alpha.wait_for_machines(1)
        beta.begin()
        beta.wait_until_said("alpha leads (process ")
        return alpha, beta
