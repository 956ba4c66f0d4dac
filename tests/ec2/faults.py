"""What goes wrong. FOLDER/faults.json is a list; the first fault that fits a request happens.

    {"action": "RunInstances",      # the requests; by default all
     "with": {"InstanceType": "x"}, # … only those with these parameters
     "times": 2,                    # how often; by default always
     "before": ANSWER,              # the answer, without carrying out the request
     "instead": {"MaxResults": 5},  # carries it out with these parameters changed
     "after": ANSWER}               # the answer, after carrying out the request

An ANSWER is {"code", "message", "status"}, an error of EC2; {"text", "status"}; {"megabytes": N};
{"cut": N}, the first N bytes of the true answer; {"replace": [pattern, text]} in the true answer;
{"seconds": N, …}, an answer after that time; {"drop": true}, no answer.
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
        self.taken = {}  # how often each fault happened, by its JSON

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
            message = what.get("message", "as the test requires")
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
