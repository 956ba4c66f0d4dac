"""Tests wait for conditions, never for time to pass."""

import time

WAIT_SECONDS_MAX = 60


def wait_for(condition, what, state=lambda: ""):
    """Returns what the condition says in the end; `state` is what to tell if it never holds."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_SECONDS_MAX} s: {what}; {state()}")
        time.sleep(0.02)
    return result
