"""Tests wait for conditions, never for time to pass."""

import time

WAIT_SECONDS_MAX = 60


def wait_for(condition, what, state=lambda: ""):
    """Returns what the condition says in the end; `state` is what to tell if it never holds."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while True:
        asked = time.monotonic()
        if result := condition():
            return result
        answered = time.monotonic()
        if answered > deadline:
            raise AssertionError(f"not within {WAIT_SECONDS_MAX} s: {what}; {state()}")
        # Many conditions are whole passes, which would leave no processor to what they wait for.
        time.sleep(min(max(answered - asked, 0.02), 0.5))
