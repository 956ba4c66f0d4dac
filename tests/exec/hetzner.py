"""A Hetzner Cloud for tests: the part of its API, https://docs.hetzner.cloud, that examples/hcloud-provider uses.

It was written from that documentation, not from recordings. Servers are SSH servers on loopback addresses, with the host key
from their user data. The program prints its endpoint, and exits when its standard input ends.

Its folder may contain `faults.json`: for a method and path, such as "POST /servers", [status, code, headers]; for "page", the
number of servers on a page.
"""

import json
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
LABEL_CHARACTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class Refusal(Exception):
    def __init__(self, status, code, headers=None):
        super().__init__(code)
        self.status, self.code, self.headers = status, code, headers or {}


class Cloud:
    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        self.servers = {}
        self.next_id = 1

    def create(self, body):
        for name in ("name", "server_type", "image"):
            if not isinstance(body.get(name), str):
                raise Refusal(422, "invalid_input")
        if any(server["name"] == body["name"] for server in self.servers.values()):
            raise Refusal(409, "uniqueness_error")
        for value in body["labels"].values():
            if not (len(value) <= 63 and set(value) <= LABEL_CHARACTERS and value[:1].isalnum() and value[-1:].isalnum()):
                raise Refusal(422, "invalid_input")
        number, self.next_id = self.next_id, self.next_id + 1
        ip = f"127.87.{number // 250}.{number % 250 + 1}"
        nets = [{"network": network, "ip": ip} for network in body.get("networks", [])]
        self.servers[number] = {
            "id": number,
            "name": body["name"],
            "status": "initializing",
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "labels": body["labels"],
            "public_net": {"ipv4": {"ip": ip}, "ipv6": {"ip": "2001:db8::/64"}},
            "private_net": nets,
            "polls": 0,
        }
        head, _, config = body["user_data"].partition("\n")
        if head != "#cloud-config":
            raise Refusal(422, "invalid_input")
        home = self.home(number)
        home.mkdir()
        key = home / "host_key"
        key.touch(0o600)
        key.write_text(json.loads(config)["ssh_keys"]["ed25519_private"])
        self.power_on(number)
        return {"server": self.shown(number), "action": {}}

    def home(self, number):
        return self.folder / f"server-{number}"

    def power_on(self, number):
        self.servers[number] |= {"status": "starting", "polls": 0}
        home = self.home(number)
        (home / "sshd.pid").unlink(missing_ok=True)
        lines = [f"ListenAddress {self.servers[number]['public_net']['ipv4']['ip']}", f"HostKey {home}/host_key"]
        (home / "config").write_text("\n".join([*lines, f"PidFile {home}/sshd.pid", ""]))
        os.makedirs("/run/sshd", exist_ok=True)
        subprocess.run(["/usr/sbin/sshd", "-f", home / "config"], check=True)
        while not (home / "sshd.pid").exists():
            time.sleep(0.01)

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
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {}
        try:
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                raise Refusal(401, "unauthorized")
            with self.cloud.lock:
                status, answer = 200, self.cloud.answer(self.command, url.path, query, json.loads(body or "null"))
        except Refusal as refusal:
            status, headers = refusal.status, refusal.headers
            answer = {"error": {"code": refusal.code, "message": f"refused: {refusal.code}", "details": None}}
        content = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

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
