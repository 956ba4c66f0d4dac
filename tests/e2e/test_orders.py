"""What an operator orders by hand: through the journal, obeyed by daemon and passes alike."""

import json
import os
import pty
import subprocess

from support.daemon_farm import DaemonTest
from support.farm import PLAIN, pool
from support.waiting import wait_for


class Orders(DaemonTest):
    def order(self, farm, *words, status=0, says="", **environment):
        result = farm.run(*words, **environment)
        self.assertEnded(result, status, says)
        return result

    def test_concern_several_machines_with_a_reason(self):
        farm = self.farm_with_machine(pools={PLAIN: pool(maxMachines=3, runnablesPerMachine=1)})
        farm.queue(runnable=3)
        farm.passes_until(lambda: list(farm.states().values()) == ["ready"] * 3, "there are three")
        self.order(farm, "protect", "t-0", "t-1", "--reason", "new kernel", SUDO_USER="alice")
        status = farm.run("status", farm.conf).out
        self.assertIn("ordered: protect t-1, by an operator (alice: new kernel)", status)
        self.assertEqual(status.count("protected by an operator (alice: new kernel)"), 2, status)
        orders = json.loads(farm.run("status", farm.conf, "--json").out)["orders"]
        self.assertEqual({(order["author"], order["reason"]) for order in orders}, {("alice", "new kernel")})
        self.assertIn("(new kernel)", farm.run("history", "t-1").out)
        self.order(farm, "drain", "t-0", "t-2", status=64, says="t-0 is protected")
        self.assertNotIn("drain", farm.run("status", farm.conf).out, "all or nothing")
        self.order(farm, "drain", "t-*", says="left out: t-1 is protected", SUDO_USER="bob")
        self.assertIn("ordered by an operator (bob)", farm.run("plan", farm.conf).out)
        self.order(farm, "drain", "u-*", status=64, says='no machine matches "u-*"')
        self.order(farm, "undrain", "*-2")
        self.order(farm, "pause", "*", "--reason", "rebuild", SUDO_USER="alice")
        self.assertIn("paused by an operator (alice: rebuild), until", farm.run("status", farm.conf).out)
        self.order(farm, "resume", PLAIN)
        self.order(farm, "protect", "t-*", "--off")

    def test_a_drained_machine_leaves_and_is_replaced_and_may_come_back(self):
        farm = self.farm_with_daemon(pools={PLAIN: pool(maxMachines=2)}, quiet=3600)
        first = farm.listed()
        farm.queue(runnable=1, machines={f"root@{first[0]}": {"enabled": False, "currentJobs": 1}})
        self.order(farm, "drain", "t-0", says="t-0 gets no new steps, and goes once it is idle")
        wait_for(lambda: farm.listed() and farm.listed() != first, "another machine is listed instead", farm.said)
        self.assertEqual(farm.states()["t-0"], "draining")
        self.order(farm, "override", PLAIN, "--min", "2", "--for", "1h")
        self.order(farm, "undrain", "t-0", says="t-0 may be used again")
        farm.wait_for_machines(2)
        self.assertIn("ordered", farm.run("history", "t-0").out)
        self.stop(farm)

    def test_a_destroyed_machine_goes_once_nothing_runs_on_it(self):
        farm = self.farm_with_daemon()
        address = farm.addresses()[0]
        farm.queue(machines={f"root@{address}": {"enabled": False, "currentJobs": 1}})
        self.order(farm, "destroy", "t-0", status=64, says="add --yes to skip the question")
        self.order(farm, "destroy", "t-0", "--yes", says="is destroyed once nothing runs on it")
        wait_for(lambda: farm.listed() == [], "it is not listed any more", farm.said)
        farm.wait_for_passes(3)
        self.assertEqual(farm.folders(), ["t-0"])
        farm.idle()
        wait_for(lambda: "t-0" not in farm.folders(), "it is gone", farm.said)
        self.stop(farm)

    def test_a_machine_that_hangs_is_destroyed_by_force(self):
        farm = self.farm_with_daemon()
        address = farm.addresses()[0]
        farm.queue(machines={f"root@{address}": {"enabled": True, "currentJobs": 1}})
        farm.wait_for_passes(2)
        self.order(farm, "destroy", "t-0", "--force", "--yes", says="1 step ran on it at ")
        wait_for(lambda: "t-0" not in farm.folders(), "it is gone, though it is busy", farm.said)
        self.assertIn("by force", farm.run("history", "t-0").out)
        self.stop(farm)

    def test_a_protected_machine_stays_until_that_is_taken_back(self):
        farm = self.farm_with_daemon()
        self.order(farm, "protect", "t-0", "--for", "2h", says="neither drained nor stopped nor destroyed, until")
        self.assertIn("ordered: protect t-0, until ", farm.run("status", farm.conf).out)
        [order] = json.loads(farm.run("status", farm.conf, "--json").out)["orders"]
        self.assertEqual((order["order"], order["whom"]), ("protect", "t-0"))
        self.order(farm, "drain", "t-0", status=64, says="t-0 is protected; take that back first")
        self.order(farm, "destroy", "t-0", "--yes", status=64, says="t-0 is protected")
        farm.idle()
        farm.wait_for_passes(3)
        self.assertEqual(len(farm.listed()), 1)
        self.order(farm, "protect", "t-0", "--off", says="t-0 is not protected any more")
        wait_for(lambda: farm.folders() == [], "it is gone", farm.said)
        self.stop(farm)

    def test_nothing_is_done_in_a_pause(self):
        for whom in ([], [PLAIN]):
            with self.subTest(whom=whom):
                farm = self.farm_with_daemon()
                self.order(farm, "pause", *whom, says="is paused, until it is taken back")
                farm.queue(runnable=30)
                farm.wait_for_passes(3)
                self.assertEqual(farm.folders(), ["t-0"])
                self.assertIn("paused by an operator", farm.said())
                self.order(farm, "resume", *whom, says="goes on")
                farm.wait_for_machines(2)
                self.stop(farm)

    def test_single_passes_obey_too(self):
        farm = self.farm()
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.order(farm, "override", PLAIN, "--max", "0")
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(farm.listed(), [])
        self.assertIn("maxMachines ordered by an operator", farm.run("plan", farm.conf).out)
        self.order(farm, "override", PLAIN, "--off", says="has the limits of its configuration again")
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        self.assertEqual(len(farm.listed()), 1)

    def test_an_order_ends_by_itself(self):
        farm = self.farm(pools={PLAIN: pool(maxMachines=2)})
        farm.daemon = farm.begin_daemon()
        wait_for(farm.machines_file.exists, "a pass has been made", farm.said)
        self.order(farm, "override", PLAIN, "--min", "1", "--for", "5s")
        farm.wait_for_machines(1)
        farm.idle()
        wait_for(lambda: farm.folders() == [], "nothing is needed any more", farm.said)
        wait_for(lambda: farm.journal("select * from orders") == [], "the order is forgotten", farm.said)
        self.stop(farm)

    def test_what_is_wrong_is_said(self):
        farm = self.farm()
        self.order(farm, "drain", "t-0", status=64, says="no journal")
        farm.queue(runnable=1)
        self.assertEnded(farm.run_pass(), 0)
        wrongs = {
            ("drain", "t-1"): '"t-1" is no machine and no type',
            ("drain", PLAIN): f"{PLAIN} is a type, and not a machine",
            ("pause", "t-0"): "t-0 is a machine, and not a type",
            ("undrain", "t-0"): "t-0 was not ordered to leave",
            ("resume",): "everything is not paused",
            ("protect", "t-0", "--off"): "t-0 is not protected",
            ("protect", "t-0", "--for", "soon"): '"soon" is not a duration; write 30m, 2h or 3d',
            ("override", PLAIN): "override takes --min, --max or both",
            ("override", PLAIN, "--min", "3", "--max", "2"): "--min 3 is more than --max 2",
            ("override", PLAIN, "--min", "-1"): "--min",
            ("override", PLAIN, "--min", "99999"): "--min 99999 is more than the maximum of x86_64-linux",
            ("drain", "t-0", "--for", "2h"): "--for goes with protect, pause and override",
            ("logs", PLAIN): f"{PLAIN} is a type",
            ("ssh", "t-9"): '"t-9" is no machine',
        }
        for words, says in wrongs.items():
            with self.subTest(words=words):
                self.order(farm, *words, status=64, says=says)
        self.assertEqual(farm.states(), {"t-0": "ready"})


class Looking(DaemonTest):
    def test_logs_shows_what_operations_said(self):
        farm = self.farm_with_daemon()
        self.assertIn("t-0: create begins", farm.run("logs", "t-0").out)
        self.stop(farm)

    def test_ssh_reaches_the_machine_with_its_host_key(self):
        farm = self.farm_with_daemon()
        result = farm.run("ssh", "t-0", "--", "true")
        self.assertNotIn("Permission denied", result.err)
        self.assertNotIn("verification failed", result.err)
        farm.daemon.terminate()
        self.assertEqual(farm.daemon.wait(60), 0)
        farm.journal("update machines set host_key = ?", f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{'A' * 43}")
        self.assertEnded(farm.run("ssh", "t-0"), 255, "Host key verification failed")

    def test_ssh_knows_user_and_port_and_hands_nothing_to_ssh_as_an_option(self):
        farm = self.farm_with_daemon()
        farm.daemon.terminate()
        self.assertEqual(farm.daemon.wait(60), 0)
        programs = farm.folder / "bin"
        programs.mkdir()
        (programs / "ssh").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        (programs / "ssh").chmod(0o755)
        path = f"{programs}:{farm.environment['PATH']}"
        before = farm.journal("select address, host_key from machines")[0]
        for address, name, known in (
            ("ubuntu@192.0.2.7", "ubuntu@192.0.2.7", "192.0.2.7"),
            ("192.0.2.7:2222", "root@192.0.2.7", "[192.0.2.7]:2222"),
        ):
            farm.journal("update machines set address = ?", address)
            words = farm.run("ssh", "t-0", "--", "-oProxyCommand=true", PATH=path).out.splitlines()
            self.assertEqual(words[-3:], ["--", name, "-oProxyCommand=true"])
            self.assertEqual("Port=2222" in words, address.endswith(":2222"))
            hosts = [word for word in words if word.startswith("KnownHostsCommand=")]
            echo, *line = hosts[0].removeprefix("KnownHostsCommand=").split(" ", 2)
            self.assertTrue(os.access(echo, os.X_OK), echo)
            self.assertEqual(line, [known, before[1]])
        farm.journal("update machines set address = ?", before[0])

    def test_destroy_asks_on_a_terminal(self):
        farm = self.farm_with_daemon()
        for answer, status in ((b"n\n", 64), (b"y\n", 0)):
            with self.subTest(answer=answer):
                terminal, end = pty.openpty()
                os.write(terminal, answer)
                words = [str(word) for word in farm.command("destroy", "t-0")]
                result = subprocess.run(
                    words, stdin=end, capture_output=True, text=True, env=farm.environment, timeout=60, check=False
                )
                os.close(terminal)
                os.close(end)
                self.assertIn("Go on? [y/N]", result.stderr)
                self.assertEqual(result.returncode, status, result.stderr)
        self.stop(farm)
