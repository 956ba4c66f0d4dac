"""Everything that is printed with --json is as docs/schema/ says, to the last key."""

import json

from support.exec_farm import PROVIDER, ExecTest
from support.farm import PLAIN, pool
from support.schemas import FOLDER, validate

HEADER = "ready_at,duration_s,system,features,depends_on\n"


class Schemas(ExecTest):
    def setUp(self):
        super().setUp()
        self.seen = set()

    def check(self, name, farm, *words, status=0):
        ended = farm.run(words[0], "--json", *words[1:])
        self.assertEqual(ended.status, status, ended)
        validate(name, json.loads(ended.out))
        self.seen.add(name)

    def test_describe_what_each_command_prints(self):
        farm = self.farm_with_some_of_everything()
        trace = farm.folder / "trace.csv"
        rows = "".join(f"{60 * n},120,{PLAIN},,\n" for n in range(20))
        trace.write_text(HEADER + rows + "0,5,riscv64-linux,,\n")
        self.assertEqual(farm.run("protect", "t-0", "--for", "2h", "--reason", "it is looked at").status, 0)
        self.assertEqual(farm.run_pass().status, 0)
        self.check("check", farm, "check", farm.conf)
        self.check("plan", farm, "plan", farm.conf)
        self.check("status", farm, "status", farm.conf)
        self.check("status-all", farm, "status", "--all", farm.conf)
        self.check("history", farm, "history")
        for name in ("t-0", PLAIN, "x86_64-linux:kvm"):
            self.check("explain", farm, "explain", name)
        self.check("cost", farm, "cost")
        self.check("replay", farm, "replay")
        self.check("replay", farm, "replay", "--config", farm.conf)
        self.check("logs", farm, "logs", "t-0")
        self.check("simulate", farm, "simulate", farm.conf, "--trace", trace)
        self.check("simulate", farm, "simulate", farm.conf, "--trace", trace, "--against", farm.conf)
        self.check("tune", farm, "tune", farm.conf, "--trace", trace)
        self.check("check-queue", farm, "check-queue", "--", *farm.options["statusCommand"], status=1)
        self.assertEqual(farm.run("protect", "t-0", "--off").status, 0)
        farm.configure(pools={PLAIN: pool(gracePeriod="10 min")})
        self.check("check", farm, "check", farm.conf, status=78)
        self.check("errors", farm, "plan", farm.conf, status=78)
        self.check("errors", farm, "logs", "t-99", status=64)
        self.check("errors", farm, "plan", status=64)
        described = {path.name.removesuffix(".schema.json") for path in FOLDER.glob("*.json")}
        self.assertEqual(self.seen | {"check-provider"}, described)

    def test_describe_what_is_said_of_a_provider(self):
        farm = self.farm()
        farm.provider_has("stop", "check")
        settings = farm.folder / "settings.json"
        settings.write_text(json.dumps({"folder": str(farm.home)}))
        self.check("check-provider", farm, "check-provider", "--settings", settings, "--", PROVIDER)


class Messages(ExecTest):
    def test_are_objects_if_that_is_wanted(self):
        farm = self.farm()
        farm.queue_says("{")
        ended = farm.run_pass("--log-format", "json")
        self.assertEqual(ended.status, 69)
        messages = [json.loads(line) for line in ended.err.splitlines()]
        self.assertIn("warning", {message["level"] for message in messages})
        for message in messages:
            self.assertEqual(set(message), {"time", "level", "message"})
            self.assertNotIn("warning: ", message["message"])
