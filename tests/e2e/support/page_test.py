"""The base of tests of the daemon's pages."""

import json
import urllib.error
import urllib.request
from typing import NamedTuple

from support.browser import Browser
from support.daemon_farm import DaemonTest
from support.waiting import wait_for

ADDRESS = "127.0.0.1:9817"
SERVED = {"metricsListen": ADDRESS}


class Answer(NamedTuple):
    status: int
    headers: dict
    text: str

    def json(self):
        return json.loads(self.text)


def get(path):
    try:
        with urllib.request.urlopen(f"http://{ADDRESS}{path}", timeout=20) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read().decode())
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, dict(refused.headers), refused.read().decode())


def status_now():
    """0: nobody listens, or not yet."""
    try:
        return get("/").status
    except OSError:
        return 0


def begin(farm):
    """Starts its daemon; there are pages when this returns."""
    farm.daemon = farm.begin_daemon()
    wait_for(lambda: status_now() == 200 or farm.daemon.poll() is not None, "there are pages", farm.said)
    if farm.daemon.poll() is not None:
        raise AssertionError(farm.said())


class BrowserTest(DaemonTest):
    """All tests of a class have one browser."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.end)

    def visit(self, path=None, **options):
        """Until the end of the test."""
        visit = self.browser.visit(ADDRESS, **options)
        self.addCleanup(visit.end)
        if path is not None:
            visit.open(path)
        return visit
