#!/usr/bin/python3
"""Measures simulations: how long they take, how much memory, and how good the rule "work" is. Prints JSON.

HYDRA_PROVISIONER is the path of the program. All times are processor time of the whole program.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

PROGRAM = os.environ["HYDRA_PROVISIONER"]
LRTS = Path(__file__).parent / "traces/lrts-ci-builds.csv.gz"
COLUMNS = ["ready_at=submit_unix", "name=build", "system:=x86_64-linux"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        years, burst = Path(folder) / "years.csv.zst", Path(folder) / "burst.csv.zst"
        columns = [word for column in COLUMNS for word in ("--column", column)]
        run("import-trace", "--csv", LRTS, *columns, "--output", years)
        run("generate-trace", "bursts", "--days", "11", "--steps", "188000", "--output", burst)
        work = simulate(folder, years, 'scaling = "work"; maxMachines = 32;')
        classic = simulate(folder, years, "maxMachines = 32;", "--interval", "15")
        big = simulate(folder, burst, "maxMachines = 100; gracePeriod = 300;")
    pool = work["pools"]["x86_64-linux"]
    figures = {
        "simulate_years_s": classic["seconds"],
        "simulate_years_work_s": work["seconds"],
        "simulate_188000_s": big["seconds"],
        "simulate_188000_peak_mb": big["peak_mb"],
        "work_to_level": round(pool["machineHours"] / pool["lowerBound"]["level"], 3),
        "work_mean_wait_s": round(pool["wait"]["mean"], 1),
    }
    print(json.dumps(figures))


def run(*words):
    subprocess.run([PROGRAM, "-q", *map(str, words)], check=True)


def simulate(folder, trace, settings, *options):
    conf = Path(folder) / "conf.nix"
    conf.write_text(f"{{ systemTypes.x86_64-linux = {{ local = {{ }}; maxJobs = 4; {settings} }}; }}\n")
    words = ["simulate", conf, "--trace", trace, "--boot", "180", "--json", "--state-dir", folder, *options]
    with subprocess.Popen([PROGRAM, *map(str, words)], stdout=subprocess.PIPE) as child:
        document = json.loads(child.stdout.read())
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, words)
    return document | {"seconds": round(usage.ru_utime + usage.ru_stime, 2), "peak_mb": usage.ru_maxrss // 1024}


if __name__ == "__main__":
    main()
