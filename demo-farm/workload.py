"""The demo's steps: two waves of steps of three types, and one long step between them.

The long step needs one slot of one machine, so that the farm shrinks while it runs, and then
grows again for the steps that wait for it.
"""

PLAIN = ("x86_64-linux", [])
I686 = ("i686-linux", [])
BENCHMARK = ("x86_64-linux", ["benchmark"])


def workload():
    """The jobs, 41 in all, in the form that queue_runner.py reads."""
    libraries = jobs("library", 12, PLAIN, seconds=3)
    emulators = jobs("emulator", 4, I686, seconds=3)
    baselines = jobs("baseline", 3, BENCHMARK, seconds=3)
    toolchain = jobs("toolchain", 1, PLAIN, seconds=14, depends_on=libraries)
    packages = jobs("package", 12, PLAIN, seconds=4, depends_on=toolchain)
    games = jobs("game", 5, I686, seconds=3, depends_on=toolchain)
    comparisons = jobs("comparison", 4, BENCHMARK, seconds=3, depends_on=toolchain)
    return libraries + emulators + baselines + toolchain + packages + games + comparisons


def jobs(kind, count, step_type, seconds, depends_on=()):
    system, features = step_type
    return [
        {
            "name": f"{kind}-{number}",
            "system": system,
            "features": features,
            "seconds": seconds,
            "depends_on": [job["name"] for job in depends_on],
        }
        for number in range(1, count + 1)
    ]
