"""State of the broker's queues for a scraper: depth by priority, in flight, ages of the oldest."""

import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from redis import Redis

from securenet_obs.workers.durations import SENT_HEADER
from securenet_obs.workers.names import QUEUES, UNACKED_INDEX_KEY, UNACKED_KEY

PRIORITIES = (0, 3, 6, 9)
"""Priority steps of kombu, which keeps a list for each of them."""

_SEPARATOR = "\x06\x16"


def read_queues(broker: Redis) -> Iterator[Metric]:
    """Yield the state of all queues, read in one round trip.

    An age is 0 if nothing waits. A message without a time of sending, of another producer, has the
    age NaN: it is unknown.

    Raises:
        RedisError, OSError: Redis did not answer.
    """
    lists = [(queue, priority) for queue in QUEUES for priority in PRIORITIES]
    with broker.pipeline(transaction=False) as pipe:
        for queue, priority in lists:
            pipe.llen(_key(queue, priority))
            pipe.lindex(_key(queue, priority), -1)
        pipe.hlen(UNACKED_KEY)
        pipe.zrange(UNACKED_INDEX_KEY, 0, 0, withscores=True)
        *answers, in_flight, oldest = pipe.execute()
    now = time.time()
    depths = dict(zip(lists, answers[0::2], strict=True))
    heads = dict(zip(lists, answers[1::2], strict=True))
    yield _depths(depths)
    yield _ages({queue: [heads[queue, step] for step in PRIORITIES] for queue in QUEUES}, now)
    yield GaugeMetricFamily(
        "securenet_unacknowledged_messages", "Messages that workers hold.", value=in_flight
    )
    yield GaugeMetricFamily(
        "securenet_oldest_unacknowledged_age_seconds",
        "Time for which a worker has held the oldest message; 0 without any.",
        value=max(0.0, now - oldest[0][1]) if oldest else 0.0,
    )


def _key(queue: str, priority: int) -> str:
    return f"{queue}{_SEPARATOR}{priority}" if priority else queue


def _depths(depths: dict[tuple[str, int], int]) -> Metric:
    family = GaugeMetricFamily(
        "securenet_queue_messages",
        "Messages that wait, by queue and priority; 0 is the highest priority.",
        labels=("queue", "priority"),
    )
    for (queue, priority), depth in depths.items():
        family.add_metric((queue, str(priority)), depth)
    return family


def _ages(heads: dict[str, Sequence[bytes | None]], now: float) -> Metric:
    family = GaugeMetricFamily(
        "securenet_queue_oldest_message_age_seconds",
        "Time for which the oldest message of a queue has waited; 0 without any.",
        labels=("queue",),
    )
    for queue, messages in heads.items():
        ages = [_age(message, now) for message in messages if message is not None]
        known = [age for age in ages if age is not None]
        family.add_metric((queue,), max(known) if known else float("nan") if ages else 0.0)
    return family


def _age(message: bytes, now: float) -> float | None:
    """Return the seconds since a message was sent, or since its ETA; None if that is unknown."""
    try:
        headers: dict[str, Any] = json.loads(message)["headers"]
        sent = float(headers[SENT_HEADER])
        due = datetime.fromisoformat(headers["eta"]).timestamp() if headers.get("eta") else sent
    except (ValueError, TypeError, LookupError):
        return None
    return max(0.0, now - max(sent, due))
