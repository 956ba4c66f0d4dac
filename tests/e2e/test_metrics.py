"""Metrics for Prometheus: served by the daemon, written by every pass, and right."""

import re
import socket
import subprocess
import urllib.request

from support.daemon_farm import DaemonTest
from support.exec_farm import ExecTest
from support.farm import PLAIN
from support.farm_test import FarmTest
from support.waiting import wait_for

SAMPLE = re.compile(r"hydra_provisioner_(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')
FIRST, SECOND = "127.0.0.1:9817", "127.0.0.1:9818"


def samples(text):
    """Each value by name and labels: ("machines", frozenset({("pool", "x86_64-linux"), ("state", "ready")}))."""
    found = (SAMPLE.fullmatch(line) for line in text.splitlines() if not line.startswith("#"))
    return {(sample[1], frozenset(LABEL.findall(sample[2] or ""))): float(sample[3]) for sample in found}


def sample(text, name, **labels):
    return samples(text).get((name, frozenset(({"tag": "t"} | labels).items())))


def scrape(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        return answer.read().decode()


def scrape_if_served(address):
    try:
        return scrape(address)
    except OSError:
        return ""


def complaints(text):
    """What promtool finds wrong."""
    return subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True).stderr


class Served(DaemonTest):
    def wait_for_sample(self, address, value, name, **labels):
        def has_value():
            return sample(scrape_if_served(address), name, **labels) == value

        wait_for(has_value, f"{name} {labels} is {value}", lambda: scrape_if_served(address))

    def test_they_say_what_the_journal_says(self):
        farm = self.farm_with_daemon(metricsListen=FIRST, metricsPerMachine=True, currency="EUR")
        self.wait_for_sample(FIRST, 1, "machines", pool=PLAIN, state="ready")
        self.wait_for_sample(FIRST, 1, "machines_listed", pool=PLAIN)
        text = scrape(FIRST)
        self.assertEqual(complaints(text), "")
        self.assertEqual(sample(text, "queue_trusted"), 1)
        self.assertEqual(sample(text, "steps_runnable", pool=PLAIN), 1)
        self.assertEqual(sample(text, "machines_target", pool=PLAIN), 1)
        [(instance,)] = farm.journal("select instance from machines")
        self.assertEqual(
            sample(text, "machine_info", machine="t-0", pool=PLAIN, provider="local", instance=instance), 1)
        self.stop(farm)

    def test_what_is_counted_outlives_the_daemon(self):
        farm = self.farm_with_daemon(metricsListen=FIRST)
        self.wait_for_sample(FIRST, 1, "boot_seconds_count", pool=PLAIN)
        self.wait_for_sample(FIRST, 1, "demand_to_ready_seconds_count", pool=PLAIN)
        farm.daemon.kill()
        farm.daemon.wait()
        farm.daemon = farm.begin_daemon()
        self.wait_for_sample(FIRST, 1, "queue_trusted")
        text = scrape(FIRST)
        self.assertEqual(sample(text, "machine_creations_total", pool=PLAIN), 1)
        self.assertEqual(sample(text, "boot_seconds_count", pool=PLAIN), 1)
        busy = {"enabled": True, "currentJobs": 1, "idleSince": 0}
        farm.queue(runnable=1, machines={f"root@{farm.listed()[0]}": busy})
        self.wait_for_sample(FIRST, 1, "demand_to_first_step_seconds_count", pool=PLAIN)
        farm.idle()
        self.wait_for_sample(FIRST, 1, "machine_destructions_total", pool=PLAIN)
        self.assertEqual(farm.journal("select count(*) from machines where state = 'gone'"), [(1,)])
        self.stop(farm)

    def test_a_new_configuration_moves_them(self):
        farm = self.farm_with_daemon(metricsListen=FIRST)
        self.wait_for_sample(FIRST, 1, "queue_trusted")
        farm.configure(metricsListen=SECOND)
        wait_for(lambda: not scrape_if_served(FIRST), "nothing listens at the old address", farm.said)
        self.wait_for_sample(SECOND, 1, "queue_trusted")
        self.stop(farm)

    def test_an_address_in_use_is_an_error_at_the_start(self):
        with socket.create_server(("127.0.0.1", 9817)):
            farm = self.farm(metricsListen=FIRST)
            self.assertEnded(farm.run("daemon", farm.conf), 1,
                             "metricsListen: cannot listen at 127.0.0.1:9817: Address already in use")


class Written(FarmTest):
    def test_by_a_single_pass_as_well(self):
        farm = self.farm()
        file = farm.folder / "metrics.prom"
        farm.configure(metricsFile=file)
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        text = file.read_text()
        self.assertEqual(complaints(text), "")
        self.assertEqual(sample(text, "machines", pool=PLAIN, state="ready"), 1)
        self.assertEqual(sample(text, "last_pass_succeeded"), 1)

    def test_a_file_that_cannot_be_written_is_a_warning(self):
        farm = self.farm()
        farm.configure(metricsFile=farm.folder / "missing/metrics.prom")
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0, "metricsFile: cannot write")
        self.assertEqual(len(farm.listed()), 1)


class OfAProvider(ExecTest):
    def farm(self, **options):
        farm = super().farm(**options)
        self.file = farm.folder / "metrics.prom"
        farm.configure(metricsFile=self.file)
        return farm

    def counted(self, name, **labels):
        return sample(self.file.read_text(), name, pool=PLAIN, **labels)

    def test_failures_have_classes(self):
        for error in ("quota", "config"):
            with self.subTest(error=error):
                farm = self.farm()
                farm.provider_fails(create=["fail", {"class": error, "message": "no"}])
                farm.queue(runnable=1)
                self.assertEnded(farm.run_pass(), 1, "create failed")
                self.assertEqual(self.counted("machine_creations_total"), 1)
                self.assertEqual(self.counted("machine_failures_total", **{"class": error}), 1)
                self.assertEqual(farm.journal("select class from events where class <> ''"), [(error,)])

    def test_operations_are_calls_as_well(self):
        farm = self.farm_with_machine()
        created = {"provider": "exec", "call": "create"}

        def counted():
            return sample(self.file.read_text(), "provider_calls_total", outcome="succeeded", **created)

        farm.passes_until(lambda: counted() == 1, "its creation is counted")
        self.assertEqual(sample(self.file.read_text(), "provider_call_seconds_count", **created), 1)

    def test_a_machine_that_vanishes_is_an_interruption(self):
        farm = self.farm_with_machine()
        self.assertEqual(self.counted("machine_interruptions_total"), 0)
        entry = {"enabled": True, "currentJobs": 2}
        farm.queue(machines={f"root@{name}": entry for name in farm.listed()})
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.journal("select jobs, busy_since is null from machines"), [(2, 0)])
        farm.vanish("t-0")
        farm.passes_until(lambda: self.counted("machine_interruptions_total") == 1, "it is counted")
        self.assertGreaterEqual(self.counted("lost_step_seconds_total"), 0)
        asked = {"provider": "exec", "call": "list", "outcome": "succeeded"}
        self.assertGreater(sample(self.file.read_text(), "provider_calls_total", **asked), 0)
