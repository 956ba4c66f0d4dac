"""A Hetzner Cloud for tests: the part of its API, https://docs.hetzner.cloud, that examples/hcloud-provider uses.

It was written from that documentation, not from recordings. Servers are SSH servers on addresses of the loopback interface, with
the host key from their user data. The program prints its endpoint, and exits when its standard input ends.

Its folder gets `requests`, a line for each, and may contain `faults.json`:
- for a method and path, such as "POST /servers", [status, code, headers];
- for "page", the number of servers on a page; for "limit", the most servers of the project;
- for "sold_out", offerings, such as "cx22 in fsn1";
- for "spent_until", the time at which all requests of the project have come back.
"""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

TOKEN = "right"
POLLS_UNTIL_UP = 2  # how often a new server is shown as starting
REQUESTS_AN_HOUR = 3600  # one comes back each second
EUROPE = ("fsn1", "nbg1", "hel1")
LOCATIONS = (*EUROPE, "ash")
SOLD_IN = {"cx22": EUROPE, "cx42": EUROPE, "cax41": EUROPE, "cpx41": LOCATIONS}
LABEL_CHARACTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class Refusal(Exception):
    def __init__(self, status, code, headers=None, message=None):
        super().__init__(message or f"refused: {code}")
        self.status, self.code, self.headers = status, code, headers or {}


class Cloud:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        self.servers = {}
        self.next_id = 1
        self.spent_until = 0

    def create(self, body):
        self.check(body)
        location = self.place(body["server_type"], body.get("location"))
        number, self.next_id = self.next_id, self.next_id + 1
        ip = f"127.87.{number // 250}.{number % 250 + 1}"
        nets = [{"network": network, "ip": ip} for network in body.get("networks", [])]
        wanted = body.get("public_net", {})
        self.servers[number] = {
            "id": number,
            "name": body["name"],
            "status": "initializing",
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "labels": body["labels"],
            "server_type": {"name": body["server_type"]},
            "location": {"name": location},
            "public_net": {
                "ipv4": {"ip": ip} if wanted.get("enable_ipv4", True) else None,
                "ipv6": {"ip": f"2001:db8:0:{number:x}::/64"} if wanted.get("enable_ipv6", True) else None,
            },
            "private_net": nets,
            "polls": 0,
        }
        _, _, config = body["user_data"].partition("\n")
        home = self.home(number)
        home.mkdir()
        key = home / "host_key"
        key.touch(0o600)
        key.write_text(json.loads(config)["ssh_keys"]["ed25519_private"])
        self.power_on(number)
        return {"server": self.shown(number), "action": {}}

    def check(self, body):
        for name in ("name", "server_type", "image"):
            if not isinstance(body.get(name), str):
                raise Refusal(422, "invalid_input")
        if not body["user_data"].startswith("#cloud-config\n"):
            raise Refusal(422, "invalid_input")
        for value in body["labels"].values():
            if not (len(value) <= 63 and set(value) <= LABEL_CHARACTERS and value[:1].isalnum() and value[-1:].isalnum()):
                raise Refusal(422, "invalid_input")
        if any(server["name"] == body["name"] for server in self.servers.values()):
            raise Refusal(409, "uniqueness_error", message="server name is already used")
        if len(self.servers) >= self.faults().get("limit", math.inf):
            raise Refusal(403, "resource_limit_exceeded", message="server limit exceeded")

    def place(self, server_type, wanted):
        """The location of a new server."""
        if server_type not in SOLD_IN:
            raise Refusal(422, "invalid_input", message=f"server type '{server_type}' not found")
        if wanted not in (None, *LOCATIONS):
            raise Refusal(422, "invalid_input", message=f"location '{wanted}' not found")
        if wanted not in (None, *SOLD_IN[server_type]):
            raise Refusal(422, "invalid_input", message="unsupported location for server type")
        for location in [wanted] if wanted else SOLD_IN[server_type]:
            if f"{server_type} in {location}" not in self.faults().get("sold_out", []):
                return location
        raise Refusal(412, "resource_unavailable", message="error during placement")

    def home(self, number):
        return self.folder / f"server-{number}"

    def power_on(self, number):
        self.servers[number] |= {"status": "starting", "polls": 0}
        home = self.home(number)
        (home / "sshd.pid").unlink(missing_ok=True)
        lines = [f"ListenAddress {self.address(number)}", f"HostKey {home}/host_key"]
        (home / "config").write_text("\n".join([*lines, f"PidFile {home}/sshd.pid", ""]))
        os.makedirs("/run/sshd", exist_ok=True)
        subprocess.run(["/usr/sbin/sshd", "-f", home / "config"], check=True)
        while not (home / "sshd.pid").exists():
            time.sleep(0.01)

    def address(self, number):
        """Of the SSH server. All of 127.0.0.0/8 can be listened on; an address of IPv6 must be given to the interface."""
        public = self.servers[number]["public_net"]
        if public["ipv4"]:
            return public["ipv4"]["ip"]
        address = public["ipv6"]["ip"].replace("/64", "1")
        subprocess.run(["ip", "address", "replace", f"{address}/128", "dev", "lo", "nodad"], check=True)
        return address

    def power_off(self, number):
        pid = self.home(number) / "sshd.pid"
        if pid.exists():
            os.kill(int(pid.read_text()), signal.SIGKILL)
            pid.unlink()
        self.servers[number]["status"] = "off"

    def shown(self, number):
        server = self.servers[number]
        server["polls"] += 1
        if server["status"] in ("initializing", "starting") and server["polls"] > POLLS_UNTIL_UP:
            server["status"] = "running"
        return {name: value for name, value in server.items() if name != "polls"}

    def faults(self):
        path = self.folder / "faults.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def list(self, query):
        found = sorted(self.servers)
        if "name" in query:
            found = [number for number in found if self.servers[number]["name"] == query["name"]]
        if "label_selector" in query:
            name, value = query["label_selector"].split("==")
            found = [number for number in found if self.servers[number]["labels"].get(name) == value]
        page, size = int(query["page"]), int(query["per_page"])
        if not 1 <= size <= 50:
            raise Refusal(422, "invalid_input")
        size = min(size, self.faults().get("page", size))
        more = page * size < len(found)
        shown = [self.shown(number) for number in found[(page - 1) * size : page * size]]
        return {"servers": shown, "meta": {"pagination": {"page": page, "next_page": page + 1 if more else None}}}

    def count(self, method, path, body):
        """A request, if the project may still make one."""
        faults = self.faults()
        self.spent_until = max(self.spent_until, faults.get("spent_until", 0), time.time())
        if self.remaining() < 1:
            raise Refusal(429, "rate_limit_exceeded", message=f"limit of {REQUESTS_AN_HOUR} requests per hour reached")
        self.spent_until += 1
        ordered = f" {body['server_type']} in {body.get('location', 'any location')}" if path == "/servers" and body else ""
        with (self.folder / "requests").open("a") as log:
            log.write(f"{method} {path}{ordered}\n")

    def remaining(self):
        return math.floor(REQUESTS_AN_HOUR - (self.spent_until - time.time()))

    def rate_headers(self):
        rate = {"Limit": REQUESTS_AN_HOUR, "Remaining": max(self.remaining(), 0), "Reset": math.ceil(self.spent_until)}
        return {f"RateLimit-{name}": str(value) for name, value in rate.items()}

    def answer(self, method, path, query, body):
        if fault := self.faults().get(f"{method} {path}"):
            raise Refusal(*fault)
        words = path.strip("/").split("/")
        if (method, path) == ("GET", "/servers"):
            return self.list(query)
        if (method, path) == ("POST", "/servers"):
            return self.create(body)
        number = int(words[1]) if words[0] == "servers" and len(words) > 1 else 0
        if number not in self.servers:
            raise Refusal(404, "not_found")
        if method == "DELETE" and len(words) == 2:
            self.power_off(number)
            del self.servers[number]
        elif method == "POST" and words[2:] == ["actions", "poweron"]:
            self.power_on(number)
        elif method == "POST" and words[2:] in (["actions", "shutdown"], ["actions", "poweroff"]):
            self.power_off(number)
        else:
            raise Refusal(404, "not_found")
        return {"action": {}}


class Handler(BaseHTTPRequestHandler):
    cloud = None

    def do(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
        with self.cloud.lock:
            status, answer, headers = self.answer(url.path, query, body)
            headers = self.cloud.rate_headers() | headers
        content = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def answer(self, path, query, body):
        try:
            self.cloud.count(self.command, path, body)
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                raise Refusal(401, "unauthorized")
            return 200, self.cloud.answer(self.command, path, query, body), {}
        except Refusal as refusal:
            error = {"code": refusal.code, "message": str(refusal), "details": None}
            return refusal.status, {"error": error}, refusal.headers

    do_GET = do_POST = do_DELETE = do

    def log_message(self, *_words):
        pass


def main():
    Handler.cloud = Cloud(Path(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
