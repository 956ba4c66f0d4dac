"""notifyCommand: who is told of what, and how often. The examples are run as users run them."""

import http.server
import json
import os
import signal
import subprocess
import threading

from support.farm import PLAIN, ROOT, pool
from support.farm_test import FarmTest
from support.waiting import wait_for

EXAMPLES = ROOT / "examples"
NOTICE = {
    "formatVersion": 1,
    "time": 1768478400,
    "tag": "t",
    "host": "farm",
    "health": {"grade": "broken", "before": "degraded", "line": "broken: no status"},
    "lost": ["t-7 (x86_64-linux) is lost"],
    "began": ["budget: 80 % are spent"],
    "ended": ["t-3 cannot be removed"],
    "text": "broken: no status; t-7 (x86_64-linux) is lost",
}


class Notices(FarmTest):
    def notices(self, farm):
        file = farm.folder / "notices"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def farm_that_tells(self, **options):
        farm = self.farm(**options)
        self.tells(farm)
        return farm

    def tells(self, farm, script='python3 -c "import json, sys; print(json.dumps(json.load(sys.stdin)))" >> notices'):
        farm.configure(notifyCommand=["sh", "-c", f"cd {farm.folder} && {script}"])

    def a_minute_passes(self, farm):
        file = farm.state / "t.notices.json"
        told = json.loads(file.read_text())
        file.write_text(json.dumps(told | {"seenSince": told["seenSince"] - 60, "triedAt": told["triedAt"] - 60}))

    def test_health_is_told_once_when_it_has_lasted(self):
        farm = self.farm_that_tells()
        farm.queue_says("no document")
        self.assertEnded(farm.run_pass(), 69)
        self.assertEqual(self.notices(farm), [])
        self.a_minute_passes(farm)
        self.assertEnded(farm.run_pass(), 69)
        (notice,) = self.notices(farm)
        self.assertEqual(notice["health"]["grade"], "broken")
        self.assertIn("the status is not trusted", notice["text"])
        self.a_minute_passes(farm)
        self.assertEnded(farm.run_pass(), 69)
        self.assertEqual(len(self.notices(farm)), 1)
        farm.queue()
        self.assertEnded(farm.run_pass(), 0)
        self.a_minute_passes(farm)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(self.notices(farm)[1]["text"], "fine again, after broken")

    def test_a_lost_machine_is_told(self):
        farm = self.farm_that_tells()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        os.kill(farm.sshd("t-0"), signal.SIGKILL)
        wait_for(lambda: not farm.is_listening("t-0"), "its sshd has ended")
        farm.passes_until(lambda: self.notices(farm), "it is told")
        self.assertEqual(self.notices(farm)[0]["lost"], [f"t-0 ({PLAIN}) is lost: it has vanished"])

    def test_a_budget_is_told(self):
        farm = self.farm_that_tells(pools={PLAIN: pool(pricePerHour=1)}, maxCostPerDay=0)
        self.assertEnded(farm.run_pass(), 0)
        began = self.notices(farm)[0]["began"]
        self.assertEqual(began[0], "budget of all types: 80 % of maxCostPerDay 0.00 are spent")

    def test_a_failing_command_fails_no_pass_and_is_tried_again(self):
        farm = self.farm(pools={PLAIN: pool(pricePerHour=1)}, maxCostPerDay=0)
        self.tells(farm, "exit 7")
        self.assertEnded(farm.run_pass(), 0, "notifyCommand: ", "exited with 7", "it is tried again")
        self.tells(farm)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(self.notices(farm), [], "later")
        self.a_minute_passes(farm)
        self.a_minute_passes(farm)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(self.notices(farm)), 1)

    def test_a_daemon_does_not_wait_for_it(self):
        farm = self.farm(pools={PLAIN: pool(pricePerHour=1)}, maxCostPerDay=0, interval=1)
        self.tells(farm, "touch begun; exec sleep 600")
        farm.queue()
        farm.status.write()
        farm.spawn(farm.command("daemon", farm.conf), farm.folder / "daemon.log")
        wait_for((farm.folder / "begun").exists, "it is called")
        passes = lambda: farm.journal("select count(*) from passes")[0][0]
        before = passes()
        wait_for(lambda: passes() >= before + 2, "passes go on")


class Examples(FarmTest):
    def run_example(self, name, *arguments):
        words = [EXAMPLES / name, *map(str, arguments)]
        return subprocess.run(words, input=json.dumps(NOTICE), capture_output=True, encoding="utf-8", check=False)

    def server(self):
        """Its address, and what it gets: path and body."""
        received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.path, json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}", received

    def test_a_mail(self):
        farm = self.farm()
        sendmail = farm.folder / "sendmail"
        sendmail.write_text(f'#!/bin/sh\ncat > {farm.folder}/mail\necho "$@" > {farm.folder}/arguments\n')
        sendmail.chmod(0o755)
        self.assertEqual(self.run_example("notify-mail", "a@example.org", "--sendmail", sendmail).returncode, 0)
        mail = (farm.folder / "mail").read_text()
        self.assertIn("To: a@example.org\n", mail)
        self.assertIn("Subject: [hydra-provisioner t] broken: no status; t-7", mail)
        self.assertIn("began: budget: 80 % are spent\n", mail)
        self.assertEqual((farm.folder / "arguments").read_text(), "-i -t\n")

    def test_a_message_in_a_chat(self):
        farm = self.farm()
        url, received = self.server()
        (farm.folder / "url").write_text(url + "/hook\n")
        self.assertEqual(self.run_example("notify-webhook", farm.folder / "url").returncode, 0)
        self.assertEqual(received, [("/hook", {"text": f"hydra-provisioner t on farm: {NOTICE['text']}"})])

    def test_alerts(self):
        url, received = self.server()
        self.assertEqual(self.run_example("notify-alertmanager", url).returncode, 0)
        ((path, alerts),) = received
        self.assertEqual(path, "/api/v2/alerts")
        ends = {(a["labels"]["alertname"], a["labels"]["severity"]): a["startsAt"] < a["endsAt"] for a in alerts}
        self.assertEqual(ends[("HydraProvisionerHealth", "warning")], False, "degraded is over")
        self.assertEqual(ends[("HydraProvisionerHealth", "critical")], True)
        self.assertEqual([a["labels"].get("what") for a in alerts][2:], [*NOTICE["lost"], *NOTICE["began"], *NOTICE["ended"]])
