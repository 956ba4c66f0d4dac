"""Measures how soon a daemon reacts to what happens, and what it costs while nothing does. Prints the figures as JSON.

bench/run calls it, as root and in a network namespace of its own. Passes are due every 15 s, as by default. Each figure is the
slowest of several trials.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/e2e"))
from support.big_farm import SeemingFarm  # noqa: E402
from support.daemon_farm import DaemonFarm  # noqa: E402
from support.database_queue import TABLE, DatabaseQueue  # noqa: E402
from support.exec_farm import ExecDaemonFarm, exec_pool  # noqa: E402
from support.farm import PLAIN, pool  # noqa: E402
from support.postgres import HYDRA_TABLES, Postgres  # noqa: E402
from support.rust_farm import RustFarm, rust_pool  # noqa: E402

INTERVAL = 15
TRIALS = 6
SETTLED_AFTER = 4  # seconds, after which the trial before is over; else its passes would bound those of the next
IDLE_MACHINES = 1000
IDLE_SECONDS = 60


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where sshd is
    reactions = demand() | orders() | ends_of_jobs() | ends_of_machines() | last_step() | last_step_by_reports()
    figures = reactions | idleness()
    print(json.dumps(figures))


def demand():
    """From a notification of new builds, which the queue runner shows at the same time, until the provider is called."""
    with hydra() as (postgres, queue_runner), database_farm(postgres, maxMachines=TRIALS) as farm:

        def trial(number):
            queue_runner.say(5 * number + 1)
            notified = time.monotonic()
            postgres.run("notify builds_added, '1'")
            until(lambda: len(farm.requests("create")) > number)
            seconds = time.monotonic() - notified
            farm.wait_for_machines(number + 1)
            return seconds

        return {"demand_to_call_ms": slowest(trial)}


def orders():
    """From the end of `drain` until its machine is out of the machines file."""
    with daemon_over(DaemonFarm(interval=INTERVAL, pools={PLAIN: pool(minMachines=TRIALS, maxMachines=TRIALS + 1)})) as farm:
        farm.wait_for_machines(TRIALS)
        address = dict(farm.journal("select id, address from machines"))

        def trial(number):
            farm.run("drain", f"t-{number}")
            ordered = time.monotonic()
            until(lambda: address[f"t-{number}"] not in farm.listed())
            return time.monotonic() - ordered

        return {"order_to_effect_ms": slowest(trial)}


def ends_of_jobs():
    """From the result of a job that has made a machine until the machine is in the machines file."""
    settings = pool(maxMachines=TRIALS, local={"bootSeconds": 3})
    with daemon_over(DaemonFarm(interval=INTERVAL, pools={PLAIN: settings})) as farm:

        def trial(number):
            farm.queue(runnable=5 * number + 1)
            farm.daemon.send_signal(signal.SIGHUP)
            until((farm.state / f"jobs/t-{number}.result.json").exists)
            ended = time.monotonic()
            until(lambda: len(farm.listed()) > number)
            return time.monotonic() - ended

        return {"job_end_to_published_ms": slowest(trial)}


def ends_of_machines():
    """From the end of a local machine until it is out of the machines file."""
    with daemon_over(DaemonFarm(interval=INTERVAL, pools={PLAIN: pool(minMachines=TRIALS, maxMachines=TRIALS)})) as farm:
        farm.wait_for_machines(TRIALS)
        address = dict(farm.journal("select id, address from machines"))

        def trial(number):
            os.kill(farm.sshd(f"t-{number}"), signal.SIGKILL)
            ended = time.monotonic()
            until(lambda: address[f"t-{number}"] not in farm.listed())
            return time.monotonic() - ended

        return {"machine_end_to_unlisted_ms": slowest(trial)}


def last_step():
    """From the end of a machine's last step until the machine is gone, less its grace period, where Hydra's database proves that
    it is idle. The queue runner reads the machines file 30 s after it has changed, and `settle` is as by default."""
    grace = 5
    with hydra() as (postgres, queue_runner), database_farm(postgres, settle=None, gracePeriod=grace) as farm:
        queue_runner.say(1)
        postgres.run("notify builds_added, '1'")
        farm.wait_for_machines(1)
        name = f"root@{farm.listed()[0]}"
        entry = {"enabled": True, "currentJobs": 1}
        queue_runner.say(0, {name: entry})
        postgres.run("notify step_started, '1'")
        ended = int(time.time())
        entry = {"enabled": True, "currentJobs": 0, "idleSince": ended}
        queue_runner.say(0, {name: entry})
        began = time.monotonic()
        postgres.run("notify step_finished, '1'")
        until(lambda: not farm.listed())
        read_later = threading.Timer(30, lambda: queue_runner.say(0, {name: entry | {"enabled": False}}))
        read_later.start()
        until(lambda: not farm.provided())
        return {"last_step_to_gone_s": round(time.monotonic() - began - grace, 1)}


def last_step_by_reports():
    """The same where the machine reports to the queue runner in Rust, as rarely as hydra-builder does by default."""
    grace, ping = 5, 10
    farm = RustFarm(interval=INTERVAL)
    farm.configure(pools={PLAIN: rust_pool(farm.folder, ping=ping, gracePeriod=grace)})
    farm.say_steps([farm.held_step("last")])
    daemon = farm.spawn(farm.command("daemon", farm.conf), farm.folder / "daemon.log")
    try:
        until(lambda: any(machine["jobs"] for machine in farm.joined().values()))
        farm.let_go("last")
        until(lambda: "last" in farm.outcomes())
        began = time.monotonic()
        until(lambda: not farm.folders())
        return {"last_step_by_reports_to_gone_s": round(time.monotonic() - began - grace, 1)}
    finally:
        daemon.terminate()
        daemon.wait(60)
        farm.end()


def idleness():
    """The share of a processor that the daemon takes itself, while 1,000 machines are there, and nothing waits or runs."""
    farm = SeemingFarm({PLAIN: {"minMachines": IDLE_MACHINES, "maxMachines": IDLE_MACHINES}}, interval=INTERVAL, statusInterval=2)
    farm.add_machines(*({"pool": PLAIN} for _ in range(IDLE_MACHINES)))
    farm.queue(machines=farm.entries(lambda number: 0))
    farm.daemon = farm.begin_daemon()
    farm.wait_for_passes(2)
    before = processor_seconds(farm.daemon.pid)
    time.sleep(IDLE_SECONDS)
    share = (processor_seconds(farm.daemon.pid) - before) / IDLE_SECONDS
    farm.daemon.kill()  # its machines only seem to be there
    farm.children.clear()
    farm.daemon.wait()
    farm.remove_whatever_is_left()
    return {"idle_daemon_percent": round(share * 100, 3)}


def processor_seconds(process):
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def slowest(trial):
    seconds = []
    for number in range(TRIALS):
        time.sleep(SETTLED_AFTER)
        seconds.append(trial(number))
    return round(max(seconds) * 1000)


def until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("bench: the condition is not true after 120 s")
        time.sleep(0.002)


@contextlib.contextmanager
def hydra():
    """A database of Hydra, and a queue runner that answers there."""
    postgres = Postgres()
    try:
        postgres.run(f"{TABLE} {HYDRA_TABLES}")
        queue_runner = DatabaseQueue(postgres, 0)
        try:
            yield postgres, queue_runner
        finally:
            queue_runner.stop()
    finally:
        postgres.end()


@contextlib.contextmanager
def database_farm(postgres, settle=0, **settings):
    farm = ExecDaemonFarm(interval=INTERVAL)
    queue = {"type": "hydra-database", "database": postgres.where}
    pools = {PLAIN: exec_pool(farm.folder, **settings)}
    farm.configure(queue=queue, statusCommand=None, pools=pools, settle=settle)
    with daemon_over(farm):
        farm.wait_until_said("notifications of steps are heard")
        yield farm
        farm.options["queue"] = None


@contextlib.contextmanager
def daemon_over(farm):
    farm.daemon = farm.begin_daemon("-v")
    try:
        until(farm.machines_file.exists)
        yield farm
    finally:
        farm.daemon.terminate()
        farm.daemon.wait(60)
        farm.end()


if __name__ == "__main__":
    main()
