#!/usr/bin/python3 -BS
"""A provider like provider.py, whose machines connect to a queue runner by themselves: see build-machine.

Its further settings are `operatorKey`, the file with the public key that may log in, and `builder`, a command that gets
systems, features and the number of jobs as arguments. It also keeps, beside the requests, what was run on machines over
SSH in the file `orders`, and how their gates were when they were destroyed in the file `destroyed`.
"""

import os
import subprocess
import time
from os.path import exists

from provider import SSHD, Provider, main, note, text_of, write

BUILD_MACHINE = f"{os.path.dirname(os.path.realpath(__file__))}/build-machine"
NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
LOGIN = "AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\n"
ORDERED = r"\"$SSH_ORIGINAL_COMMAND\""
NOTED = rf'command="echo {{machine}} {ORDERED} >> {{home}}/orders; exec sh -c {ORDERED}" {{key}}'


class JoiningProvider(Provider):
    def boot(self):
        self.let_operator_in()
        self.forget_pid()
        command = [*NAMESPACES, BUILD_MACHINE, self.folder, *self.builder()]
        environment = os.environ | {"HYDRA_BUILDER_NAME": self.request["builder"]["name"]}
        with open(f"{self.folder}/log", "ab") as log:
            streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            subprocess.Popen(command, env=environment, start_new_session=True, **streams)
        while not exists(f"{self.folder}/sshd.pid"):
            time.sleep(0.01)

    def let_operator_in(self):
        text = SSHD.replace("AuthorizedKeysFile none\n", LOGIN)
        text = text.format(address=self.record(self.machine)["address"], folder=self.folder)
        write(f"{self.folder}/sshd_config", text)
        key = text_of(self.request["settings"]["operatorKey"])
        write(f"{self.folder}/authorized_keys", NOTED.format(machine=self.machine, home=self.home, key=key))

    def builder(self):
        its = self.request["builder"]
        lists = [",".join(its[name]) for name in ("systems", "supportedFeatures", "mandatoryFeatures")]
        return [*self.request["settings"]["builder"], *lists, str(its["maxJobs"])]

    def destroy(self):
        pid = self.pid(self.machine)
        if pid and not self.is_foreign():
            is_closed = os.statvfs(f"/proc/{pid}/root/run/hydra-gate").f_bavail == 0
            note(self.request, "destroyed", [self.machine, "closed" if is_closed else "open"])
        return super().destroy()

    def pid(self, machine):
        """Of a process that ends with the machine; also while its creation is interrupted. 0: it does not run."""
        words = "\0".join([BUILD_MACHINE, self.folder_of(machine), ""])
        for pid in filter(str.isdecimal, os.listdir("/proc")):
            try:
                command = text_of(f"/proc/{pid}/cmdline")
            except OSError:  # it has just ended
                continue
            if words in command:
                return int(pid)
        return 0


if __name__ == "__main__":
    main(JoiningProvider)
