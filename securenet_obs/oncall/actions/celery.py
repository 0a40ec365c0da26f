"""Actions on Celery and its queues, which need no entry in RUNBOOK_ACTIONS."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.step import Action
from securenet_obs.probes.celery.client import create_celery_client, open_inspector, query_workers
from securenet_obs.probes.celery.queue_keys import list_queue_keys
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

_ANSWER_S = 2.0
_GROWN_S = 15.0

_PAGE = 500

MAX_MESSAGES = 20_000
"""Maximum number of a list's messages that are read, those that wait longest."""


def grow_pool(settings: Settings, worker: str, processes: int, target: int) -> Action:
    """Return the action that grows a worker's pool to a number of processes.

    Args:
        settings: those of the target.
        worker: name of the worker.
        processes: number of processes that it has now.
        target: number of processes that it shall have.
    """

    def read_state() -> dict[str, str]:
        return {"worker": worker, "processes": str(_read_pool(settings, worker))}

    def run() -> str:
        return _grow(settings, worker, target)

    return Action(
        "grow_pool",
        f"grow the pool of {worker} from {processes} to {target} processes",
        f"shrink the pool of {worker} by {target - processes} with Celery's pool_shrink; "
        "a restart of the worker undoes it, too",
        read_state,
        run,
    )


def _read_pool(settings: Settings, worker: str) -> int:
    """Return the number of processes of a worker.

    Raises:
        ActionError: the worker does not answer.
    """
    with open_inspector(settings, _ANSWER_S) as inspect:
        inspect.destination = [worker]
        (stats,) = query_workers(inspect, "stats")
    if worker not in stats:
        raise ActionError(f"{worker} does not answer within {_ANSWER_S:g} s.")
    return len(stats[worker]["pool"]["processes"])


def _grow(settings: Settings, worker: str, target: int) -> str:
    """Add the processes that are missing, so that a repetition adds none."""
    before = _read_pool(settings, worker)
    if before < target:
        app = create_celery_client(settings)
        with translate_redis_errors(settings.redis_url, "REDIS_URL"):
            app.control.pool_grow(target - before, destination=[worker])
    after = poll_until(
        lambda: _read_pool(settings, worker), lambda now: now >= target, deadline_s=_GROWN_S
    )
    if after < target:
        raise ActionError(f"{worker} has {after} processes after {_GROWN_S:g} s, not {target}.")
    return f"{worker} had {before} processes, has {after}"


def shed_expired(settings: Settings, queue: str, count: int) -> Action:
    """Return the action that removes the expired tasks of a queue, which no worker would run.

    Args:
        settings: those of the target.
        queue: name of the queue.
        count: number of expired tasks that were found.
    """
    return Action(
        "shed_expired",
        f"remove the expired tasks that wait in {queue}, {count} when it was read",
        "none: a worker would discard each of them as well",
        lambda: {"queue": queue},
        lambda: f"{_shed(settings, queue)} expired tasks were removed from {queue}",
    )


def count_expired(settings: Settings, queue: str) -> int:
    """Return how many of a queue's waiting tasks have expired.

    Raises:
        UnreachableError, ForbiddenError, RefusedError: as every probe.
    """
    now = time.time()
    return sum(
        _has_expired(message, now)
        for key in list_queue_keys(queue)
        for message in _read_messages(settings, key)
    )


def _read_messages(settings: Settings, key: str) -> Iterator[bytes]:
    """Yield the messages at a list's end, the next ones first, page by page: they may be large."""
    with (
        translate_redis_errors(settings.redis_url, "REDIS_URL"),
        open_redis(settings.redis_url, "REDIS_URL") as broker,
    ):
        for start in range(0, MAX_MESSAGES, _PAGE):
            page: Any = broker.lrange(key, -start - _PAGE, -start - 1)
            yield from reversed(page)
            if len(page) < _PAGE:
                return


def _shed(settings: Settings, queue: str) -> int:
    now, removed = time.time(), 0
    for key in list_queue_keys(queue):
        expired = [row for row in _read_messages(settings, key) if _has_expired(row, now)]
        with (
            translate_redis_errors(settings.redis_url, "REDIS_URL"),
            open_redis(settings.redis_url, "REDIS_URL") as broker,
        ):
            # From the end, where the messages are that wait longest.
            removed += sum(int(broker.lrem(key, -1, message)) for message in expired)
    return removed


def _has_expired(message: bytes, now: float) -> bool:
    """Return whether a message has expired, by the header that workers judge it by."""
    try:
        expires = json.loads(message)["headers"]["expires"]
        moment = datetime.fromisoformat(expires)
    except (ValueError, TypeError, LookupError):
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() < now
