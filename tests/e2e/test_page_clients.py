"""Clients of the daemon's pages that are many, or that behave badly: neither the passes nor other clients notice them."""

import re
import socket
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.big_farm import BigFarm
from support.daemon_farm import DaemonTest
from support.page_test import ADDRESS, SERVED, begin, get
from support.waiting import WAIT_SECONDS_MAX, wait_for

SHOWN = re.compile(r'data-shown="(\d+)"')
CLIENTS = 200
LISTENERS_MAX = 400  # of the listener
PASSES = 3
MEGABYTES_MAX = 15


class ClientTest(DaemonTest):
    def big_farm(self, **options):
        farm = BigFarm(**options, **SERVED)
        self.addCleanup(farm.end)
        begin(farm)
        return farm

    def place(self, farm, name):
        return Path(f"/proc/{farm.daemon.pid}/{name}")

    def connections(self, farm):
        """Its sockets."""
        def is_socket(path):
            try:
                return str(path.readlink()).startswith("socket:")
            except OSError:  # it has just been closed
                return False

        return sum(map(is_socket, self.place(farm, "fd").iterdir()))

    def megabytes(self, farm):
        return int(re.search(r"VmRSS:\s+(\d+) kB", self.place(farm, "status").read_text())[1]) / 1024


class NeverReading(ClientTest):
    def connect(self, path):
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = ADDRESS.split(":")
        connection.connect((host, int(port)))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return connection

    def test_it_is_cut_off_and_nobody_else_notices(self):
        Path("/proc/sys/net/ipv4/tcp_wmem").write_text("4096 16384 65536")  # what the system keeps for a slow client
        farm = self.big_farm()
        farm.wait_for_passes(1)
        before = self.connections(farm)
        for path in ("/", "/status.json") * 5 + ("/news",):
            self.connect(path)
        wait_for(lambda: self.connections(farm) > before + 9, "all are connected", lambda: self.connections(farm))
        farm.wait_for_passes(1)
        self.assertEqual(len(get("/status.json").json()["machines"]), 10_000)
        self.assertIn("10000 machines", get("/").text)
        wait_for(lambda: self.connections(farm) <= before + 1, "they are cut off", lambda: self.connections(farm))
        self.stop(farm)


class Visitor:
    """Loads the first page, and again at each news."""

    def __init__(self, gate):
        self.gate = gate

    def see(self):
        with urllib.request.urlopen(f"http://{ADDRESS}/", timeout=WAIT_SECONDS_MAX) as answer:
            page = answer.read().decode()
        assert answer.status == 200 and "1000 machines" in page and page.endswith("</html>\n"), page[-200:]
        return int(SHOWN.search(page)[1])

    def __call__(self):
        """What it was told, and what the page then showed."""
        self.see()
        seen = []
        with urllib.request.urlopen(f"http://{ADDRESS}/news", timeout=WAIT_SECONDS_MAX) as news:
            self.gate.wait(WAIT_SECONDS_MAX)  # until all listen
            while len(seen) <= PASSES:  # the first is that of the pass before
                line = news.readline().decode()
                assert line, "the news have ended"
                if line.startswith("data: "):
                    seen.append((int(line.removeprefix("data: ")), self.see()))
        return seen


class Many(ClientTest):
    def test_all_get_right_answers_and_leave_nothing_behind(self):
        farm = self.big_farm(each=100, interval=1)
        get("/")
        farm.wait_for_passes(2)
        connections, megabytes = self.connections(farm), self.megabytes(farm)
        gate = threading.Barrier(CLIENTS)
        with ThreadPoolExecutor(CLIENTS) as pool:
            for seen in [pool.submit(Visitor(gate)) for _ in range(CLIENTS)]:
                told = [news for news, _ in seen.result()]
                self.assertEqual(told, sorted(set(told)))
                self.assertTrue(all(shown >= news for news, shown in seen.result()), seen.result())
        wait_for(lambda: self.connections(farm) == connections, "all are gone", lambda: self.connections(farm))
        more = self.megabytes(farm) - megabytes
        self.assertLess(more, MEGABYTES_MAX, f"{megabytes} before")
        self.stop(farm)


class MoreThanAreServed(ClientTest):
    def listen(self):
        connection = socket.create_connection(("127.0.0.1", int(ADDRESS.split(":")[1])), WAIT_SECONDS_MAX)
        self.addCleanup(connection.close)
        connection.sendall(b"GET /news HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection, int(connection.recv(4096).split()[1])

    def test_are_told_so_while_others_are_served(self):
        farm = self.big_farm(types=1, each=1, interval=1)
        listeners = [self.listen() for _ in range(LISTENERS_MAX)]
        self.assertEqual({status for _, status in listeners}, {200})
        self.assertEqual(self.listen()[1], 503)
        self.assertIn("1 machine", get("/").text)
        for connection, _ in listeners:
            connection.close()
        wait_for(lambda: self.listen()[1] == 200, "there is room again", farm.said)
        self.stop(farm)
