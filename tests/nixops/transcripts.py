"""Transcripts of the real NixOps: what was run, and what came of it."""

import json
import re
import shlex
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).resolve().parents[1] / "data/nixops"


class Ended(NamedTuple):
    status: int
    out: str
    err: str


class Transcript(NamedTuple):
    name: str
    environment: dict
    folder: str
    words: list
    ended: Ended


def read_transcripts(file):
    texts = re.split(r"^=== ", (DATA / file).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {transcript.name: transcript for transcript in map(parse, texts)}


def parse(text):
    name, command, settings, rest = text.split("\n", 3)
    environment = dict(setting.split("=", 1) for setting in settings[1:-1].split(" "))
    words = shlex.split(command.removeprefix("$ "))
    if words[0] == "env":
        environment |= [words[1].split("=", 1)]
    words = words[words.index("nixops") + 1 :]
    body, status = re.fullmatch(r"(.*)--- exit (\d+), .*", rest.strip(), flags=re.DOTALL).groups()
    streams = dict(re.findall(r"^--- (stdout|stderr)\n(.*?)(?=^--- |\Z)", body, flags=re.DOTALL | re.MULTILINE))
    ended = Ended(int(status), streams.get("stdout", ""), streams.get("stderr", ""))
    return Transcript(name, environment, environment.pop("cwd"), words, ended)


# What varies, each with what stands for it.
VARYING = [
    (r"/tmp\w{8}nixops/state\.nixops", "/state.nixops"),
    (r"(nixops(-ssh)?-tmp)\w{8}\b", r"\1"),
    (r"\bi-[0-9a-f]{17}\b", "INSTANCE"),
    (r"ssh-ed25519 [\w+/=]+", "ssh-ed25519 KEY"),
    (r"(-----BEGIN OPENSSH PRIVATE KEY-----\\n).*?(\\n-----END)", r"\1KEY\2"),
    (r'("(?:creationTime|startTime)": )"\d+"', r'\1"TIME"'),
    (r"\b\d\.\d\d \d\.\d\d \d\.\d\d\b", "LOAD"),
    (r"(Traceback .*\n)(?:  .*\n)*", r"\1"),
    (r"(waiting for SSH\.\.\.)\.+", r"\1"),
    (r"(?m)^warning: the group 'nixbld' specified in 'build-users-group' does not exist\n", ""),
]


def normal(text):
    """Without what varies. Paths of the store are numbered, as they come."""
    text = sorted_if_json(text)
    for pattern, replacement in VARYING:
        text = re.sub(pattern, replacement, text)
    paths = {}
    numbered = lambda found: f"/nix/store/{paths.setdefault(found[0], len(paths))}-"  # noqa: E731
    return re.sub(r"/nix/store/[a-z0-9]{32}-", numbered, text).rstrip("\n")


def sorted_if_json(text):
    """An export begins with UUIDs, which are in another order when others stand in their places."""
    comma = ", " if ", \n" in text else ","
    try:
        return json.dumps(json.loads(text), indent=2, sort_keys=True, separators=(comma, ": "))
    except ValueError:
        return text


def comparable(text):
    """Of what Nix says about an error, the first and the last line: where it looked on the way is its own affair."""
    lines = normal(text).split("\n")
    is_trace = lines[0].startswith("error: ") and any(line.startswith("       at ") for line in lines)
    return "\n".join([lines[0], lines[-1]] if is_trace else lines)


def differences(expected, seen):
    """Of two ends, by the name of the part."""
    pairs = {
        "status": (expected.status, seen.status),
        "out": (normal(expected.out), normal(seen.out)),
        "err": (comparable(expected.err), comparable(seen.err)),
    }
    return {part: pair for part, pair in pairs.items() if pair[0] != pair[1]}
