"""The alerts and the dashboard that come with the program: every rule fires, and every query finds what it asks for."""

import functools
import http.server
import json
import re
import subprocess
import tempfile
import threading
import unittest
import urllib.parse
import urllib.request
from pathlib import Path

from support.farm import ROOT
from support.waiting import wait_for

ALERTS, DASHBOARD = ROOT / "prometheus/alerts.yml", ROOT / "grafana/dashboard.json"
TESTS_OF_ALERTS = ROOT / "tests/prometheus/alerts_test.yml"
RECORDED_SCRAPE = ROOT / "tests/data/metrics/farm.prom"
REFERENCE = ROOT / "docs/metrics.md"
METRIC = re.compile(r"hydra_provisioner_\w+")
PROMETHEUS = "127.0.0.1:9090"


def promtool(*words):
    return subprocess.run(["promtool", *words], capture_output=True, text=True)


def unknown_metrics(text):
    known = set(METRIC.findall(REFERENCE.read_text()))
    of_histograms = {name + part for name in known for part in ("_bucket", "_sum", "_count")}
    return set(METRIC.findall(text)) - known - of_histograms


def anchors(document):
    """As links name the headings of a Markdown document."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / document).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Alerts(unittest.TestCase):
    def test_every_rule_fires_when_it_should(self):
        ended = promtool("test", "rules", TESTS_OF_ALERTS)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        rules = re.findall(r"alert: (\w+)", ALERTS.read_text())
        self.assertEqual(sorted(rules), sorted(set(re.findall(r"alertname: (\w+)", TESTS_OF_ALERTS.read_text()))))

    def test_they_ask_for_metrics_that_there_are(self):
        self.assertEqual(unknown_metrics(ALERTS.read_text()), set())

    def test_their_runbooks_are_there(self):
        runbooks = re.findall(r"runbook: (\S+)#(\S+)", ALERTS.read_text())
        self.assertEqual(len(runbooks), ALERTS.read_text().count("alert: "))
        for document, anchor in runbooks:
            self.assertIn(anchor, anchors(document))


class Scraped(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(RECORDED_SCRAPE.read_bytes())

    def log_message(self, *_):
        pass


def ask(query):
    arguments = urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(f"http://{PROMETHEUS}/api/v1/query?{arguments}", timeout=30) as answer:
        return json.load(answer)


def scrapes():
    """How many there have been."""
    try:
        [series] = ask("count_over_time(hydra_provisioner_queue_trusted[1h])")["data"]["result"]
    except (OSError, ValueError):
        return 0
    return int(series["value"][1])


def queries():
    """Those of the dashboard, by their panels, as Grafana asks them for all types."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    for panel in panels:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$pool", ".*").replace("$__rate_interval", "5m")


class Dashboard(unittest.TestCase):
    def begin(self, folder):
        """A Prometheus that scrapes a recorded farm."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 9817), Scraped)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        configuration = Path(folder) / "prometheus.yml"
        configuration.write_text(json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "farm", "static_configs": [{"targets": ["127.0.0.1:9817"]}]}],
        }))
        command = ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data",
                   f"--web.listen-address={PROMETHEUS}"]
        log = open(Path(folder) / "log", "w")
        self.addCleanup(log.close)
        process = subprocess.Popen(command, stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)

    def test_every_query_finds_what_it_asks_for(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.begin(folder.name)
        wait_for(lambda: scrapes() >= 3, "the farm has been scraped", functools.partial(self.log, folder.name))
        for title, query in queries():
            with self.subTest(panel=title, query=query):
                answer = ask(query)
                self.assertEqual(answer["status"], "success")
                self.assertNotEqual(answer["data"]["result"], [])

    def log(self, folder):
        return (Path(folder) / "log").read_text()

    def test_it_shows_metrics_that_there_are(self):
        self.assertEqual(unknown_metrics(DASHBOARD.read_text()), set())
