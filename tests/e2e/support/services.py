"""What hosts reach over the network, for support/call.py: a queue runner, and a cloud. Each notes who asks for what."""

import contextlib
import json
import socketserver
import subprocess
import threading
import time
from typing import NamedTuple

from support.daemon_farm import NOW
from support.exec_farm import PROVIDER
from support.farm import ROOT

CALL = ROOT / "tests/e2e/support/call.py"


class Request(NamedTuple):
    caller: str  # its address
    content: str


class Service:
    """Answers each request in a thread of its own."""

    def __init__(self, address, answer, acts_at_once=False):
        """acts_at_once: of what is held, only the answer has to wait."""
        self.acts_at_once = acts_at_once
        self.requests = []
        self.done = []
        self.answer = answer
        self.held = {}  # by caller: what in its requests, and what they wait for

        class Handler(socketserver.StreamRequestHandler):
            def handle(handler):  # noqa: N805  self is the service
                self.serve(handler)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server((address, 0), Handler)
        self.command = [str(CALL), *map(str, self.server.server_address)]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}).start()

    def serve(self, handler):
        request = Request(handler.client_address[0], handler.rfile.read().decode())
        text, gate = self.held.get(request.caller, (None, None))
        is_held = gate and text in request.content
        self.requests.append(request)
        if is_held and not self.acts_at_once:
            gate.wait()
        answer = self.answer(request.content)
        self.done.append(request)
        if is_held:
            gate.wait()
        with contextlib.suppress(OSError):  # it does not wait any longer
            handler.wfile.write(answer.encode())

    def hold(self, caller, text=""):
        """Its requests that contain the text wait for release()."""
        self.held[caller] = text, threading.Event()

    def release(self, caller):
        self.held.pop(caller)[1].set()

    def asked_by(self, caller):
        return [request.content for request in self.requests if request.caller == caller]

    def end(self):
        for caller in list(self.held):
            self.release(caller)
        self.server.shutdown()
        self.server.server_close()


def queue_runner(address, farm):
    """Its status, as the farm says it; and what delivers its machines file. Returns both services."""

    def status(_request):
        with open(farm.reads, "a", encoding="utf-8") as reads:
            reads.write("\n")
        return farm.status.path.read_text().replace(f'"{NOW}"', str(int(time.time())))

    def delivery(content):
        new = farm.folder / f"machines.{threading.get_ident()}"
        new.write_text(content)
        new.replace(farm.machines_file)
        return ""

    return Service(address, status), Service(address, delivery)


def cloud(address):
    """Whose machines tests/exec/provider.py makes."""

    def answer(request):
        provided = subprocess.run([PROVIDER], input=request, capture_output=True, encoding="utf-8", check=True)
        return provided.stdout

    return Service(address, answer, acts_at_once=True)


def actions_of(requests):
    """Of a cloud: (action, machine)."""
    documents = [json.loads(request) for request in requests]
    return [(document["action"], document.get("machine", "")) for document in documents]
