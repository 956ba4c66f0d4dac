"""What is to go wrong with a call, as faults.json of the cloud says."""

import os
import signal
import sys
import time

from standin.cloud import read_json, write_json
from standin.errors import AssertionFailed, Failure

SUDDEN = ("die", "fail", "hang", "slow", "says", "assert")  # at once, unless they say at which point


class Faults:
    def __init__(self, cloud, command, voice):
        self.cloud = cloud
        self.command = command
        self.voice = voice
        self.taken = []

    def begin(self):
        """Takes the faults that hold for any deployment."""
        self.take(lambda fault: "deployment" not in fault)

    def concern(self, *names):
        """Takes the faults that hold for the deployment of these names, which the call is about."""
        self.take(lambda fault: fault.get("deployment", "") in names)

    def take(self, holds):
        if not self.cloud or not os.path.exists(f"{self.cloud.folder}/faults.json"):
            return
        with self.cloud.lock():
            faults = self.cloud.faults()
            taken = [f for f in faults if self.command in commands(f) and holds(f) and f.get("times", 1) > 0]
            for fault in taken:
                if "times" in fault:
                    fault["times"] -= 1
            if any("times" in fault for fault in taken):
                write_json(f"{self.cloud.folder}/faults.json", faults)
        self.taken += taken
        for fault in taken:
            if fault["fault"] in SUDDEN and "at" not in fault:
                self.commit(fault)

    def find(self, kind):
        return next((fault for fault in self.taken if fault["fault"] == kind), None)

    def point(self, name):
        """The call has come to the point of this name."""
        for fault in self.taken:
            if fault["fault"] in SUDDEN and fault.get("at") == name:
                self.commit(fault)

    def commit(self, fault):
        match fault["fault"]:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "fail":
                raise Failure(fault.get("message", "a fault that was asked for"))
            case "assert":
                raise AssertionFailed(fault.get("message", ""))
            case "hang":
                hang(self.voice, fault.get("machine", "machine"))
            case "slow":
                time.sleep(fault["seconds"])
            case "says":
                stream = sys.stdout if fault.get("to") == "stdout" else sys.stderr
                stream.flush()
                stream.buffer.write(fault["text"].encode(fault.get("encoding", "utf-8")))
                stream.flush()


def commands(fault):
    command = fault["command"]
    return [command] if isinstance(command, str) else command


def hang(voice, machine):
    """Hangs for ever. The first dots come quickly."""
    voice.start("waiting for SSH...", machine)
    pause = 0.01
    while True:
        time.sleep(pause)
        voice.more(".")
        pause = min(pause * 2, 1)
