"""Suspends a worker that holds messages while another takes over; waits until a worker is ready."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from securenet_obs.drills.faults.signals import pause
from securenet_obs.errors import StackError
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command
from securenet_obs.workers.names import HELD_KEY, LEASES_KEY

SECOND_WORKER = "second@localhost"
"""Node name of the worker that takes over."""

HELD_S = 8.0
"""Seconds for which the worker holds its messages before a validation looks for them."""

_START_S = 30.0


@contextmanager
def add_second_worker(stack: LocalStack) -> Iterator[tuple[LocalStack, str]]:
    """Run a second worker during the block; yield the stack, and the first one's name as holder."""
    with _open_broker(stack) as client:
        (owner,) = client.zrange(LEASES_KEY, -1, -1)
    second = stack.parts["worker"].copy_with({}, build_worker_command(name=SECOND_WORKER))
    offset = second.log.stat().st_size
    second.launch()
    try:
        wait_for_worker(second.log, offset, SECOND_WORKER)
        yield stack, owner
    finally:
        second.stop()


@contextmanager
def suspend_worker(place: tuple[LocalStack, str]) -> Iterator[None]:
    """Suspend the first worker's main process while it holds messages, also during the block.

    Raises:
        StackError: it was never suspended with a message.
    """
    stack, owner = place
    with ExitStack() as suspension, _open_broker(stack) as client:

        def suspend_holder() -> bool:
            suspension.enter_context(pause(stack.parts["worker"]))
            if owner in client.hvals(HELD_KEY):
                return True
            suspension.close()
            return False

        if not poll_until(suspend_holder, deadline_s=_START_S, interval_s=0.05):
            raise StackError(f"The worker held no message for {_START_S:g} s.")
        time.sleep(HELD_S)
        yield


def _open_broker(stack: LocalStack) -> redis.Redis:
    url = stack.environment["REDIS_URL"]
    return redis.Redis.from_url(url, decode_responses=True, socket_timeout=5)


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
