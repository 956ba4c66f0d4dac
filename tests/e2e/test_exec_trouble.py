"""What a program can do wrong: each gives a clear message, loses nothing, and does not affect other pools."""

import contextlib
import os
import signal

from support.exec_farm import ExecDaemonFarm, ExecTest, exec_pool
from support.farm import PLAIN, pool
from support.waiting import wait_for

KVM = f"{PLAIN}:kvm"


class TroubleTest(ExecTest):
    def want(self, farm, plain, kvm):
        types = {PLAIN: {"runnable": plain, "running": 0}, KVM: {"runnable": kvm, "running": 0}}
        farm.queue(runnable=plain + kvm, machineTypes=types)


class ExecLists(TroubleTest):
    """Of a farm with a machine of the program and another of a second one, which goes on."""

    def farm_of_two(self):
        farm = self.farm()
        second = exec_pool(farm.folder, name="second", network="127.85.0")
        farm.second = farm.folder / "second"
        farm.configure(pools={PLAIN: exec_pool(farm.folder), KVM: second})
        self.want(farm, 1, 1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(set(farm.states().values()), {"ready"})
        return farm

    def check_a_list_that_fails(self, fault, *messages):
        """Nothing is done with the machine of the program; the second gets another one."""
        farm = self.farm_of_two()
        before = farm.listed()
        farm.provider_fails(list=fault)
        self.want(farm, 0, 10)
        self.assertEnded(farm.run_pass(), 1, f"{PLAIN}: ", *messages, "its machines are left alone")
        self.assertEqual(len(farm.provided(farm.second)), 2)
        self.assertEqual(len(farm.provided()), 1)
        self.assertTrue(set(before) < set(farm.listed()))
        self.assertEqual(farm.requests("destroy"), [])

        farm.provider_fails()
        farm.passes_until(lambda: farm.provided() == [], "it goes, once it can be seen again")

    def test_a_list_that_hangs(self):
        self.check_a_list_that_fails("hang", "provider.py did not finish within")

    def test_a_list_that_crashes(self):
        self.check_a_list_that_fails("crash", """provider.py exited with 1: "Traceback: KeyError: 'region'\"""")

    def test_a_list_of_garbage(self):
        self.check_a_list_that_fails("garbage", "provider.py: its answer is not JSON: line 1, column 1")

    def test_a_list_that_says_nothing(self):
        self.check_a_list_that_fails("silence", "provider.py: it printed no answer")

    def test_a_list_of_100_mb(self):
        self.check_a_list_that_fails("flood", "provider.py printed more than 16 MiB")

    def test_a_list_that_answers_another_request(self):
        self.check_a_list_that_fails(
            "other request", 'its answer is for another request: its requestId is "another", not "t/list"'
        )

    def test_a_list_with_a_machine_twice(self):
        self.check_a_list_that_fails("twice", "its answer: machines: t-", "is listed twice")

    def test_a_list_that_is_refused(self):
        error = {"class": "config", "message": "unauthorized: the token is not valid"}
        self.check_a_list_that_fails(["fail", error], "its settings are wrong: unauthorized: the token is not valid")

    def test_a_list_with_machines_that_are_not_ours(self):
        farm = self.farm_of_two()
        farm.provider_fails(list="foreign")
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(sorted(farm.states()), ["t-0", "t-1"])
        self.assertNotIn("192.0.2.1", farm.machines_file.read_text())

    def test_a_list_that_forks_and_stays(self):
        farm = self.farm_of_two()
        farm.provider_fails(list="fork and stay")
        self.assertEnded(farm.run_pass(), 0)
        farm.wait_until_ended("sleep ")

    def test_a_list_that_forks_and_hangs(self):
        self.check_a_list_that_fails("fork and hang", "provider.py did not finish within")


class ExecOperations(TroubleTest):
    def check_a_creation_that_fails(self, fault, *messages, boot_timeout=30):
        """The second pool has its machine all the same, and nothing is left of the first."""
        farm = self.farm()
        second = exec_pool(farm.folder, name="second", network="127.85.0")
        farm.configure(pools={PLAIN: exec_pool(farm.folder, bootTimeout=boot_timeout), KVM: second})
        farm.provider_fails(create=fault)
        self.want(farm, 1, 1)
        self.assertEnded(farm.run_pass(), 1, "create failed: ", *messages)
        self.assertEqual(farm.listed(), ["127.85.0.2"])
        farm.wait_until_ended("sleep ")
        farm.provider_fails()
        farm.run_pass()
        self.assertNotIn("t-0", farm.states())
        return farm

    def was_destroyed(self, farm):
        return [request["machine"] for request in farm.requests("destroy")] == ["t-0"]

    def test_a_creation_that_hangs(self):
        farm = self.check_a_creation_that_fails("hang", "provider.py did not finish within 4 s", boot_timeout=5)
        self.assertTrue(self.was_destroyed(farm))

    def test_a_creation_that_forks_and_hangs(self):
        self.check_a_creation_that_fails("fork and hang", "provider.py did not finish within 4 s", boot_timeout=5)

    def test_a_creation_that_crashes(self):
        farm = self.check_a_creation_that_fails("crash", "provider.py exited with 1")
        self.assertIn("KeyError: 'region'", farm.log("t-0"))
        self.assertTrue(self.was_destroyed(farm))  # in case that there is something

    def test_a_creation_that_answers_with_another_machine(self):
        machine = {"machine": "t-7", "type": PLAIN, "state": "running", "address": "127.84.0.8", "hostKey": "x AAAA"}
        self.check_a_creation_that_fails(["say", {"machine": machine}], "its answer: machine: it is t-7, not t-0")

    def test_a_creation_that_answers_another_request(self):
        self.check_a_creation_that_fails("other request", "its answer is for another request")

    def test_a_machine_with_another_host_key_is_never_listed(self):
        farm = self.farm()
        farm.configure(pools={PLAIN: exec_pool(farm.folder, bootTimeout=3)})
        farm.provider_fails(create="wrong key", list="wrong key")
        farm.queue(runnable=1)
        message = "not ready yet: the SSH server at 127.84.0.1 has another host key than the expected one"
        self.assertEnded(farm.run_pass(), 0, message)
        self.assertEqual(farm.listed(), [])

    def test_no_capacity_is_no_failure_and_backs_off(self):
        error = {"class": "capacity", "message": "no cx22 left in fsn1"}
        farm = self.check_a_creation_that_fails(["fail", error], "provider.py: no capacity: no cx22 left in fsn1")
        self.assertEqual(len(farm.requests("create")), 1)
        self.assertEqual(farm.journal("select count(*) from events where kind = 'failed'"), [(0,)])

    def test_a_quota_says_what_it_is(self):
        error = {"class": "quota", "message": "server limit of 10 exceeded"}
        farm = self.check_a_creation_that_fails(["fail", error], "quota reached: server limit of 10 exceeded")
        self.assertEqual(len(farm.requests("create")), 1)

    def test_a_destruction_that_fails_is_tried_again(self):
        farm = self.farm_with_machine()
        farm.provider_fails(destroy="crash")
        farm.queue()
        wait_for(lambda: farm.run_pass().status == 1, "the destruction fails")
        self.assertEqual(farm.provided(), ["t-0"])
        farm.provider_fails()
        farm.passes_until(lambda: farm.provided() == [], "it is gone")


class ExecWithoutProgram(ExecTest):
    def farm_with_command(self, command):
        farm = self.farm()
        settings = exec_pool(farm.folder)
        settings["exec"]["command"] = command
        farm.configure(pools={PLAIN: settings, KVM: pool(minMachines=1)})
        farm.queue(runnable=1)
        return farm

    def check(self, command, message):
        farm = self.farm_with_command(command)
        self.assertIn(message, farm.run("check", farm.conf).err)
        self.assertEnded(farm.run_pass(), 1, message)
        self.assertEqual(list(farm.states().values()), ["ready"])  # of the other pool

    def test_it_is_missing(self):
        self.check(["/nowhere/provider"], "No such file or directory")

    def test_it_is_not_in_the_path(self):
        self.check(["no-such-provider"], "no-such-provider: not found in PATH")

    def test_it_is_not_executable(self):
        self.check(["./conf.nix"], "/conf.nix: Permission denied")

    def test_it_speaks_another_version(self):
        farm = self.farm()
        farm.provider_fails(describe=["say", {"protocolVersion": 2, "abilities": []}])
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 1, "it speaks version 2 of the protocol, but this is version 1")
        self.assertEqual(farm.provided(), [])


class ExecInterrupted(ExecTest):
    def test_a_creation_that_is_killed_is_asked_for_again(self):
        farm = self.farm()
        farm.provider_fails(create="hang")
        farm.queue(runnable=1)
        running = farm.begin_pass()
        wait_for(lambda: farm.requests("create"), "the program is at it")
        for pid in farm.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        running.wait()
        farm.provider_fails()
        self.assertEnded(farm.run_pass(), 1, "its process was killed before it wrote a result")
        self.assertEqual(farm.states(), {"t-0": "ready"})
        self.assertEqual([request["requestId"] for request in farm.requests("create")], ["t-0/create"] * 2)


class ExecDaemon(ExecTest):
    def test_a_program_that_hangs_holds_up_no_other_pool(self):
        farm = ExecDaemonFarm()
        self.addCleanup(farm.end)
        hanging = exec_pool(farm.folder, name="hanging", network="127.85.0")
        (farm.folder / "hanging/faults.json").write_text('{"list": ["hang"]}')
        farm.configure(pools={KVM: hanging, PLAIN: exec_pool(farm.folder)})
        farm.queue(runnable=1)
        daemon = farm.begin_daemon()
        farm.wait_for_machines(1)
        farm.wait_until_said(f"{KVM}: provider.py did not finish within ")
        farm.queue(runnable=6)
        farm.wait_for_machines(2)
        daemon.terminate()
        self.assertEqual(daemon.wait(60), 0)
