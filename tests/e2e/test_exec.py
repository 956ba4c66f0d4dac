"""Machines that a program provides, through their whole life."""

import json

import jsonschema
from support.exec_farm import PROVIDER, ExecTest, exec_pool
from support.farm import PLAIN, ROOT

KVM = f"{PLAIN}:kvm"
SCHEMA = ROOT / "docs/exec-provider.schema.json"


class ExecLife(ExecTest):
    def test_a_machine_is_created_listed_and_destroyed(self):
        farm = self.farm_with_machine()
        self.assertEqual(farm.listed(), ["127.84.0.1"])
        self.assertEqual(farm.provided(), ["t-0"])
        self.assertIn("t-0 is up", farm.log("t-0"))
        key = (farm.home / "machines/t-0/host_key.pub").read_text().split()[1]
        self.assertEqual(farm.journal("select host_key from machines"), [(f"ssh-ed25519 {key}",)])

        farm.queue()
        farm.passes_until(lambda: farm.provided() == [], "the machine is destroyed")
        self.assertEqual(farm.listed(), [])

    def test_a_machine_is_stopped_and_comes_back_as_itself(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: exec_pool(farm.folder, stopOnIdle=True)})
        farm.provider_has("stop")
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready")
        key = farm.answers()[-1]["machines"][0]["hostKey"]
        farm.queue()
        farm.passes_until(lambda: farm.states() == {"t-0": "stopped"}, "it is stopped")
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready again")
        self.assertEqual(len(farm.requests("create")), 1)
        self.assertEqual(farm.answers()[-1]["machines"][0]["hostKey"], key)

    def test_a_machine_stands_by_until_it_is_needed(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: exec_pool(farm.folder, maxMachines=2, standbyMachines=1)})
        farm.provider_has("stop")
        farm.queue()
        farm.passes_until(lambda: farm.states() == {"t-0": "stopped"}, "one is made and stopped")
        self.assertEqual(farm.journal("select first_listed_at from machines"), [(None,)])
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "stopped"})
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready", "t-1": "stopped"}, "it is used, and another stands by")
        self.assertEqual(farm.listed(), ["127.84.0.1"])
        self.assertEqual(len(farm.requests("create")), 2)

    def test_none_is_made_to_stand_by_again_if_machines_cannot_be_stopped(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: exec_pool(farm.folder, standbyMachines=1)})
        farm.queue()
        while not farm.requests("destroy"):
            farm.run_pass()
        self.assertEnded(farm.run_pass(), 0, "none is made to stand by for another", f"order: retry {PLAIN}")
        self.assertEqual(len(farm.requests("create")), 1)

    def test_a_machine_that_cannot_be_stopped_is_destroyed(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: exec_pool(farm.folder, stopOnIdle=True)})
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready")
        farm.queue()
        while farm.provided():
            said = farm.run_pass().err
        self.assertNotIn("stop", [request["action"] for request in farm.requests()])
        self.assertIn("provider.py cannot stop machines", farm.log("t-0") + said)

    def test_a_machine_that_has_vanished_is_replaced(self):
        farm = self.farm_with_machine()
        farm.vanish("t-0")
        farm.passes_until(lambda: farm.listed() == ["127.84.0.2"], "another is listed")
        self.assertEqual(farm.states(), {"t-1": "ready"})

    def test_a_check_takes_an_unreachable_machine_out_of_the_file(self):
        farm = self.farm()
        farm.provider_has("check")
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready")
        farm.provider_fails(check=["say", {"condition": "unreachable"}])
        failed = {"enabled": True, "currentJobs": 0, "idleSince": 0, "lastFailure": 2**31}
        farm.queue(runnable=1, machines={"root@127.84.0.1": failed})
        ended = farm.run_pass()
        self.assertIn("t-0: it did not answer when it was checked: out of use", ended.err)
        farm.provider_fails()
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.listed() == ["127.84.0.1"], "it is back")

    def test_machines_are_found_again_without_a_journal(self):
        farm = self.farm_with_machine()
        for path in farm.state.glob("t.sqlite*"):
            path.unlink()
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is taken over")
        self.assertEqual(len(farm.requests("create")), 1)

    def test_machines_are_replaced_when_their_settings_change(self):
        farm = self.farm_with_machine()
        pool = exec_pool(farm.folder)
        pool["exec"]["settings"] |= {"size": "large"}
        farm.configure(pools={PLAIN: pool})
        farm.passes_until(lambda: farm.provided() == ["t-1"], "another takes its place")
        self.assertEqual(farm.requests("create")[-1]["settings"]["size"], "large")

    def test_machines_stay_with_the_program_and_settings_that_made_them(self):
        farm = self.farm_with_machine()
        other = exec_pool(farm.folder, name="other", network="127.85.0")
        farm.configure(pools={PLAIN: other})
        farm.passes_until(lambda: farm.listed() == ["127.85.0.2"], "another account has the machine that is needed")
        farm.passes_until(lambda: farm.provided() == [], "the old one is destroyed where it is")
        self.assertEqual(farm.provided(farm.folder / "other"), ["t-1"])
        self.assertEqual([path.name for path in (farm.state / "exec").iterdir()], ["t-1.json"])

    def test_machines_whose_type_and_journal_are_gone_are_given_up_all_the_same(self):
        farm = self.farm_with_machine()
        for path in farm.state.glob("t.sqlite*"):
            path.unlink()
        farm.configure(pools={KVM: exec_pool(farm.folder, name="other")})
        farm.queue(machines={}, uptime=1)
        farm.passes_until(lambda: farm.provided() == [], "it is destroyed by the program that is on record")

    def test_types_with_the_same_program_and_settings_share_a_list(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: exec_pool(farm.folder, minMachines=1), KVM: exec_pool(farm.folder, minMachines=1)})
        farm.run_pass()
        before = len(farm.requests("list"))
        self.assertEqual(set(farm.states().values()), {"ready"})
        self.assertEqual(len(farm.requests("list")), before + 1)
        pools = {id: machine["pool"] for id, machine in farm.machines().items()}
        self.assertEqual(sorted(pools.values()), [PLAIN, KVM])

    def test_a_program_is_found_beside_the_configuration(self):
        farm = self.farm()
        (farm.folder / "mine").symlink_to(PROVIDER)
        pool = exec_pool(farm.folder)
        pool["exec"]["command"] = ["./mine"]
        farm.configure(pools={PLAIN: pool})
        farm.queue(runnable=1)
        self.assertEnded(farm.run_command(["sh", "-c", f"cd / && exec {farm.program} --state-dir {farm.state} {farm.conf}"]), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})

    def test_a_program_that_needs_more_time_is_called_again(self):
        farm = self.farm()
        booting = {"class": "transient", "message": "still booting", "retryAfter": 1}
        farm.provider_fails(create=["fail", booting, 2])
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEqual([request["requestId"] for request in farm.requests("create")], ["t-0/create"] * 3)


class ExecSchema(ExecTest):
    def test_requests_and_answers_are_as_the_schema_says(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: exec_pool(farm.folder, stopOnIdle=True)})
        farm.provider_has("stop", "check")
        farm.queue(runnable=1)
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is ready")
        farm.queue()
        farm.passes_until(lambda: farm.states() == {"t-0": "stopped"}, "it is stopped")
        farm.queue(runnable=1)
        farm.provider_fails(start=["fail", {"class": "transient", "message": "wait", "retryAfter": 1}, 1])
        farm.passes_until(lambda: farm.states() == {"t-0": "ready"}, "it is started")
        farm.queue()
        farm.configure(pools={PLAIN: exec_pool(farm.folder)})
        farm.passes_until(lambda: farm.provided() == [], "it is destroyed")
        validator = self.validator()
        calls = [{"request": r, "answer": a} for r, a in zip(farm.requests(), farm.answers(), strict=True)]
        for call in calls:
            validator.validate(call)
        actions = {"describe", "list", "create", "start", "stop", "destroy", "check"}
        self.assertEqual({call["request"]["action"] for call in calls}, actions)

    def test_the_schema_refuses_what_the_program_refuses(self):
        validator = self.validator()
        request = {"protocolVersion": 1, "requestId": "t/list", "action": "list", "tag": "t", "settings": {}}
        running = {"machine": "t-1", "type": PLAIN, "state": "running", "address": "::1", "hostKey": "ssh-rsa AAAAx"}
        validator.validate({"request": request, "answer": {"requestId": "t/list", "machines": [running]}})
        for wrong in ({"state": "dead"}, {"adress": "x"}, {"address": "a b"}, {"hostKey": "AAAA"}, {"machine": "web"}):
            with self.assertRaises(jsonschema.ValidationError):
                answer = {"requestId": "t/list", "machines": [running | wrong]}
                validator.validate({"request": request, "answer": answer})
        for answer in ({"requestId": "t/list"}, {"machines": []}, {"requestId": "x", "error": {"class": "no"}}):
            with self.assertRaises(jsonschema.ValidationError):
                validator.validate({"request": request, "answer": answer})

    def validator(self):
        schema = json.loads(SCHEMA.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(schema)


class TwoInstallations(ExecTest):
    """With one tag, at one provider: staging and production with the default tag in one account."""

    def test_leave_each_others_machines_alone_until_an_order(self):
        ours, theirs = self.farm(), self.farm()
        theirs.configure(pools={PLAIN: exec_pool(ours.folder)})
        theirs.home = ours.home
        theirs.queue(runnable=1)
        theirs.passes_until(lambda: theirs.states() == {"t-0": "ready"}, "theirs is ready")

        ours.queue()
        for _ in range(2):
            self.assertEnded(ours.run_pass(), 0)
        self.assertEqual((ours.states(), ours.listed()), ({}, []))
        self.assertEqual(theirs.states(), {"t-0": "ready"})
        owner = (theirs.state / "owner").read_text().strip()
        said = f"t-0 (exec, t-0) is foreign: it belongs to the installation {owner}; it is left alone"
        for verb in ("status", "plan"):
            self.assertIn(said, ours.run(verb, ours.conf).out)

        ours.queue(runnable=1)
        ours.passes_until(lambda: ours.states() == {"t-1": "ready"}, "ours has a number of its own")
        self.assertEqual(theirs.states(), {"t-0": "ready"})

        self.assertEnded(ours.run("adopt", "t-0"), 64, "nothing was ordered")
        self.assertEnded(ours.run("adopt", "t-0", "--yes"), 0)
        ours.queue(runnable=10)
        ours.passes_until(lambda: ours.states() == {"t-0": "ready", "t-1": "ready"}, "it is taken over")
        self.assertNotIn("foreign", ours.run("status", ours.conf).out)
