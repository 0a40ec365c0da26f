"""Processor time of a call, in units that do not depend on the machine's speed or load."""

import time
from collections.abc import Callable

STEPS = 1_000_000


def cost_of(call: Callable[[], object]) -> float:
    """Return the processor time of a call as a multiple of a Python loop of a million steps.

    One unit is about 25 ms on a machine of 2024. A bound of ten times the usual cost holds on every
    machine, and an unbounded or quadratic cost exceeds it by far.
    """
    unit_s = time_loop()
    began = time.process_time()
    call()
    used_s = time.process_time() - began
    return used_s / max(unit_s, time_loop())


def time_loop() -> float:
    """Return the seconds of processor time of the loop that is the unit."""
    began = time.process_time()
    for _ in range(STEPS):
        pass
    return time.process_time() - began
