"""A real browser: Debian's Chromium, built without windows, driven by Playwright, and all that it says and asks for."""

import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from support.farm import ROOT
from support.waiting import WAIT_SECONDS_MAX

ENVIRONMENT = ROOT / "build/browser"
OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage"]  # a test is root, in namespaces of its own


class Browser:
    def __init__(self):
        if (ENVIRONMENT / "unreachable").exists():
            raise unittest.SkipTest("there is no Playwright: pip could not reach its index (scripts/browser-environment)")
        if not (ENVIRONMENT / "complete").exists():
            raise AssertionError("build/browser is missing; run scripts/browser-environment")
        sys.path += [str(path) for path in ENVIRONMENT.glob("lib/python3*/site-packages")]
        from playwright.sync_api import sync_playwright

        self.folder = Path(tempfile.mkdtemp(prefix="hpt-", dir="/tmp"))
        with mock.patch.dict(os.environ, HOME=str(self.folder), TMPDIR=str(self.folder)):
            self.playwright = sync_playwright().start()
            self.chromium = self.playwright.chromium.launch(executable_path="/usr/bin/chromium-headless-shell", args=OPTIONS)

    def end(self):
        self.chromium.close()
        self.playwright.stop()
        shutil.rmtree(self.folder)

    def visit(self, address, **options):
        """A visitor of the pages at this address, who has not been there before."""
        size = {"width": 1400, "height": 900}
        return Visit(self.chromium.new_context(base_url=f"http://{address}", viewport=size, **options))


class Visit:
    """One page after another in one window."""

    def __init__(self, context):
        self.end = context.close
        context.set_default_timeout(WAIT_SECONDS_MAX * 1000)
        self.page = context.new_page()
        self.said = []  # on the console
        self.requests = []  # their URLs
        self.failures = []  # requests without an answer, or with one that says so; but not of pages themselves
        self.dialogs = []
        self.page.on("console", lambda message: self.said.append(f"{message.text} ({message.location['url']})"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self.dismiss)
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("requestfailed", self.note_failure)
        context.on("response", self.note_response)

    def dismiss(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def note_failure(self, request):
        if not request.url.endswith("/news"):  # which ends with its page
            self.failures.append(f"{request.url}: {request.failure}")

    def note_response(self, response):
        if response.status >= 400 and not response.request.is_navigation_request():
            self.failures.append(f"{response.url}: {response.status}")

    def open(self, path):
        return self.page.goto(path)

    def text(self, selector="main"):
        return self.page.inner_text(selector)

    def column(self, heading):
        """The texts under a heading, in all tables."""
        return self.page.locator(f'[data-label="{heading}"]').all_inner_texts()

    def focused(self, expression):
        """Of the element that has the focus, which is called `e`."""
        return self.page.evaluate(f"(e => {expression})(document.activeElement)")

    def violations(self, *rules):
        """Of the rules of accessible pages, or of these."""
        from axe_playwright_python.sync_playwright import Axe

        report = Axe().run(self.page, options={"runOnly": rules} if rules else None).response["violations"]
        return [(found["id"], [node["html"] for node in found["nodes"]][:3]) for found in report]
