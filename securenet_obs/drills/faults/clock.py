"""Starts a worker with its clock an hour ahead, by libfaketime; explains a missing libfaketime."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from itertools import chain
from pathlib import Path

from securenet_obs.drills.faults.parts import keep_part_stopped
from securenet_obs.drills.faults.suspension import wait_for_worker
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command

BESIDE_S = 3.0
"""Seconds that workers with different clocks run in parallel."""

_LATE_WORKER = "late@localhost"
_LIBRARIES = ("lib/faketime/libfaketime.so.1", "lib/*/faketime/libfaketime.so.1")
_PREFIXES = (sys.prefix, "/usr", "/usr/local")


def find_libfaketime() -> Path | None:
    """Return the path of libfaketime, which gives a process another clock; None if not found."""
    found = (glob(f"{prefix}/{library}") for prefix in _PREFIXES for library in _LIBRARIES)
    return next(map(Path, chain.from_iterable(found)), None)


def explain_missing_libfaketime() -> str:
    """Return the reason why libfaketime cannot be used here; empty if it can."""
    if find_libfaketime() is not None:
        return ""
    return "libfaketime is not installed (Debian and Ubuntu: apt-get install libfaketime)"


@contextmanager
def shift_worker_clock(stack: LocalStack) -> Iterator[None]:
    """Start a second worker with its clock an hour ahead, then stop the first during the block."""
    clock = {"LD_PRELOAD": str(find_libfaketime()), "FAKETIME": "+3600"}
    shifted = stack.parts["worker"].copy_with(
        {**clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}, build_worker_command(name=_LATE_WORKER)
    )
    offset = shifted.log.stat().st_size
    shifted.launch()
    try:
        wait_for_worker(shifted.log, offset, _LATE_WORKER)
        time.sleep(BESIDE_S)
        with keep_part_stopped(stack, "worker"):
            yield
    finally:
        shifted.stop()
