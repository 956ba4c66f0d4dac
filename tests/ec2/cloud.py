"""EC2 for tests: a proxy before moto that adds what moto lacks. Run by the Python of build/moto.

    cloud.py FOLDER PORT MOTO_PORT

Before each request goes to moto:
- botocore checks its signature;
- a request with a known client token gets the answer of the first one, or an error if it is a different request;
- FOLDER/faults.json says what goes wrong: see faults.py.
Afterwards each new instance boots: it is an sshd at a loopback address, with the host key from its user data, which is
read as NixOS reads it. FOLDER/calls.jsonl records every request.
"""

import json
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs

from faults import Faults
from machines import Machines
from signatures import error_of_signature

SECRET = "UserData"


class Cloud:
    def __init__(self, folder, moto_port):
        self.folder = folder
        self.moto = f"http://127.0.0.1:{moto_port}/"
        self.lock = threading.Lock()
        self.answers = {}  # by client token
        self.template_versions = []
        self.machines = Machines(folder)
        self.faults = Faults(folder)

    def answer(self, headers, body):
        """Returns status and body."""
        parameters = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.note(parameters)
        wrong = error_of_signature(headers, body)
        if wrong:
            return error(*wrong)
        fault = self.faults.take(parameters)
        if fault and "before" in fault:
            return self.faults.answer(fault["before"])
        for name, value in (fault or {}).get("instead", {}).items():
            body = body.replace(f"{name}={parameters[name]}".encode(), f"{name}={value}".encode())
        status, text = self.once(parameters, headers, body)
        if fault and "after" in fault:
            return self.faults.answer(fault["after"], text)
        return status, text

    def once(self, parameters, headers, body):
        """Carries out a request only once, because moto ignores client tokens."""
        token = parameters.get("ClientToken")
        if not token:
            return self.ask_moto(parameters, headers, body)
        with self.lock:
            before = self.answers.get(token)
        if before and before[0] != body:
            return error(400, "IdempotentParameterMismatch", "the token was used for another request")
        if before:
            return before[1]
        answer = self.ask_moto(parameters, headers, body)
        if answer[0] == 200:
            with self.lock:
                self.answers[token] = (body, answer)
        return answer

    def ask_moto(self, parameters, headers, body):
        passed_on = {name: headers[name] for name in ("Authorization", "X-Amz-Date", "Content-Type") if headers[name]}
        request = urllib.request.Request(self.moto, data=body, headers=passed_on)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                status, text = reply.status, reply.read()
        except HTTPError as refused:
            status, text = refused.code, refused.read()
        return status, self.machines.after(parameters, text) if status == 200 else text

    def note(self, parameters):
        shown = {name: value for name, value in parameters.items() if not name.endswith(SECRET)}
        with self.lock, open(self.folder / "calls.jsonl", "a", encoding="utf-8") as calls:
            calls.write(json.dumps({"time": time.time()} | shown) + "\n")


def error(status, code, message):
    text = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
    return status, text.encode()


def main():
    folder, port, moto_port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    cloud = Cloud(folder, moto_port)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802  the base class' name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, text = cloud.answer(self.headers, body)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except BrokenPipeError:  # the client has given up
                pass

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 512

    Server(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
