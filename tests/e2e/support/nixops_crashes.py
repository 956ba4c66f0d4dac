"""What must be true of machines from NixOps after NixOps, a job or a pass was killed."""

import time
from pathlib import Path

from support.farm import PLAIN
from support.nixops_farm import EC2, ONE, NixopsTest, nixops_pool
from support.waiting import wait_for

KEY_PAIR = 'resources.ec2KeyPairs.default = { region = "us-east-1"; };'
NETWORK = EC2.replace("  machine =", f"  {KEY_PAIR}\n  machine =")  # two resources, and a private key that stays


class Interrupted(NixopsTest):
    seconds_max = 280
    version = ONE

    def farm(self, version=None, **options):
        options = {"pools": {PLAIN: nixops_pool(maxMachines=1)}, "network": NETWORK} | options
        return super().farm(version or self.version, **options)

    def go_on_until(self, farm, condition, what):
        """Runs passes, which may fail, until the condition holds. The back-off ends before each."""

        def holds():
            self.last = farm.run_pass()
            farm.end_back_off()
            self.assertIn(self.last.status, (0, 1), self.last)
            self.check_what_always_holds(farm)
            return self.last.status == 0 and condition()

        wait_for(holds, what, lambda: (self.last, farm.run("plan", farm.conf).out))

    def check_what_always_holds(self, farm):
        self.assertLessEqual(len(farm.cloud.alive()), sum(p["maxMachines"] for p in farm.options["pools"].values()))
        self.check_that_calls_take_turns(farm)

    def check_that_calls_take_turns(self, farm):
        """Calls that change a deployment never overlap. The end of a killed call is not recorded."""
        ended = {}
        for call in farm.cloud.calls("deploy", "start", "stop", "destroy"):
            uuid = uuid_of(call["argv"])
            self.assertLessEqual(ended.get(uuid, 0), call["began"], call["argv"])
            ended[uuid] = call.get("ended", self.end_of_killed(call))

    def end_of_killed(self, call):
        return time.time() if is_running(call["pid"]) else 0

    def check_that_there_is_one_machine(self, farm):
        """Checks that the only machine is ready and listed, and belongs to the only deployment."""
        ((uuid, name),) = farm.deployments().items()
        (instance,) = farm.cloud.alive().values()
        (machine,) = farm.machines().values()
        told = {key: machine[key] for key in ("state", "instance", "notedAs")}
        self.assertEqual(told, {"state": "ready", "instance": uuid, "notedAs": name})
        self.assertEqual(farm.listed(), [instance["ip"]])
        self.assertEqual(farm.attributes(uuid)["vmId"], instance["id"])
        self.check_that_no_secret_was_written(farm)
        self.check_that_nothing_goes_on(farm)

    def check_that_nothing_is_left(self, farm):
        self.assertEqual(farm.cloud.alive(), {})
        self.assertEqual(farm.deployments(), {})
        self.assertEqual(farm.listed(), [])
        self.check_that_nothing_goes_on(farm)
        for call in farm.cloud.calls("delete"):  # NixOps refuses to delete a deployment that has resources
            self.assertNotIn("--force", call["argv"])
            self.assertEqual(call.get("exit", "killed"), 0, call["argv"])

    def check_that_nothing_goes_on(self, farm):
        """Checks that no process and no temporary file is left."""
        farm.wait_until_ended()
        self.assertEqual(list(farm.temporary.iterdir()), [])
        for call in farm.cloud.calls():
            if call["argv"] != ["--version"]:
                self.assertEqual(Path(call["tmpdir"]).parent, farm.temporary)

    def check_that_no_secret_was_written(self, farm):
        """Checks that none of our files contains a private key that NixOps has now."""
        keys = farm.in_state_file("select value from ResourceAttrs where name like '%rivate%Key%'")
        secrets = {line for (key,) in keys for line in key.splitlines() if line and not line.startswith("-----")}
        self.assertTrue(secrets)
        for path in [*farm.state.rglob("*"), farm.machines_file]:
            for secret in secrets if path.is_file() else ():
                self.assertNotIn(secret.encode(), path.read_bytes(), path)

    def begin_pass_and_deploy(self, farm, *faults):
        """Begins a pass whose deploys have these faults. Returns it, and the first deploy's process id."""
        farm.cloud.set_faults(*({"command": "deploy"} | fault for fault in faults))
        running = farm.begin_pass()
        deploy = wait_for(lambda: farm.cloud.calls("deploy"), "it deploys")[-1]
        return running, deploy["pid"]


def uuid_of(argv):
    return argv[argv.index("-d") + 1]


def is_running(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
