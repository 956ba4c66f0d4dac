"""Networks, as the real nix-instantiate evaluates them."""

import json
import os
import re
import zlib

from standin.cloud import read_json, write_json
from standin.errors import BadValue, EvaluationFailed, Failure, Refusal

EXPRESSION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "network.nix")
PLACEHOLDERS = ["@0@", "@1@", "@2@", "@3@"]
STORAGE_NEEDED = """
WARNING: NixOps 1.0 -> 2.0 conversion step required

NixOps 2.0 added support for multiple storage backends.

Upgrade steps:
1. Open {file}
2. Add:
    network.storage.legacy = {{
      databasefile = "~/.nixops/deployments.nixops";
    }};
3. Rerun

See https://nixops.readthedocs.io/en/latest/manual/migrating.html#state-location for more guidance."""


def network_file(folder):
    """The file of a network of 2.x."""
    flake, file = (os.path.join(folder, name) for name in ("flake.nix", "nixops.nix"))
    if os.path.exists(flake) and os.path.exists(file):
        raise BadValue(f"Both flake.nix and nixops.nix exist in {folder}, but only one is allowed")
    if os.path.exists(flake):
        raise Failure("the stand-in knows no flakes")
    if not os.path.exists(file):
        raise BadValue(f"Neither flake.nix nor nixops.nix exists in {folder}")
    return file


def storage_of(file):
    """The one back end that the network of 2.x names. Neither its arguments nor -I are known yet."""
    backends = evaluate("info", [file])["storage"]
    if not backends:
        raise Refusal(STORAGE_NEEDED.format(file=file))
    if len(backends) > 1:
        raise Failure("Invalid property: network.storage can only have one defined storage backend.")
    if backends[0] not in ("legacy", "memory"):
        raise Refusal(f"The network requires the '{backends[0]}' state provider, but no plugin provides it.")
    return backends[0]


def evaluate(what, files, args=(), nix_path=(), name=""):
    """Evaluates `what` of network.nix. The arguments are pairs of name and expression; `name` is the deployment's."""
    arguments = " ".join(f"{nix_string(name)} = {expression};" for name, expression in args)
    paths = " ".join(f"(/. + {nix_string(file)})" for file in files)
    given = f"files = [ {paths} ]; args = {{ {arguments} }}; deploymentName = {nix_string(name)};"
    expression = f"(import {EXPRESSION} {{ {given} }}).{what}"
    flags = [flag for path in nix_path for flag in ("-I", path)]
    command = ["nix-instantiate", "--eval", "--strict", "--json", *flags, "-E", expression]
    search_path = [*nix_path, *os.environ.get("NIX_PATH", "").split(":")]
    given = json.dumps([command, search_path, texts_of(files, ""), texts_in(search_path)])
    folders = {os.path.dirname(file) for file in [*files, os.environ.get("NIXOPS_STANDIN") or "/none/of/them"]}
    return remembered(given, sorted(folders, key=len, reverse=True), lambda: output_of(command))


def output_of(command):
    import subprocess

    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise EvaluationFailed
    return json.loads(done.stdout)


def remembered(given, folders, evaluate):
    """What came of the same before: an evaluation takes as long as all the rest of a call. Failures are not kept.

    The folders of a network have other names in each test, or call, and mean the same.
    """
    kept = os.environ.get("NIXOPS_STANDIN_EVALUATED")
    if not kept:
        return evaluate()
    os.makedirs(kept, exist_ok=True)
    given = replaced(given, folders, PLACEHOLDERS)
    path = f"{kept}/{zlib.crc32(given.encode()):08x}.json"
    known = read_json(path, {})
    if known.get("given") != given:
        known = {"given": given, "result": replaced(json.dumps(evaluate()), folders, PLACEHOLDERS)}
        write_json(path, known)
    return json.loads(replaced(known["result"], PLACEHOLDERS, folders))


def replaced(text, words, others):
    for word, other in zip(words, others):
        text = text.replace(word, other)
    return text


def nix_string(text):
    """The text as a Nix string, as --argstr writes it, too."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("${", "\\${")
    return f'"{escaped}"'


def texts_in(search_path):
    """The texts of the Nix files in its folders."""
    texts = {}
    for folder in (entry.rpartition("=")[2] for entry in search_path):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if name.endswith(".nix"):
                with open(f"{folder}/{name}", encoding="utf-8", errors="replace") as opened:
                    texts[f"{folder}/{name}"] = opened.read()
    return sorted(texts.items())


def texts_of(files, suffix=r"\.nix"):
    """The texts of these files and of all that they name, however deep, as far as the names end in the suffix."""
    texts, waiting = {}, list(files)
    while waiting:
        file = os.path.normpath(waiting.pop())
        if os.path.isdir(file):
            file = f"{file}/default.nix"
        if file in texts or not os.path.isfile(file):
            continue
        with open(file, encoding="utf-8", errors="replace") as opened:
            texts[file] = opened.read()
        named = re.findall(rf"(?:\.{{0,2}}/)[\w.+/-]+{suffix}", texts[file])
        waiting += [os.path.join(os.path.dirname(file), path) for path in named]
    return sorted(texts.items())
