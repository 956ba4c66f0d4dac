"""A farm that shows all that pages can show, and stands still."""

from support.big_farm import SeemingFarm
from support.farm import PLAIN

KVM, IDLE = f"{PLAIN}:kvm", "aarch64-linux"


class ColourfulFarm(SeemingFarm):
    """Machines in all states: one type is paused, so nothing happens to its own. A step fits no type, a budget is almost
    spent, and a machine is protected."""

    def __init__(self, **options):
        settings = {"minMachines": 2, "maxMachines": 4, "pricePerHour": 1}
        budgets = {"maxCostPerDay": 100, "maxCostPerMonth": 2}
        pools = {PLAIN: settings, KVM: settings | {"stopOnIdle": True}, IDLE: {"maxMachines": 3}}
        super().__init__(pools, **budgets | options)
        self.remember_load(3)
        unlisted = {"pool": KVM, "listed": 0, "unlisted_at": self.began}
        self.add_machines(
            {"pool": PLAIN},
            {"pool": PLAIN},
            {"pool": KVM},
            unlisted | {"state": "creating", "ready_at": None, "listed_at": None, "first_listed_at": None, "unlisted_at": None},
            unlisted | {"state": "draining"},
            unlisted | {"state": "stopped"},
            unlisted | {"state": "failed", "last_error": "no cx42 left in fsn1", "failed_operation": "create"},
            unlisted | {"state": "destroying"},
        )
        self.provider_answers(create={"error": {"class": "transient", "message": "it boots", "retryAfter": 3600}})
        types = {PLAIN: {"runnable": 7, "running": 1}, KVM: {"runnable": 0, "running": 2}}
        types["riscv64-linux"] = {"runnable": 5, "running": 0}
        self.queue(machines=self.entries(lambda number: int(number in (0, 4))), machineTypes=types)
        self.order("pause", KVM, "--reason", "the kernel is looked at")
        self.order("protect", "t-1", "--for", "2h", "--reason", "it is looked at")
