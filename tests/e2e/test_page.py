"""The daemon's pages, as people see them in a browser: on small and large screens, by keyboard, and without scripts."""

import math
import time

from support.big_farm import BigFarm
from support.colourful_farm import KVM, ColourfulFarm
from support.farm import PLAIN
from support.page_test import ADDRESS, SERVED, BrowserTest, begin, get, status_now
from support.schemas import validate
from support.waiting import wait_for

WIDTHS = (1400, 800, 360)  # of a desk's screen, as at first, of a tablet and of a phone
KVM_PAGE = "/types/x86_64-linux%3Akvm"
OVERVIEWS = ("/", "/?q=t-&range=30d", "/?state=failed", "/?q=nothing-is-called-so")
MACHINES = {"t-0": "busy: 1 job", "t-1": "ready for", "t-3": "creating for", "t-4": "draining for", "t-6": "no cx42 left in fsn1"}
OTHERS = {
    f"/types/{PLAIN}": f"Type {PLAIN}",
    f"{KVM_PAGE}?range=7d": "paused by an operator (alice: the kernel is looked at)",
    "/types/riscv64-linux": "riscv64-linux",
    "/passes/latest": "What it decided",
    "/simulate?since=6h": "What the configuration would have meant",
    "/machines/t-99": "Not found",
}


class ColourfulTest(BrowserTest):
    """All tests of a class have one farm, too, which stands still."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = ColourfulFarm(interval=600, **SERVED)
        cls.addClassCleanup(cls.shared.end)
        begin(cls.shared)


class Looking(ColourfulTest):
    """Pages are as they should be at every width."""

    def check(self, path, text):
        with self.subTest(path=path):
            visit = self.visit(path)
            self.assertEqual(visit.violations(), [])
            visit.page.emulate_media(color_scheme="dark")
            self.assertEqual(visit.violations("color-contrast"), [], "in the dark")
            for width in WIDTHS:
                visit.page.set_viewport_size({"width": width, "height": 900})
                self.assertIn(text, visit.text())
                self.assertLessEqual(visit.page.evaluate("document.documentElement.scrollWidth"), width)
            self.assertEqual(visit.violations(), [], "on a phone")
            self.assertEqual(visit.page.title().count("hydra-provisioner"), 1)
            missing = f"Failed to load resource: the server responded with a status of 404 (Not Found) (http://{ADDRESS}{path})"
            self.assertEqual([said for said in visit.said if said != missing], [])
            self.assertEqual(visit.failures, [])
            self.assertEqual({url for url in visit.requests if not url.startswith(f"http://{ADDRESS}/")}, set())
            visit.end()


class TheFarm(Looking):
    def test_is_shown_as_a_whole_and_in_part(self):
        for path in OVERVIEWS:
            self.check(path, "Farm t: degraded")


class DetailsOfMachines(Looking):
    def test_are_shown(self):
        for machine, text in MACHINES.items():
            self.check(f"/machines/{machine}", text)


class DetailsOfTypesAndPasses(Looking):
    def test_are_shown(self):
        for path, text in OTHERS.items():
            self.check(path, text)


class ByKeyboard(ColourfulTest):
    REACHED = "main a[href], main input, main select, main button, main [tabindex='0'], header a[href], .skip"

    def test_every_link_and_field_is_reached_and_shows_it(self):
        for path in ("/", "/machines/t-1", KVM_PAGE, "/passes/latest"):
            with self.subTest(path=path):
                visit = self.visit(path)
                visit.page.evaluate("for (const link of document.links) link.onclick = () => false")
                for number in range(visit.page.locator(self.REACHED).count()):
                    visit.page.keyboard.press("Tab")
                    element = f"(all => all[{number}])(document.querySelectorAll(`{self.REACHED}`))"
                    self.assertTrue(visit.focused(f"e === {element}"), visit.focused("e.outerHTML"))
                    self.assertTrue(visit.focused("getComputedStyle(e).outlineStyle !== 'none'"), visit.focused("e.outerHTML"))

    def test_the_navigation_can_be_skipped(self):
        visit = self.visit("/")
        visit.page.keyboard.press("Tab")
        self.assertEqual(visit.focused("e.textContent"), "Skip to the content")
        self.assertTrue(visit.focused("e.getBoundingClientRect().left >= 0"))
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.press("Tab")
        self.assertTrue(visit.focused("document.querySelector('main').contains(e)"))

    def test_a_search_finds_a_machine(self):
        visit = self.visit("/")
        while visit.focused("e.id") != "q":
            visit.page.keyboard.press("Tab")
        with visit.page.expect_navigation():
            visit.page.keyboard.type("CX42")
            visit.page.keyboard.press("Enter")
        self.assertIn("1 of 8 machines", visit.text())
        self.assertEqual(visit.page.locator("#q").input_value(), "CX42")
        self.assertEqual(visit.column("State"), ["failed"])
        with visit.page.expect_navigation():
            visit.page.locator("a", has_text="t-6").focus()
            visit.page.keyboard.press("Enter")
        self.assertIn("no cx42 left in fsn1", visit.text())


class WithoutScripts(ColourfulTest):
    def test_the_content_and_the_search_are_the_same(self):
        bare = self.visit("/", java_script_enabled=False)
        for number in range(8):
            self.assertGreaterEqual(bare.page.locator(f"tbody th a[href='/machines/t-{number}']").count(), 1)
        self.assertIn("Over time", bare.text())
        self.assertGreaterEqual(bare.page.locator("figure svg").count(), 4)
        bare.page.fill("#q", "10.0.0")
        bare.page.select_option("#state", "ready")
        bare.page.select_option("#type", KVM)
        with bare.page.expect_navigation():
            bare.page.press("#q", "Enter")
        self.assertIn("1 of 8 machines", bare.text())
        self.assertIn("t-2", bare.text())
        self.assertEqual(bare.page.locator("#state").input_value(), "ready")
        with bare.page.expect_navigation():
            bare.page.press("a:text('30 days')", "Enter")
        self.assertEqual(bare.page.locator("[aria-current=true]").inner_text(), "30 days")
        self.assertFalse([url for url in bare.requests if url.endswith(("/live.js", "/news"))])


class Live(BrowserTest):
    def farm_with_page(self):
        """A farm with a machine, and a visitor of its page who would notice if that was loaded again."""
        farm = self.farm_with_daemon(**SERVED)
        visit = self.visit("/")
        self.wait_for_text(visit, "t-0")
        visit.page.evaluate("window.isTheSame = true")
        return farm, visit

    def wait_for_text(self, visit, *texts):
        wait_for(lambda: all(text in visit.text("body") for text in texts), f"the page says {texts}", visit.text)

    def wait_for_machine(self, visit, machine):
        link = visit.page.locator(f"tbody th a[href='/machines/{machine}']")
        wait_for(lambda: link.count() == 1, f"the page lists {machine}", visit.text)

    def test_a_new_machine_appears(self):
        farm, visit = self.farm_with_page()
        farm.queue(runnable=7)
        self.wait_for_text(visit, "7 runnable", "2 machines")
        self.wait_for_machine(visit, "t-1")
        self.assertTrue(visit.page.evaluate("window.isTheSame"))
        self.assertEqual((visit.said, visit.failures), ([], []))
        self.stop(farm)

    def test_a_link_that_is_pressed_stays_until_it_is_released(self):
        farm, visit = self.farm_with_page()
        visit.page.hover("tbody th a[href='/machines/t-0']")
        visit.page.mouse.down()
        farm.queue(runnable=7)
        farm.wait_for_passes(3)
        with visit.page.expect_navigation():
            visit.page.mouse.up()
        self.assertTrue(visit.page.url.endswith("/machines/t-0"), visit.page.url)
        self.stop(farm)

    def test_a_visitor_can_go_on_to_type(self):
        farm, visit = self.farm_with_page()
        visit.page.focus("#q")
        visit.page.keyboard.type("t-")
        farm.queue(runnable=7)
        self.wait_for_machine(visit, "t-1")
        self.assertEqual(visit.focused("e.id + e.value"), "qt-")
        visit.page.keyboard.type("1")
        visit.page.keyboard.press("Tab")
        visit.page.keyboard.press("Tab")
        visit.page.keyboard.press("Tab")
        self.assertEqual(visit.focused("e.textContent"), "Search")
        farm.queue(runnable=8)
        self.wait_for_text(visit, "8 runnable")
        self.assertEqual(visit.focused("e.textContent"), "Search")
        with visit.page.expect_navigation():
            visit.page.keyboard.press("Enter")
        self.assertIn("1 of 2 machines", visit.text())
        farm.queue(runnable=9)
        self.wait_for_text(visit, "9 runnable", "1 of 2 machines")
        self.stop(farm)

    def test_the_focus_stays(self):
        farm, visit = self.farm_with_page()
        focused = visit.page.locator(f"#machines ~ div a[href='/types/{PLAIN}']").first
        focused.focus()
        farm.queue(runnable=7)
        self.wait_for_machine(visit, "t-1")
        self.assertTrue(focused.evaluate("e => e === document.activeElement"), visit.focused("e.outerHTML"))
        table = visit.page.locator("#machines ~ .scroll").first
        table.focus()
        farm.queue(runnable=8)
        self.wait_for_text(visit, "8 runnable")
        self.assertTrue(table.evaluate("e => e === document.activeElement"), visit.focused("e.outerHTML"))
        self.stop(farm)

    def test_a_daemon_that_ends_is_noticed_until_it_is_back(self):
        farm, visit = self.farm_with_page()
        self.stop(farm)
        notice = visit.page.get_by_role("status")
        wait_for(notice.is_visible, "a notice appears", visit.text)
        self.assertIn("may be old", notice.inner_text())
        self.assertIn("t-0", visit.text())
        farm.queue(runnable=7)
        begin(farm)
        wait_for(lambda: notice.count() == 0, "the notice goes", visit.text)
        self.wait_for_text(visit, "7 runnable")
        self.assertTrue(visit.page.evaluate("window.isTheSame"))
        self.stop(farm)

    def test_before_the_first_pass_a_page_says_so_and_waits(self):
        farm = self.farm(**SERVED)
        farm.configure(statusCommand=["sh", "-c", f"while ! [ -e go ]; do sleep 0.1; done; exec cat {farm.status.path}"])
        farm.daemon = farm.begin_daemon()
        wait_for(lambda: status_now() == 503, "it answers", farm.said)
        visit = self.visit("/")
        self.assertIn("its first one has not ended yet", visit.text())
        validate("errors", get("/status.json").json())
        farm.queue(time=int(time.time()))
        (farm.folder / "go").touch()
        self.wait_for_text(visit, "Farm t: fine", "There are no machines.")
        self.stop(farm)


class OfThousands(BrowserTest):
    """All tests have one farm of 10,000 machines, which stands still."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = BigFarm(interval=600, **SERVED)
        cls.addClassCleanup(cls.shared.end)
        cls.shared.order("protect", "t-7000", "--reason", "has a new disk")
        begin(cls.shared)
        cls.machines = cls.shared.machines()

    def names(self, visit):
        return visit.page.locator("tr:has([data-label=Listed]) th").all_inner_texts()

    def pages(self, visit):
        return visit.page.get_by_role("navigation", name="Pages of machines").inner_text().split("\n")

    def test_the_first_page_is_small_and_adds_up(self):
        page = get("/").text
        self.assertLess(len(page), 200_000)
        visit = self.visit("/")
        self.assertIn("10000 machines", visit.text())
        counts = [int(name.split(" ")[0]) if " machines" in name else 1 for name in self.names(visit)]
        self.assertEqual(sum(counts), 10000)
        self.assertIn("t-7000", self.names(visit))
        jobs = [int(text.removeprefix("Jobs ")) for text in visit.column("Jobs")]
        self.assertEqual(sum(jobs), sum(machine["currentJobs"] for machine in self.machines.values()))
        self.assertEqual(visit.column("Machines"), ["1000"] * 10)

    def test_a_group_leads_to_its_machines(self):
        visit = self.visit("/")
        with visit.page.expect_navigation():
            visit.page.locator("tbody th a", has_text="machines").first.click()
        self.assertIn("1000 of 10000 machines", visit.text())
        of_type = {id for id, machine in self.machines.items() if machine["pool"] == PLAIN}
        self.assertLessEqual(set(self.names(visit)), of_type)

    def test_a_machine_is_found_by_name_address_or_note(self):
        for text, machine in (("t-4321", "t-4321"), ("10.0.16.225", "t-4321"), ("NEW DISK", "t-7000")):
            with self.subTest(text=text):
                visit = self.visit("/")
                visit.page.fill("#q", text)
                with visit.page.expect_navigation():
                    visit.page.press("#q", "Enter")
                self.assertEqual(self.names(visit), [machine])
                self.assertIn("1 of 10000 machines", visit.text())

    def test_states_and_types_narrow_the_search(self):
        visit = self.visit(f"/?state=ready&type={PLAIN}%3Akind-3")
        wanted = [id for id, machine in self.machines.items() if machine["pool"] == f"{PLAIN}:kind-3"]
        self.assertIn(f"{len(wanted)} of 10000 machines", visit.text())
        self.assertEqual(set(self.names(visit)) - set(wanted), set())
        self.assertIn("0 of 10000 machines found", self.visit("/?state=failed").text())

    def test_pages_follow_each_other(self):
        wanted = sorted(id for id, machine in self.machines.items() if "42" in id or "42" in machine["address"])
        last = math.ceil(len(wanted) / 100)
        visit = self.visit("/?q=42")
        seen = self.names(visit)
        self.assertEqual(self.pages(visit), [f"page 1 of {last}", "next"])
        while "next" in self.pages(visit):
            self.follow(visit, "next")
            seen += self.names(visit)
        self.assertEqual(sorted(seen), wanted)
        self.assertEqual(self.pages(visit), ["previous", f"page {last} of {last}"])
        self.follow(visit, "previous")
        self.assertEqual(self.pages(visit), ["previous", f"page {last - 1} of {last}", "next"])

    def follow(self, visit, link):
        """By keyboard: the notice that a busy daemon does not answer would move the link away from under a pointer."""
        with visit.page.expect_navigation():
            visit.page.get_by_role("link", name=link).press("Enter")

    def test_beyond_the_last_page_is_the_last_one(self):
        for page, shown in (("99999", 12), ("12", 12), ("0", 1), ("-1", 1), ("two", 1), ("9" * 30, 1)):
            self.assertIn(f"page {shown} of 12", get(f"/?q=t-1&page={page}").text)
