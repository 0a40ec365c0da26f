"""Time limits that are stretched by the load of the machine."""

import os
import time

SAMPLE_S = 0.05
"""Seconds of processor time that a measurement takes."""


def room_for(bound_s: float) -> float:
    """Return a time limit in seconds, stretched by the current load of the machine.

    On an idle machine it is the bound itself. Otherwise it is multiplied by the larger of two
    factors: the ratio of elapsed time to processor time of a short piece of work, and the number of
    runnable processes per processor in the last minute.
    """
    began, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < SAMPLE_S:
        pass
    stretched = (time.monotonic() - began) / SAMPLE_S
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return bound_s * max(1.0, stretched, waiting)
