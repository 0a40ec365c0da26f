"""Finds the tasks whose messages are in Redis: waiting, scheduled for later, or in flight."""

import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

from redis import Redis

from securenet_obs.probes.celery.names import UNACKED_KEY
from securenet_obs.probes.celery.queue_keys import list_queue_keys

Place = Literal["waiting", "scheduled", "in flight"]

_CHUNK = 1_000


def find_places(broker: Redis, queues: Iterable[str]) -> dict[str, Place]:
    """Return the place of each task's message, by id.

    The queues first: a message that a worker takes meanwhile is found in flight.
    """
    places: dict[str, Place] = {}
    now = time.time()
    for queue in queues:
        for key in list_queue_keys(queue):
            for message in _read_list(broker, key):
                places |= _locate(message, "waiting", now)
    for _, held in broker.hscan_iter(UNACKED_KEY, count=_CHUNK):
        places |= _locate(held, "in flight", now)
    return places


def _read_list(broker: Redis, key: str) -> Iterator[bytes]:
    """Yield the messages of a list from the newest on: an arrival moves none of the rest away."""
    start = 0
    while messages := broker.lrange(key, start, start + _CHUNK - 1):
        yield from messages  # type: ignore[misc]
        start += _CHUNK


def _locate(text: bytes, place: Place, now: float) -> dict[str, Place]:
    """Return the place of a message by its task's id; empty if it is not a task's message."""
    try:
        parsed: Any = json.loads(text)
        headers = (parsed[0] if isinstance(parsed, list) else parsed)["headers"]
        eta = headers.get("eta")
        is_later = bool(eta) and datetime.fromisoformat(eta).timestamp() > now
        return {headers["id"]: "scheduled" if is_later else place}
    except (ValueError, TypeError, LookupError, AttributeError):
        return {}
