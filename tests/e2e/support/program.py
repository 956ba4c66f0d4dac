"""What makes a file of tests a program: a network and processes of its own.

    test_x.py             runs all tests, as root
    test_x.py CLASS       runs those of a class
"""

import os
import subprocess
import sys
import unittest

INSIDE = "HYDRA_PROVISIONER_E2E_INSIDE"


def main():
    if os.geteuid() != 0:
        sys.exit(f"{sys.argv[0]}: needs root, to listen on port 22 and to make namespaces; use sudo")
    if INSIDE not in os.environ:
        enter_own_namespaces()
    if os.getpid() == 1:
        reap_while_a_child_goes_on()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where sshd is
    return unittest.main(verbosity=2)


def enter_own_namespaces():
    """Starts this program again. All of 127.0.0.0/8 is then its own, it sees no processes but those that it starts, and these
    and its mounts end with it."""
    os.environ[INSIDE] = "yes"
    namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = ["unshare", *namespaces, sys.executable, "-B", *sys.argv]
    os.execvp(command[0], command)


def reap_while_a_child_goes_on():
    """The first process of a namespace inherits all orphans there. The tests themselves run in a child, which returns from here."""
    child = os.fork()
    if child == 0:
        return
    while True:
        ended, status = os.wait()
        if ended == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
