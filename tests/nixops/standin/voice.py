"""What NixOps says on standard error: lines with the name of a machine before them, some of which grow in pieces."""

import sys


class Voice:
    def __init__(self):
        self.unfinished = False

    def write(self, text):
        sys.stderr.write(text)
        sys.stderr.flush()

    def finish_line(self):
        if self.unfinished:
            self.write("\n")
        self.unfinished = False

    def say(self, text, who=None):
        self.finish_line()
        self.write(f"{who}> {text}\n" if who else f"{text}\n")

    def start(self, text, who=None):
        """Begins a line that more() continues and end() ends."""
        self.finish_line()
        self.write(f"{who}> {text}" if who else text)
        self.unfinished = True

    def more(self, text):
        self.write(text)

    def end(self, text=""):
        self.write(f"{text}\n")
        self.unfinished = False

    def confirm(self, question, answer_is_yes):
        """Asks on standard input. Its end means no."""
        self.start(f"warning: {question} (y/N) ")
        if answer_is_yes:
            self.end("y")
            return True
        answer = sys.stdin.readline().strip()
        self.end()
        return answer in ("y", "Y")
