"""Shells at which a line is typed, as by a user: with a TAB, and then with Enter."""

import os
import pty
import re
import select
import subprocess
import time
import tty
from typing import NamedTuple

from support.farm import ROOT
from support.waiting import WAIT_SECONDS_MAX

COMPLETIONS = ROOT / "completions"
# The program as the shells see it: it completes, and says with which words it was called instead of running.
STAND_IN = """#!/bin/sh
[ "$1" = complete ] && exec "$PROGRAM" "$@"
printf 'ran:'
printf '[%s]' "$@"
printf '\\n'
"""


class Typed(NamedTuple):
    words: list  # that the program got
    shown: set  # what the shell offered, word by word; it may contain words of the line and of descriptions


def make_stand_in(farm):
    """In a folder that is the first of the PATH."""
    folder = farm.folder / "bin"
    folder.mkdir()
    (folder / "hydra-provisioner").write_text(STAND_IN)
    (folder / "hydra-provisioner").chmod(0o755)
    own = {"PATH": f"{folder}:{os.environ['PATH']}", "PROGRAM": str(farm.program), "HOME": str(farm.folder)}
    places = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"), str(farm.folder / "shell"))
    return own | places | {"TERM": "xterm", "LANG": "C.UTF-8", "STATE_DIRECTORY": str(farm.state)}


class Shell:
    """On a terminal of its own. `setup` is typed first."""

    def __init__(self, farm, command, setup):
        self.ours, theirs = pty.openpty()
        tty.setraw(theirs)
        environment = farm.environment | make_stand_in(farm)
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
        self.process = subprocess.Popen(command, env=environment, cwd=farm.folder, start_new_session=True, **streams)
        os.close(theirs)
        self.type(f"{setup}; echo set''up\n")
        self.read_until("setup\n")

    def end(self):
        os.close(self.ours)  # SIGHUP
        self.process.kill()
        self.process.wait()

    def type(self, text):
        os.write(self.ours, text.encode())

    def complete(self, line):
        self.type(f"{line}\t\n")
        printed = self.read_until(r"ran:.*\n")
        before, ran = printed.rsplit("ran:", 1)
        return Typed(re.findall(r"\[(.*?)\]", ran.splitlines()[0]), set(before.split()))

    def read_until(self, pattern):
        """Without the codes of the terminal."""
        text, end = "", time.monotonic() + WAIT_SECONDS_MAX
        while not re.search(pattern, text):
            if not select.select([self.ours], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"no {pattern!r} in {text!r}")
            text += re.sub(r"\x1b(\[[0-9;?]*[a-zA-Z]|[=>]|\(.)|\x07", "", os.read(self.ours, 65536).decode())

        return text


def bash(farm):
    settings = ("show-all-if-ambiguous on", "page-completions off", "completion-query-items 0", "enable-bracketed-paste off")
    binds = "; ".join(f"bind 'set {setting}'" for setting in settings)
    return Shell(farm, ["bash", "--norc", "--noprofile", "-i"], f"{binds}; source {COMPLETIONS}/hydra-provisioner.bash")


def zsh(farm):
    settings = "LISTMAX=10000; unsetopt prompt_sp list_ambiguous; zstyle ':completion:*' list-prompt ''"
    load = f"fpath=({COMPLETIONS} $fpath); autoload -U compinit; compinit -u -D"
    return Shell(farm, ["zsh", "-f", "-i"], f"{settings}; {load}")


class Fish:
    """Its own command says what it would offer, and how a line would go on."""

    def __init__(self, farm):
        self.farm = farm
        self.environment = make_stand_in(farm)

    def end(self):
        pass

    def complete(self, line):
        script = f"source {COMPLETIONS}/hydra-provisioner.fish; complete -C $argv[1]"
        asked = self.farm.run_command(["fish", "--no-config", "-c", script, line], **self.environment)
        if asked.err:
            raise AssertionError(asked)
        values = [offered.split("\t")[0] for offered in asked.out.splitlines()]
        _, *words, last = line.split(" ")
        return Typed([*words, values[0] if len(values) == 1 else last], set(values))
