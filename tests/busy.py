"""Time limits that a busy or slow machine keeps: generous, and stretched by the load."""

import os
import time

SAMPLE_S = 0.05
"""Seconds of processor time that a measurement takes."""
SPARE = 5.0
"""Factor between the time that something takes at most, if it works, and the limit."""


def room_for(bound_s: float) -> float:
    """Return a time limit in seconds, which only something that waits for the wrong thing exceeds.

    On an idle machine it is `SPARE` times the bound. Otherwise it is multiplied by the larger of
    two factors: the ratio of elapsed time to processor time of a short piece of work, and the
    number of runnable processes per processor in the last minute. The test must arrange that a
    failure takes longer than `SPARE` times the bound.

    Args:
        bound_s: seconds that it takes at most on an idle machine.
    """
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return max(stretch(SPARE * bound_s), SPARE * bound_s * waiting)


def stretch(deadline_s: float) -> float:
    """Return a deadline that a test waits for, but that leaves time for the steps before it.

    It is multiplied by the ratio of elapsed time to processor time of a short piece of work, which
    is 1 on an idle machine.

    Args:
        deadline_s: deadline in seconds on an idle machine.
    """
    began, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < SAMPLE_S:
        pass
    return deadline_s * max(1.0, (time.monotonic() - began) / SAMPLE_S)
