#!/usr/bin/python3 -B
"""A stand-in for hydra-builder: connects to the stand-in queue runner, and "builds" by waiting.

    builder.py PORT_FILE SYSTEMS SUPPORTED MANDATORY MAX_JOBS [PING_SECONDS]

It pings every 0.3 s, unless it is told otherwise. Lists are separated by commas. Its name and its gate, the folder whose free
space it reports, come from HYDRA_BUILDER_NAME and HYDRA_BUILDER_GATE. It connects again when its connection ends, and leaves
on SIGTERM.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path


def names(text):
    return [name for name in text.split(",") if name]


def free_percent(folder):
    found = os.statvfs(folder)
    return 100.0 * found.f_bavail / found.f_blocks


def connect(port, hello):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"POST /tunnel HTTP/1.1\r\nHost: queue\r\n\r\n" + json.dumps(hello).encode() + b"\n")
    return connection


class Tunnel:
    def __init__(self, connection, gate, ping_seconds):
        self.connection = connection
        self.gate = gate
        self.ping_seconds = ping_seconds
        self.lock = threading.Lock()

    def send(self, **message):
        with self.lock:
            self.connection.sendall(json.dumps(message).encode() + b"\n")

    def ping(self):
        try:
            while True:
                self.send(ping=free_percent(self.gate))
                time.sleep(self.ping_seconds)
        except OSError:
            pass

    def build(self, step):
        time.sleep(step["seconds"])
        while step["until"] and not Path(step["until"]).exists():
            time.sleep(0.05)
        try:
            self.send(done=step["step"])
        except OSError:
            pass

    def run(self):
        threading.Thread(target=self.ping, daemon=True).start()
        for line in self.connection.makefile("rb"):
            threading.Thread(target=self.build, args=(json.loads(line),), daemon=True).start()


def main():
    port_file, systems, supported, mandatory, max_jobs, *ping_seconds = sys.argv[1:]
    pause = float(*ping_seconds or ["0.3"])
    Path("/proc/self/comm").write_text("hydra-builder")  # the name by which a machine is told to end it
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    hello = {"hostname": os.environ["HYDRA_BUILDER_NAME"], "systems": names(systems), "maxJobs": int(max_jobs)}
    hello |= {"supportedFeatures": names(supported), "mandatoryFeatures": names(mandatory)}
    while True:
        try:
            port = int(Path(port_file).read_text())
            Tunnel(connect(port, hello), os.environ["HYDRA_BUILDER_GATE"], pause).run()
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr, flush=True)
        time.sleep(pause)


if __name__ == "__main__":
    main()
