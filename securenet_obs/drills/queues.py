"""Redelivers unacknowledged messages after a drill, and waits until the queues are empty."""

import json
import time
from collections.abc import Mapping

import redis

from securenet_obs.errors import StackError
from securenet_obs.processes.polling import poll_to_zero
from securenet_obs.workers.names import QUEUES, UNACKED_INDEX_KEY, UNACKED_KEY

_STALL_S = 20.0
_AT_WORK_S = 1.0


def redeliver_unacknowledged(environment: Mapping[str, str]) -> int:
    """Put unacknowledged messages back into their queues at once; return their number.

    By itself this happens only after the visibility timeout.
    """
    with _open_client(environment) as client:
        unacknowledged = client.hgetall(UNACKED_KEY)
        for tag, content in unacknowledged.items():
            message, _exchange, queue = json.loads(content)
            with client.pipeline() as pipe:
                pipe.hdel(UNACKED_KEY, tag)
                pipe.zrem(UNACKED_INDEX_KEY, tag)
                pipe.lpush(queue, json.dumps(message))
                pipe.execute()
    return len(unacknowledged)


def wait_for_empty_queues(environment: Mapping[str, str]) -> None:
    """Wait until the queues are empty, and a moment longer for the worker's last tasks.

    Raises:
        StackError: the queues do not become emptier.
    """
    with _open_client(environment) as client:
        waiting = poll_to_zero(
            lambda: sum(client.llen(queue) for queue in QUEUES), stall_s=_STALL_S, interval_s=0.1
        )
    if waiting:
        raise StackError(
            f"{waiting} messages still wait in the queues, as many as {_STALL_S:g} s before."
        )
    time.sleep(_AT_WORK_S)


def _open_client(environment: Mapping[str, str]) -> redis.Redis:
    return redis.Redis.from_url(environment["REDIS_URL"], socket_timeout=5)
