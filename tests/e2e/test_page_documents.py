"""Each page has a document for programs, which is what a command prints with --json."""

import json
import re
import signal

from support.colourful_farm import KVM, ColourfulFarm
from support.daemon_farm import DaemonTest
from support.farm import PLAIN
from support.page_test import SERVED, begin, get
from support.schemas import validate
from support.waiting import wait_for

EXPLAINED = {"/machines": [f"t-{number}" for number in range(8)], "/types": [PLAIN, KVM, "aarch64-linux", "riscv64-linux"]}
SPAN = re.compile(r"\d+ (s|min|h|d)\b")


def timeless(document):
    """Without the moment and how long ago something was: a command looks later than a page."""
    if isinstance(document, dict):
        return {key: timeless(value) for key, value in document.items() if key != "time"}
    if isinstance(document, list):
        return [timeless(item) for item in document]
    return SPAN.sub("…", document) if isinstance(document, str) else document


class Documents(DaemonTest):
    """All tests have one farm, which stands still."""

    @classmethod
    def setUpClass(cls):
        cls.shared = ColourfulFarm(interval=600, **SERVED)
        cls.addClassCleanup(cls.shared.end)
        begin(cls.shared)

    def printed(self, *words, status=0):
        ended = self.shared.run(*words, "--json")
        self.assertEqual(ended.status, status, ended)
        return json.loads(ended.out)

    def served(self, path, status=200):
        answer = get(path)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "application/json"))
        return answer.json()

    def test_that_of_the_farm_is_its_status(self):
        """Some proofs need a status that is a second younger than the first pass, so another pass may be needed."""

        def is_same():
            printed = timeless(self.printed("status", self.shared.conf))
            documents = [self.served(path) for path in ("/status.json", "/index.json")]
            for served in documents:
                validate("status", served)
            self.shared.daemon.send_signal(signal.SIGHUP)
            return [timeless(served) for served in documents] == [printed, printed]

        wait_for(is_same, "the document is the command's")

    def check_same(self, path, schema, *words):
        """A pass may come between the two, so another look may be needed."""

        def both():
            served = self.served(path)
            validate(schema, served)
            return served, self.printed(*words)

        looks = []

        def is_same():
            looks[:] = both()
            return looks[0] == looks[1]

        wait_for(is_same, "the document is the command's", lambda: looks)

    def test_that_of_a_machine_or_type_explains_it(self):
        for folder, names in EXPLAINED.items():
            for name in names:
                with self.subTest(name=name):
                    self.check_same(f"{folder}/{name}.json", "explain", "explain", name)

    def test_that_of_a_pass_replays_it(self):
        for number in ("latest", "1", "2"):
            with self.subTest(number=number):
                self.check_same(f"/passes/{number}.json", "replay", "replay", number)

    def test_that_of_a_simulation_is_its_forecast(self):
        self.check_same("/simulate.json?since=6h", "simulate", "simulate", self.shared.conf, "--since", "6h")
        wrong = self.served("/simulate.json?since=tomorrow", 400)
        validate("errors", wrong)
        self.assertIn('"tomorrow" is not a time', wrong["errors"][0])

    def test_that_of_nothing_is_an_error(self):
        for path, words in (("/machines/t-99", ("explain", "t-99")), ("/types/x", ("explain", "x")),
                            ("/machines/", None), ("/passes/99", ("replay", "99")), ("/passes/x", ("replay", "x")),
                            ("/machines/%1b%E2%80%AE%FF%22", ("explain", "\x1b\u202e\udcff\""))):
            with self.subTest(path=path):
                served = self.served(f"{path}.json", 404)
                validate("errors", served)
                if words:
                    self.assertEqual(served, self.printed(*words, status=64))


class WithoutAJournal(DaemonTest):
    def test_there_is_the_first_page_with_what_the_daemon_knows(self):
        farm = ColourfulFarm(interval=600, **SERVED)
        self.addCleanup(farm.end)
        begin(farm)
        journal = farm.state / "t.sqlite"
        journal.rename(farm.folder / "away")
        answer = get("/?q=t-1")
        self.assertEqual(answer.status, 200)
        self.assertIn("t.sqlite: cannot be read", answer.text)
        self.assertIn("1 of 8 machines", answer.text)
        self.assertEqual(get("/status.json?new").status, 200)
        self.assertEqual(get("/machines/t-1").status, 503)
        (farm.folder / "away").rename(journal)
        self.assertEqual(get("/machines/t-1?range=7d").status, 200)
        self.stop(farm)
