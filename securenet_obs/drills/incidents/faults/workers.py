"""Faults of workers for runbooks: gone, or slower than the arrivals."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from securenet_obs.drills.faults import signals
from securenet_obs.drills.load import Load
from securenet_obs.drills.queues import wait_for_empty_queues
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command

ARRIVALS_PER_S = 6.0
"""Batches per second that arrive at the slow worker."""

_BACKLOG = 40
"""Batches that wait when the incident begins."""

_SLOW = "securenet_obs.drills.incidents.programs.slow_worker"


@contextmanager
def kill_worker(stack: LocalStack) -> Iterator[None]:
    """Kill the worker and its children with SIGKILL; start it after the block unless it runs."""
    signals.kill(stack.parts["worker"])
    try:
        yield
    finally:
        if not stack.parts["worker"].is_running():
            stack.start_part("worker")


@contextmanager
def slow_worker_down(stack: LocalStack) -> Iterator[None]:
    """Let more batches arrive than a worker with one process, half a second for each, finishes.

    Raises:
        StackError: after the block, the whole worker does not empty the queues.
    """
    command = [sys.executable, "-m", _SLOW, *build_worker_command(1)[2:]]
    stack.restart_part("worker", command=command)
    load = Load(stack.environment)
    load.submit(_BACKLOG)
    over = threading.Event()
    sender = threading.Thread(
        target=load.trickle, args=(1_000_000, over, 1 / ARRIVALS_PER_S), name="arrivals"
    )
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()
        stack.restart_part("worker")
        wait_for_empty_queues(stack.environment)
