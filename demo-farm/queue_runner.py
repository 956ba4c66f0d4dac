#!/usr/bin/python3
"""A small queue runner, to try out and test hydra-provisioner without Hydra.

It has no database, no evaluation and no web interface. It replaces the one part of Hydra that a
provisioner deals with, and there it behaves like the classic queue runner: its status document,
how it reads the machines file, chooses machines and retries steps. And the builds are real: every
step is a derivation, which Nix builds on the chosen machine over SSH.

    queue_runner.py run --dir DIR --machines FILE --jobs JOBS.json
    queue_runner.py status --dir DIR

JOBS.json is a list of {"name", "system", "features", "seconds", "depends_on" (optional)}. New
jobs may be added to the file while the queue runner runs. A job whose name was built is not built
again, not even by a later run in the same directory.

`status` prints what `hydra-queue-runner --status` would print, and exits as it would.
"""

import argparse
import json
import os
import socket
import sys
import time

# Hydra waits this long for its queue runner.
ANSWER_SECONDS_MAX = 5


def main():
    arguments = parse_arguments()
    if arguments.command == "status":
        return show_status(arguments.dir)
    return run(arguments)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run_parser = commands.add_parser("run", help="build jobs until SIGTERM")
    run_parser.add_argument("--dir", required=True, help="state of the queue runner")
    run_parser.add_argument("--machines", required=True, metavar="FILE")
    run_parser.add_argument("--jobs", required=True, metavar="JOBS.json")
    run_parser.add_argument(
        "--poll", type=float, default=2, metavar="SECONDS", help="how often to read the files"
    )
    run_parser.add_argument(
        "--backoff",
        type=float,
        default=2,
        metavar="SECONDS",
        help="wait this long after a first failure, then three times as long (Hydra: 60)",
    )
    run_parser.add_argument(
        "--abort-unsupported",
        action="store_true",
        help="fail steps that no known machine supports (Hydra's default)",
    )
    status_parser = commands.add_parser("status", help="print the status document")
    status_parser.add_argument("--dir", required=True)
    return parser.parse_args()


def run(arguments):
    # Imported here because they take longer than all of `status`.
    import asyncio
    from pathlib import Path

    from runner import Runner

    directory = Path(arguments.dir).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    runner = Runner(
        directory,
        Path(arguments.machines).resolve(),
        Path(arguments.jobs).resolve(),
        poll=arguments.poll,
        backoff=arguments.backoff,
        abort_unsupported=arguments.abort_unsupported,
    )
    asyncio.run(runner.run())
    return 0


def show_status(directory):
    os.chdir(directory)  # the path of a socket must be short
    stored = stored_status()
    if json.loads(stored)["status"] == "down":
        print(stored)
        return 0
    try:
        print(ask_for_status())
        return 0
    except OSError:
        print(stored)
        print(
            "error: queue runner did not respond; status information may be wrong",
            file=sys.stderr,
        )
        return 1


def stored_status():
    """The document that was written last; as in Hydra, none means down."""
    try:
        with open("status.json", encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return '{"status": "down"}'


def ask_for_status():
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    answer = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS_MAX)
        connection.connect("socket")
        while chunk := connection.recv(65536):
            answer += chunk
            connection.settimeout(max(deadline - time.monotonic(), 0.001))
    if not answer:
        raise ConnectionError("the queue runner is stopping")
    return answer.decode()


if __name__ == "__main__":
    sys.exit(main())
