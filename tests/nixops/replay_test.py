#!/usr/bin/python3 -B
"""The stand-in says and does what the real NixOps did: every transcript of it is replayed."""

import unittest

from program import main
from stories import LEFT_OUT, STORIES, TRANSCRIPTS, Meanwhile
from transcripts import differences
from world import World

BUILT_LAST = """3fw8ln4qf8lmwzyanq4iymjjfy21ahxd-nixops-machines", \n    "name"""  # of a deployment, not of its machine
DEPLOYMENT_FAILS = "error: evaluation of the deployment specification failed\n"


class Replay(unittest.TestCase):
    maxDiff = None


def add_tests(version, stories):
    for title, story in stories.items():
        name = f"test_{version}_{title}".replace(" ", "_").replace(".", "_")
        setattr(Replay, name, lambda self, story=story: tell(self, version, story))


def tell(test, version, story):
    world = World(version)
    test.addCleanup(world.end)
    for step in story:
        match step:
            case str():
                compare(test, world, step, world.replay(TRANSCRIPTS[version][step]))
            case Meanwhile(name, act):
                transcript = TRANSCRIPTS[version][name]
                compare(test, world, name, world.replay(transcript, lambda process: act(world, process)))
            case _:
                step(world)


def compare(test, world, name, seen):
    for part, (expected, got) in differences(TRANSCRIPTS[world.version][name].ended, seen).items():
        test.assertEqual(got, expected, f"{name}: {part}; all of it: {seen}")


for _version, _stories in STORIES.items():
    add_tests(_version, _stories)


class Comparison(unittest.TestCase):
    def test_nothing_is_forgotten(self):
        told = {
            step.name if isinstance(step, Meanwhile) else step
            for stories in STORIES.values()
            for story in stories.values()
            for step in story
            if isinstance(step, (str, Meanwhile))
        }
        known = set().union(*TRANSCRIPTS.values())
        self.assertEqual(told | LEFT_OUT.keys(), known)
        self.assertEqual(told & LEFT_OUT.keys(), set())

    def test_sees_what_is_different(self):
        for version, name, part, was, instead in (
            ("1.7", "v1-ssh-exit-7", "status", 7, 8),
            ("1.7", "v1-version", "out", "", "NixOps 1.7"),
            ("1.7", "v1-export-up", "out", '"state": "3"', '"state": "6"'),
            ("1.7", "v1-export-up", "out", "hydra-provisioned-0", "hydra-provisioned-1"),
            ("1.7", "v1-export-up", "out", BUILT_LAST, BUILT_LAST.replace("3fw8", "4fw8")),
            ("1.7", "v1-export-fresh", "out", "954f3632", "954f3633"),
            ("1.7", "v1-deploy-eval-error", "err", DEPLOYMENT_FAILS, ""),
            ("1.7", "v1-deploy-eval-error", "err", "error: syntax error", "error: another"),
            ("1.7", "v1-delete-with-resources", "err", "still has resources", "has resources"),
            ("2.0", "v2-check-up", "out", "| Yes    |", "| No     |"),
            ("2.0", "v2-deploy-lock-held", "err", "waiting for exclusive deployment lock...\n", ""),
            ("2.0", "v2aws-check-ip-changed", "err", "machine> warning: IP address has changed", "machine> IP"),
            ("2.0", "v2aws-start", "err", "10.0.1.23", "10.0.1.24"),
            ("2.0", "v2aws-export-terminated", "out", '"type": "ec2"', '"type": "ec2", "vmId": "i-1"'),
        ):
            expected = TRANSCRIPTS[version][name].ended
            value = getattr(expected, part)
            changed = instead if isinstance(was, int) or not was else value.replace(was, instead)
            self.assertNotEqual(changed, value, name)
            seen = expected._replace(**{part: changed})
            self.assertEqual(list(differences(expected, seen)), [part], name)

    def test_minds_nothing_that_varies(self):
        expected = TRANSCRIPTS["1.7"]["v1-export-up"].ended
        seen = expected.out.replace("3fw8ln4qf8lmwzyanq4iymjjfy21ahxd", "0" * 32).replace("1795453385", "1")
        self.assertEqual(differences(expected, expected._replace(out=seen)), {})


if __name__ == "__main__":
    main(Replay, Comparison)
