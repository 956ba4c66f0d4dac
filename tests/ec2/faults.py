"""What goes wrong, as FOLDER/faults.json says: a list, of which the first that fits a request is taken.

    {"action": "RunInstances",      # which requests; without it all
     "with": {"InstanceType": "x"}, # … that have these parameters
     "times": 2,                    # how often; without it always
     "before": ANSWER,              # instead of doing it
     "instead": {"MaxResults": 5},  # having changed these parameters
     "after": ANSWER}               # having done it

An ANSWER is {"code", "message", "status"}, an error of EC2's; {"text", "status"}; {"megabytes": N};
{"cut": N}, the true answer's first N bytes; {"replace": [pattern, text]} in the true answer;
{"seconds": N, …}, later; {"drop": true}, none at all.
"""

import json
import os
import re
import threading
import time


class Faults:
    def __init__(self, folder):
        self.path = folder / "faults.json"
        self.lock = threading.Lock()
        self.taken = {}  # how often, by text

    def take(self, parameters):
        with self.lock:
            for fault in json.loads(self.path.read_text()) if self.path.exists() else []:
                name = json.dumps(fault, sort_keys=True)
                fits = fault.get("action") in (None, parameters["Action"])
                fits = fits and all(parameters.get(key) == value for key, value in fault.get("with", {}).items())
                if fits and self.taken.get(name, 0) < fault.get("times", float("inf")):
                    self.taken[name] = self.taken.get(name, 0) + 1
                    return fault
        return None

    def answer(self, what, text=b""):
        time.sleep(what.get("seconds", 0))
        if "code" in what:
            message = what.get("message", "as the test wants it")
            error = f"<Error><Code>{what['code']}</Code><Message>{message}</Message></Error>"
            return what.get("status", 400), f"<Response><Errors>{error}</Errors></Response>".encode()
        if "megabytes" in what:
            return 200, b" " * (what["megabytes"] << 20)
        if "cut" in what:
            return 200, text[: what["cut"]]
        if "replace" in what:
            pattern, replacement = what["replace"]
            return 200, re.sub(pattern, replacement, text.decode(), flags=re.DOTALL).encode()
        if "text" in what:
            return what.get("status", 200), what["text"].encode()
        if "drop" in what:
            raise ConnectionAbortedError
        return 200, text


def write_faults(folder, faults):
    new = folder / "faults.new"
    new.write_text(json.dumps(faults))
    os.replace(new, folder / "faults.json")
