"""Faults of messages in flight for runbooks: a consumer without a lease dies with its messages."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from securenet_obs.drills.incidents.faults.redis_faults import (
    OTHER_QUEUES,
    SCANS,
    dispatch_scans,
    forget_records,
)
from securenet_obs.errors import StackError
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command
from securenet_obs.workers.names import HELD_KEY, UNACKED_INDEX_KEY, UNACKED_KEY

HOLDS = "holds its messages"
"""The line that the consumer prints then."""

_CONSUMER = "securenet_obs.drills.incidents.programs.plain_consumer"


@contextmanager
def orphan_scans(stack: LocalStack) -> Iterator[None]:
    """Let a consumer without a lease take the scans, and kill it: no worker holds them then."""
    stack.restart_part("worker", command=build_worker_command(queues=OTHER_QUEUES))
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as broker:
        ids = dispatch_scans(stack, broker)
        try:
            take_and_die(stack.environment["REDIS_URL"], SCANS, len(ids))
            stack.restart_part("worker")
            yield
        finally:
            _forget_messages(broker, ids)
            forget_records(broker, ids)
            if stack.parts["worker"].command != build_worker_command():
                stack.restart_part("worker")


def take_and_die(url: str, queue: str, count: int) -> None:
    """Let a process take messages of a queue, and kill it.

    Raises:
        StackError: it did not get them.
    """
    command = [sys.executable, "-P", "-m", _CONSUMER, queue, str(count)]
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, text=True, env={"REDIS_URL": url}
    ) as consumer:
        line = (consumer.stdout or sys.stdin).readline().strip()
        consumer.kill()
    if line != HOLDS:
        raise StackError(f"The consumer of {queue} did not take {count} messages: {line}")


def _forget_messages(broker: Any, ids: set[str]) -> None:
    """Delete the messages that still no worker holds; a worker's own are none of them."""
    for tag, content in broker.hscan_iter(UNACKED_KEY):
        is_held = broker.hexists(HELD_KEY, tag)
        if not is_held and json.loads(content)[0]["headers"]["id"] in ids:
            broker.hdel(UNACKED_KEY, tag)
            broker.zrem(UNACKED_INDEX_KEY, tag)
