"""How a command of NixOps fails: what it prints, and its exit status."""


class Failure(Exception):
    """Ends the command with a Python traceback, whose last line is KIND: TEXT."""

    kind = "Exception"

    def last_lines(self, version):
        kind = self.kind.rpartition(".")[2] if version.old else self.kind  # Python 2 leaves the module out
        return f"{kind}: {self}" if str(self) else kind


class CommandFailed(Failure):
    kind = "nixops.util.CommandFailed"


class BadValue(Failure):
    kind = "ValueError"


class AssertionFailed(Failure):
    kind = "AssertionError"


class Ec2Error(Failure):
    kind = "boto.exception.EC2ResponseError"

    def __init__(self, http, code, message):
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        document = f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors>{error}</Errors>'
        super().__init__(f"EC2ResponseError: {http}\n{document}<RequestID>r</RequestID></Response>")


class Refusal(Exception):
    """Ends the command with this text and exit status 1."""


class EvaluationFailed(Exception):
    """nix-instantiate has said why."""


def traceback(failure, version):
    frame = '  File "/usr/lib/nixops/nixops/script_defs.py", line 1, in run\n    operation(args)\n'
    return f"Traceback (most recent call last):\n{frame}{failure.last_lines(version)}\n"
