"""Suspends a worker during a block while a second one takes over; waits until a worker is ready."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from securenet_obs.drills.faults.signals import pause
from securenet_obs.errors import StackError
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command

SECOND_WORKER = "second@localhost"
"""Node name of the worker that takes over."""

HELD_S = 8.0
"""Seconds for which the worker holds its messages before a validation looks for them."""

_START_S = 30.0


@contextmanager
def add_second_worker(stack: LocalStack) -> Iterator[LocalStack]:
    """Run a second worker of the stack during the block."""
    second = stack.parts["worker"].copy_with({}, build_worker_command(name=SECOND_WORKER))
    offset = second.log.stat().st_size
    second.launch()
    try:
        wait_for_worker(second.log, offset, SECOND_WORKER)
        yield stack
    finally:
        second.stop()


@contextmanager
def suspend_worker(stack: LocalStack) -> Iterator[None]:
    """Suspend the first worker's main process, a moment before and during the block."""
    with pause(stack.parts["worker"]):
        time.sleep(HELD_S)
        yield


def wait_for_worker(log: Path, offset: int, name: str) -> None:
    """Wait until a worker of this name has logged that it is ready.

    Raises:
        StackError: it was not ready in time.
    """

    def is_ready() -> bool:
        lines = log.read_bytes()[offset:].splitlines()
        return any(name.encode() in line and b"ready" in line for line in lines)

    if not poll_until(is_ready, deadline_s=_START_S, interval_s=0.1):
        raise StackError(f"The worker {name} was not ready within {_START_S:g} s; see {log}.")
