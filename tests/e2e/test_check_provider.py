"""check-provider, with right and wrong programs."""

import json

from support.exec_farm import PROVIDER, ExecTest


class CheckProvider(ExecTest):
    def check(self, farm, *options, command=(PROVIDER,), settings=None):
        """The points by their names, and how the program ended."""
        path = farm.folder / "settings.json"
        path.write_text(json.dumps(settings or {"folder": str(farm.home)}))
        ended = farm.run("check-provider", "--json", "--settings", path, *options, "--", *command)
        document = json.loads(ended.out)
        self.assertEqual(document["formatVersion"], 1)
        self.assertEqual(document["passed"], ended.status == 0)
        self.assertEqual(farm.provided(), [])
        return {point["point"]: (point["outcome"], point["why"]) for point in document["points"]}, ended

    def failures(self, farm, **more):
        points, ended = self.check(farm, **more)
        failed = {point: why for point, (outcome, why) in points.items() if outcome == "failed"}
        self.assertEqual(ended.status, 1 if failed else 0, ended)
        return failed

    def test_a_program_that_can_do_everything_passes_all_points(self):
        farm = self.farm()
        farm.provider_has("stop", "check")
        points, ended = self.check(farm)
        self.assertEnded(ended, 0, "makes two machines, check-")
        self.assertEqual({outcome for outcome, _ in points.values()}, {"passed"})
        self.assertGreaterEqual(len(points), 18)

    def test_missing_abilities_are_skipped(self):
        points, ended = self.check(self.farm())
        self.assertEnded(ended, 0)
        skipped = {point for point, (outcome, _) in points.items() if outcome == "skipped"}
        self.assertEqual(
            skipped,
            {
                "does not start a machine that never existed",
                "reports that a machine that never existed is gone",
                "stops a machine, and lists it as stopped",
                "starts it again with the same host key",
            },
        )

    def test_it_reports_point_by_point(self):
        farm = self.farm()
        farm.provider_fails(list="garbage")
        (farm.folder / "settings.json").write_text(json.dumps({"folder": str(farm.home)}))
        ended = farm.run("check-provider", "--settings", farm.folder / "settings.json", PROVIDER)
        self.assertEqual(ended.status, 1)
        self.assertIn("passed   describes itself\n", ended.out)
        self.assertIn("failed   lists no machines for a new tag: provider.py: its answer is not JSON", ended.out)
        self.assertIn("skipped  ", ended.out)
        self.assertRegex(ended.out, r"\n\d+ passed, \d+ skipped, \d+ failed\n$")

    def test_a_program_that_does_not_speak_the_protocol_is_not_called_again(self):
        for command, message in (
            (["cat"], "its answer"),
            (["true"], "true: it printed no answer"),
            (["false"], "false exited with 1"),
            (["/nowhere"], "cannot run /nowhere: No such file or directory"),
        ):
            points, ended = self.check(self.farm(), command=command)
            self.assertEqual(ended.status, 1)
            self.assertEqual(list(points), ["describes itself"])
            self.assertIn(message, points["describes itself"][1])

    def test_a_program_that_hangs_is_not_waited_for(self):
        farm = self.farm()
        farm.provider_fails(destroy="crash", dance="hang")
        failed = self.failures_with_leftover_machines(farm)
        self.assertIn("provider.py did not finish within 8 s", failed["answers unknown actions with an error"])
        self.assertIn("provider.py exited with 1", failed["accepts destroying a machine that never existed"])

    def failures_with_leftover_machines(self, farm):
        farm.provided = lambda: []  # the program refuses to destroy its machines
        failed = self.failures(farm)
        del farm.provided
        for machine in farm.provided():
            farm.vanish(machine)
        return failed

    def test_a_program_that_makes_a_machine_twice_fails(self):
        farm = self.farm()
        farm.provider_fails(list="twice")
        self.assertIn("is listed twice", self.failures(farm)["lists its machines as it created them"])

    def test_a_program_that_lists_machines_of_other_tags_fails(self):
        farm = self.farm()
        farm.provider_fails(list="foreign")
        failed = self.failures(farm)
        self.assertIn("which is not of the tag", failed["lists no machines of other tags"])

    def test_a_program_that_accepts_unknown_actions_fails(self):
        farm = self.farm()
        farm.provider_fails(dance=["say", {}])
        self.assertEqual(list(self.failures(farm)), ["answers unknown actions with an error"])

    def test_bad_settings_are_an_error(self):
        farm = self.farm()
        path = farm.folder / "settings.json"
        for content, message in ((None, "no such file"), ("{", "line 1, column 2"), ("[]", "is not an object")):
            if content is not None:
                path.write_text(content)
            ended = farm.run("check-provider", "--settings", path, PROVIDER)
            self.assertEnded(ended, 78, f"{path}: ", message)
