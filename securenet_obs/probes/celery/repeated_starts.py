"""Tasks that start again and again: their starts, and the messages that are left of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from securenet_obs.probes.celery.names import STARTS_PREFIX, UNACKED_KEY
from securenet_obs.probes.celery.queue_keys import list_queue_keys
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

WATCH_S = 3.0
"""Seconds for which the messages are read again; a busy worker takes one within them."""

_NEXT = 500
"""Messages of a queue that are read, the next ones: one that is put back comes next."""


@dataclass(frozen=True)
class RepeatedTask:
    """A task that was started several times, never ended, and has a message left.

    Args:
        task_id: its id.
        task: its name.
        starts: number of its starts.
        tenant_id: its tenant; empty if unknown.
        place: `in flight`, or the queue in which it waits.
    """

    task_id: str
    task: str
    starts: int
    tenant_id: str
    place: str


def find_repeated_tasks(
    settings: Settings, queues: Iterable[str], least_starts: int
) -> list[RepeatedTask]:
    """Return the tasks with at least so many unfinished starts, those with the most first.

    While a worker takes a message, it is nowhere in Redis: a task without one is watched for
    `WATCH_S` seconds.

    Args:
        settings: those of the target.
        queues: queues in which such a task may wait.
        least_starts: least number of starts.

    Raises:
        UnreachableError, ForbiddenError, RefusedError: as every probe.
    """
    starts = _read_starts(settings)
    often = {task_id: count for task_id, count in starts.items() if count >= least_starts}
    found: dict[str, RepeatedTask] = {}

    def count_found() -> int:
        found.update(_locate(settings, queues, often))
        return len(found)

    if often:
        poll_until(
            count_found, lambda count: count == len(often), deadline_s=WATCH_S, interval_s=0.1
        )
    return sorted(found.values(), key=lambda row: -row.starts)


def _locate(
    settings: Settings, queues: Iterable[str], often: Mapping[str, int]
) -> dict[str, RepeatedTask]:
    """Return those of the tasks that have a message now, by id."""
    return {
        task_id: RepeatedTask(
            task_id,
            str(headers.get("task", "unknown")),
            often[task_id],
            str(headers.get("securenet_tenant_id") or ""),
            place,
        )
        for place, headers in _read_messages(settings, queues)
        if (task_id := str(headers.get("id"))) in often
    }


def count_starts(settings: Settings, task_id: str) -> int:
    """Return the number of unfinished starts of a redelivered task; 0 for any other task."""
    return _read_starts(settings, task_id).get(task_id, 0)


def _read_starts(settings: Settings, task_id: str = "*") -> Mapping[str, int]:
    """Return task id -> unfinished starts, the first one included."""
    with (
        translate_redis_errors(settings.results, "RESULT_URL"),
        open_redis(settings.results, "RESULT_URL") as results,
    ):
        keys = list(results.scan_iter(f"{STARTS_PREFIX}{task_id}", count=1000))
        counts: Any = results.mget(keys) if keys else []
    # A task may have ended between the two commands.
    return {
        key.decode().removeprefix(STARTS_PREFIX): int(count) + 1
        for key, count in zip(keys, counts, strict=True)
        if count is not None
    }


def _read_messages(
    settings: Settings, queues: Iterable[str]
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Return the place and the headers of each message that is in flight or comes next."""
    names = [(name, key) for name in queues for key in list_queue_keys(name)]
    with (
        translate_redis_errors(settings.redis_url, "REDIS_URL"),
        open_redis(settings.redis_url, "REDIS_URL") as broker,
        broker.pipeline(transaction=False) as pipe,
    ):
        for _, key in names:
            pipe.lrange(key, -_NEXT, -1)
        pipe.hvals(UNACKED_KEY)
        *waiting, held = pipe.execute()
    rows = chain(
        ((name, message) for (name, _), row in zip(names, waiting, strict=True) for message in row),
        (("in flight", message) for message in held),
    )
    return [(place, _read_headers(message)) for place, message in rows]


def _read_headers(message: bytes) -> Mapping[str, Any]:
    """Return the headers of a message, which kombu holds in flight in a list; empty if broken."""
    try:
        content = json.loads(message)
        headers = (content[0] if isinstance(content, list) else content)["headers"]
    except (ValueError, LookupError, TypeError):
        return {}
    return headers if isinstance(headers, dict) else {}
