"""Hosts in network namespaces of their own, with addresses of services that they can be cut off from, as by a firewall that drops
packets. The services listen in the namespace of the tests, which has all routes; with it, all this ends."""

import os
import subprocess
import unittest
from pathlib import Path

from support.waiting import WAIT_SECONDS_MAX, wait_for

HOSTS = "10.87.0"
GATEWAY = f"{HOSTS}.254"  # so that hosts need not look for the addresses of services on their links, which would be refused
SERVICES = "10.85"  # each has a network of its own, of which all addresses are this machine's
HIGHEST_FIRST = "10"  # before the rule for local addresses, which is moved to LOCAL
LOCAL = "20"


def ip(*words):
    return subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, encoding="utf-8").stdout


class Network:
    def __init__(self):
        self.hosts = []
        self.cuts = set()
        self.services = 0
        try:
            self.set_rules("add", "192.0.2.1", "192.0.2")
        except subprocess.CalledProcessError as error:
            if "not supported" in error.stderr:
                raise unittest.SkipTest(f"the kernel has no rules that drop packets: {error.stderr}") from None
            raise
        self.set_rules("del", "192.0.2.1", "192.0.2")
        ip("rule", "add", "pref", LOCAL, "lookup", "local")
        ip("rule", "del", "pref", "0")
        ip("addr", "add", f"{GATEWAY}/32", "dev", "lo")

    def service(self):
        """The first three numbers of the addresses of a new one."""
        network = f"{SERVICES}.{self.services}"
        self.services += 1
        ip("route", "add", "local", f"{network}.0/24", "dev", "lo")
        return network

    def host(self):
        """One more."""
        host = NetworkHost(f"{HOSTS}.{len(self.hosts) + 1}")
        self.hosts.append(host)
        return host

    def cut(self, host, service):
        """From now on, what one sends to the other is dropped."""
        self.cuts.add((host.address, service))
        self.set_rules("add", host.address, service)

    def mend(self):
        while self.cuts:
            self.set_rules("del", *self.cuts.pop())

    @staticmethod
    def set_rules(verb, address, service):
        for pair in (("from", address, "to", f"{service}.0/24"), ("from", f"{service}.0/24", "to", address)):
            ip("rule", verb, "pref", HIGHEST_FIRST, *pair, "blackhole")

    def end(self):
        self.mend()
        while self.hosts:
            self.hosts.pop().end()
        for number in range(self.services):
            ip("route", "del", "local", f"{SERVICES}.{number}.0/24", "dev", "lo")
        ip("addr", "del", f"{GATEWAY}/32", "dev", "lo")
        ip("rule", "add", "pref", "0", "lookup", "local")
        ip("rule", "del", "pref", LOCAL)


class NetworkHost:
    def __init__(self, address):
        self.address = address
        self.keeper = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        ours = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(self.file) != ours, "there is a network namespace")
        link = f"host{self.keeper.pid}"
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", self.keeper.pid)
        ip("link", "set", link, "up")
        ip("route", "add", address, "dev", link)
        for command in (["link", "set", "lo", "up"], ["addr", "add", f"{address}/32", "dev", "eth0"],
                        ["link", "set", "eth0", "up"], ["route", "add", "default", "via", GATEWAY, "dev", "eth0", "onlink"]):
            subprocess.run([*self.inside(), "ip", *command], check=True)

    @property
    def file(self):
        return Path(f"/proc/{self.keeper.pid}/ns/net")

    def inside(self):
        """What to put in front of a command."""
        return ["nsenter", f"--net={self.file}"]

    def end(self):
        """The link to it ends with it."""
        self.keeper.terminate()
        self.keeper.wait(WAIT_SECONDS_MAX)
