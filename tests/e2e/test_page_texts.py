"""What others write, and what anybody asks for, stays text on the daemon's pages."""

import json
import socket

from support.big_farm import SeemingFarm
from support.farm import PLAIN
from support.page_test import ADDRESS, SERVED, BrowserTest, begin, get
from support.waiting import wait_for

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
          "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
IMAGE = "<img src=x onerror=alert(1)>"
SCRIPT = '"></title></script><script>alert(1)</script>'
QUOTE = "' onmouseover='alert(1)' autofocus onfocus='alert(1)"
TURNED = "\u202etxt.exe\u2066\x1b[31m\x00\x07"
WRITTEN = IMAGE + SCRIPT + QUOTE
KVM, STEP_TYPE = f"{PLAIN}:kvm", f"riscv64-linux:{SCRIPT}{IMAGE}"
URLS = (
    "/machines/<script>alert(1)</script>",
    "/machines/%3Cscript%3Ealert(1)%3C/script%3E",
    "/types/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
    "/types/x%27%20onfocus=%27alert(1)",
    "/passes/%3Csvg%20onload=alert(1)%3E",
    '/?q="><script>alert(1)</script>',
    "/?q=%22%20autofocus%20onfocus=%22alert(1)&type=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E&state=%3Cscript%3E",
    "/?range=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&page=%3Cscript%3E",
    "/?q=%00%01%1b%5B31m%7f&type=%00",
    "/?q=%E2%80%AEtxt.exe%E2%81%A6",
    "/?q=%FF%C0%AF%ED%A0%80",
    "/machines/%00",
    "/machines/%FF%FE",
    "/machines/t-0%E2%80%AE",
    f"/machines/{'a' * 4000}",
    f"/?q={'%3C' * 2000}",
    "/passes/-1",
    f"/passes/{'9' * 40}",
    "/passes/1e3",
)


class Untouched(BrowserTest):
    """Of a visitor: nothing of what others wrote became part of a page, and nothing was run or loaded."""

    def check(self, visit):
        self.assertEqual(visit.dialogs, [])
        self.assertEqual(visit.page.locator("main script, main img, main iframe, main style, main [onerror]").count(), 0)
        scripts = visit.page.evaluate("[...document.scripts].map(script => script.outerHTML.replace(/ data-shown=.*? /, ' '))")
        self.assertLessEqual(set(scripts), {'<script src="/live.js" defer="defer"></script>'})
        attributes = "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))"
        self.assertEqual(visit.page.evaluate(attributes), [])
        self.assertEqual(visit.page.locator("main").count(), 1)
        self.assertEqual(visit.page.locator("main ~ footer").count(), 1)
        self.assertNotRegex(visit.page.content(), "[\u202a-\u202e\u2066-\u2069\x00-\x08\x0e-\x1f]")
        self.assertLessEqual(visit.page.evaluate("document.documentElement.scrollWidth"), visit.page.viewport_size["width"])
        self.assertEqual([said for said in visit.said if "404" not in said], [])
        self.assertEqual({url for url in visit.requests if not url.startswith(f"http://{ADDRESS}/")}, set())


class WrittenByOthers(Untouched):
    def farm(self):
        settings = {"minMachines": 1, "maxMachines": 2}
        farm = SeemingFarm({KVM: settings, PLAIN: settings}, **SERVED)
        self.addCleanup(farm.end)
        failed = {"state": "failed", "listed": 0, "last_error": WRITTEN, "failed_operation": "create"}
        farm.add_machines({"pool": KVM}, {"pool": KVM} | failed, {"pool": PLAIN}, {"pool": PLAIN, "address": QUOTE})
        types = {KVM: {"runnable": 1, "running": 0}, STEP_TYPE: {"runnable": 3, "running": 0}}
        farm.queue(machines=farm.entries(lambda number: 1), machineTypes=types)
        refused = {"error": {"class": "config", "message": WRITTEN + TURNED}}
        farm.provider_answers(create=refused, destroy=refused, stop=refused)
        farm.order("pause", KVM, "--reason", WRITTEN, SUDO_USER=QUOTE)
        farm.order("protect", "t-2", "--reason", WRITTEN, SUDO_USER=QUOTE)
        return farm

    def test_names_reasons_and_errors_are_shown_as_they_are(self):
        farm = self.farm()
        begin(farm)
        visit = self.visit("/")
        wait_for(lambda: visit.text().count(IMAGE) >= 6, "it is all there", visit.text)
        self.check(visit)
        for text in (STEP_TYPE, f"({QUOTE}: {WRITTEN})"):
            self.assertIn(text, visit.text())
        for heading in (KVM, STEP_TYPE, "t-1"):
            with self.subTest(page=heading):
                visit.page.get_by_role("link", name=heading, exact=True).first.click()
                self.assertIn(heading, visit.page.title())
                self.assertIn(heading, visit.text("h1"))
                self.assertIn(IMAGE, visit.text())
                self.check(visit)
                visit.page.go_back()
        self.assertIn(IMAGE, self.visit("/passes/latest").text())
        self.check(self.visit("/passes/latest"))
        self.stop(farm)

    def test_a_type_cannot_be_called_as_anybody_likes(self):
        farm = self.farm()
        farm.configure(pools={f"{PLAIN}:{IMAGE}": farm.provider})
        self.assertEnded(farm.run("check", farm.conf), 78, "is not a system feature")

    def test_what_a_queue_says_that_is_not_trusted_is_shown_as_it_is(self):
        farm = self.farm()
        begin(farm)
        farm.queue_says(json.dumps({"status": WRITTEN + TURNED}))
        visit = self.visit("/")
        wait_for(lambda: "not trusted" in visit.text(), "the queue is not trusted", visit.text)
        self.assertIn(IMAGE, visit.text(".notice >> nth=0"))
        self.check(visit)
        self.stop(farm)


class AskedForByAnybody(Untouched):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = SeemingFarm({PLAIN: {"minMachines": 1, "maxMachines": 1}}, interval=600, **SERVED)
        cls.addClassCleanup(cls.shared.end)
        cls.shared.add_machines({"pool": PLAIN})
        cls.shared.queue(machines=cls.shared.entries(lambda number: 1))
        begin(cls.shared)

    def test_addresses_become_no_part_of_a_page(self):
        for url in URLS:
            with self.subTest(url=url[:80]):
                self.check(self.visit(url))

    def test_every_answer_says_what_a_page_may_do(self):
        for path in ("/", "/machines/t-0", "/machines/t-99", "/passes/latest", f"/types/{PLAIN}", "/status.json", "/style.css",
                     "/live.js", "/icon.svg", "/metrics", "/nothing"):
            with self.subTest(path=path):
                headers = get(path).headers
                self.assertEqual(headers["Content-Security-Policy"], POLICY)
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                self.assertEqual(headers["Referrer-Policy"], "no-referrer")
                self.assertEqual(headers["Cross-Origin-Resource-Policy"], "same-origin")

    def raw(self, request):
        """Bytes, as no library sends them: status, head and body of the answer."""
        host, port = ADDRESS.split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(request)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), head.decode("latin-1"), body

    def asked(self, target, method=b"GET", more=b""):
        target = target.encode("latin-1")
        return self.raw(method + b" " + target + b" HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n")

    def test_no_path_leads_out(self):
        for target in ("/../../etc/passwd", "/%2e%2e%2f%2e%2e%2fetc/passwd", "/machines/../../etc/passwd",
                       "/machines/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/types/..%5c..%5cconf.nix", "//etc/passwd", "/./", "/types/",
                       "/passes/../status.json", "/machines/t-0/../../conf.nix", "etc/passwd", "http://x/etc/passwd", "*"):
            with self.subTest(target=target):
                status, _, body = self.asked(target)
                self.assertIn(status, (400, 404))
                self.assertNotIn(b"root:", body)
                self.assertNotIn(b"systemTypes", body)

    def test_bad_escapes_stand_for_themselves(self):
        for target in ("/machines/%", "/machines/%4", "/machines/%zz", "/machines/%%%", "/machines/%u0041"):
            with self.subTest(target=target):
                status, _, body = self.asked(target)
                self.assertEqual(status, 404)
                self.assertIn(target.removeprefix("/machines/").encode(), body)
        self.assertEqual(self.asked("/?q=%&state=%4&page=%zz&%=%&&&=")[0], 200)

    def test_what_is_too_long_or_no_request_is_refused(self):
        self.assertEqual(self.asked("/?q=" + "a" * 9 * 1024)[0], 400)
        self.assertEqual(self.asked("/", more=b"X: " + b"a" * 9 * 1024 + b"\r\n")[0], 400)
        for request in (b"GET /\xff\x00 HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n",
                        b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
            with self.subTest(request=request):
                self.assertEqual(self.raw(request)[0], 400)

    def test_it_can_only_be_read(self):
        for path in ("/", "/status.json", "/machines/t-0", "/machines/t-99", "/style.css", "/metrics"):
            with self.subTest(path=path):
                whole, asked_for_head = self.asked(path), self.asked(path, b"HEAD")
                self.assertEqual(asked_for_head[2], b"")
                self.assertEqual(asked_for_head[:2], whole[:2])
                self.assertIn(f"Content-Length: {len(whole[2])}", whole[1])
        for method in (b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH"):
            with self.subTest(method=method):
                status, head, _ = self.asked("/", method, b"Content-Length: 4\r\n\r\nquit")
                self.assertEqual(status, 405)
                self.assertIn("Allow: GET, HEAD", head)
        self.assertEqual(self.asked("/news", b"HEAD")[0], 200)
