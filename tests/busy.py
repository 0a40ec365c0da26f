"""Time limits that hold on a busy machine, too."""

import os
import time

SAMPLE_S = 0.05
"""Seconds of the processor that a measurement takes."""


def room_for(bound_s: float) -> float:
    """Return a time limit in seconds, stretched by the current load of the machine.

    On an idle machine it is the bound itself. It is longer by as much as work takes longer now than
    the processor needs for it, or by as many processes as each processor had in the last minute.
    """
    began, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < SAMPLE_S:
        pass
    stretched = (time.monotonic() - began) / SAMPLE_S
    waiting = os.getloadavg()[0] / (os.cpu_count() or 1)
    return bound_s * max(1.0, stretched, waiting)
