"""The command line: options, and what becomes of errors."""

import argparse
import contextlib
import os
import sys
import time

from standin import commands
from standin.call import Call, Version, journaled
from standin.errors import EvaluationFailed, Failure, Refusal, traceback


def main(argv):
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    version = Version(os.environ.get("NIXOPS_STANDIN_VERSION", "1.7"))
    with journaled(argv, version) as journal:
        time.sleep(float(os.environ.get("NIXOPS_STANDIN_DELAY", "0")))
        try:
            journal["exit"] = run(argv, version)
        except SystemExit as end:  # of argparse
            journal["exit"] = end.code
    return journal["exit"]


def run(argv, version):
    try:
        arguments = parser(version, argv).parse_args(argv)
        with contextlib.ExitStack() as resources:
            return arguments.run(Call(version, arguments, resources)) or 0
    except Refusal as end:
        sys.stderr.write(f"{end}\n")
    except EvaluationFailed:
        sys.stderr.write("error: evaluation of the deployment specification failed\n")
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
    except Exception as end:  # noqa: BLE001  as the real one does
        failure = end if isinstance(end, Failure) else Failure(f"{type(end).__name__}: {end}")
        sys.stderr.write(traceback(failure, version))
    return 1


class ShowVersion(argparse.Action):
    """Prints the version; the Python 2 of 1.7 does that on standard error."""

    def __init__(self, option_strings, dest, version):
        super().__init__(option_strings, dest, nargs=0)
        self.version = version

    def __call__(self, parser, namespace, values, option_string=None):
        namespace = argparse.Namespace(operation="--version")
        Call(self.version, namespace, None)
        print(f"NixOps {self.version.text}", file=sys.stderr if self.version.old else sys.stdout)
        parser.exit()


class Uncalled:
    """Takes the place of the parser of an operation that is not called: to make all takes longer than most calls."""

    def add_argument(self, *_names, **_settings):
        pass


def plain(prog):
    """Help of a fixed width. By default, every option asks for the terminal's."""
    return argparse.HelpFormatter(prog, width=80)


def parser(version, argv):
    called = next((word for word in argv if not word.startswith("-")), None)
    top = argparse.ArgumentParser(prog="nixops", description="NixOS cloud deployment tool", formatter_class=plain)
    top.register("action", "show version", ShowVersion)
    top.add_argument("--version", action="show version", version=version)
    top.add_argument("--pdb", action="store_true")
    operations = top.add_subparsers(dest="operation", metavar="operation", required=True)

    def operation(name, run, *flags):
        if name != called:
            return Uncalled()
        sub = operations.add_parser(name, formatter_class=plain)
        sub.set_defaults(run=run, all=False, include=[], exclude=[])
        add_common(sub, version)
        for flag in flags:
            sub.add_argument(flag, action="store_true")
        return sub

    def of_machines(sub):
        sub.add_argument("--include", nargs="+", default=[])
        sub.add_argument("--exclude", nargs="+", default=[])

    operation("list", commands.list_deployments)
    create = operation("create", commands.create)
    modify = operation("modify", commands.modify)
    for sub in (create, modify):
        sub.add_argument("--name", "-n")
        if version.old:
            sub.add_argument("nix_exprs", nargs="*", metavar="NIX-FILE")
    set_args = operation("set-args", commands.set_args)
    set_args.add_argument("--arg", nargs=2, action="append", default=[])
    set_args.add_argument("--argstr", nargs=2, action="append", default=[])
    set_args.add_argument("--unset", nargs=1, action="append", default=[])
    operation("export", commands.export, "--all")
    operation("info", commands.info, "--all", "--plain", "--no-eval")
    of_machines(operation("check", commands.check, "--all"))
    flags = ["--check", "--allow-recreate", "--allow-reboot", "--force-reboot", "--kill-obsolete", "--dry-run"]
    of_machines(operation("deploy", commands.deploy, *flags, "--build-only", "--create-only", "--copy-only"))
    of_machines(operation("start", commands.start))
    of_machines(operation("stop", commands.stop))
    of_machines(operation("destroy", commands.destroy, "--all"))
    operation("delete", commands.delete, "--all", "--force")
    ssh = operation("ssh", commands.ssh, "--now")
    ssh.add_argument("machine")
    ssh.add_argument("words", nargs=argparse.REMAINDER)
    for_each = operation("ssh-for-each", commands.ssh_for_each)
    for_each.add_argument("words", nargs=argparse.REMAINDER)
    if not version.old:
        operation("unlock", commands.unlock)
    return top


def add_common(sub, version):
    sub.add_argument("--deployment", "-d")
    sub.add_argument("-I", action="append", default=[], dest="nix_path")
    sub.add_argument("--max-jobs", "-j", type=int)
    sub.add_argument("--cores", type=int)
    sub.add_argument("--option", nargs=2, action="append")
    for flag in ("--debug", "--confirm", "--keep-going", "--show-trace", "--fallback", "--no-build-output"):
        sub.add_argument(flag, action="store_true")
    sub.add_argument("--keep-failed", "-K", action="store_true")
    sub.add_argument("--read-only-mode", action="store_true")
    if version.old:
        sub.add_argument("--state", "-s")
    else:
        sub.add_argument("--network", default=".")
