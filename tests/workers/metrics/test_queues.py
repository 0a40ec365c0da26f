"""The queues' state: depth by priority, ages since sending or ETA, messages in flight."""

import json
import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from securenet_obs.workers.metrics.queues import read_queues
from securenet_obs.workers.names import UNACKED_INDEX_KEY, UNACKED_KEY


@pytest.fixture
def broker(redis_server: Any) -> Iterator[redis.Redis]:
    """Yield a client of an empty broker."""
    url = redis_server.environment["REDIS_URL"].removesuffix("/0")
    with redis.Redis.from_url(f"{url}/12") as client:
        client.flushdb()
        yield client


def message(age_s: float | None, **headers: object) -> str:
    if age_s is not None:
        headers["securenet_sent_at"] = time.time() - age_s
    return json.dumps({"headers": headers})


def samples(broker: redis.Redis) -> dict[tuple[str, ...], float]:
    """Return the samples that are not 0, by name and values of labels."""
    found = [sample for family in read_queues(broker) for sample in family.samples]
    return {(each.name, *each.labels.values()): each.value for each in found if each.value}


def test_depth_age_and_flight_are_read(broker: redis.Redis) -> None:
    """The oldest message of a queue is the next one of any of its priorities."""
    broker.lpush("logs", message(10), message(5))
    broker.lpush("logs\x06\x163", message(90))
    broker.hset(UNACKED_KEY, mapping={"a": "1", "b": "2"})
    broker.zadd(UNACKED_INDEX_KEY, {"a": time.time() - 40, "b": time.time() - 3})
    assert samples(broker) == {
        ("securenet_queue_messages", "logs", "0"): 2,
        ("securenet_queue_messages", "logs", "3"): 1,
        ("securenet_queue_oldest_message_age_seconds", "logs"): pytest.approx(90, abs=5),
        ("securenet_unacknowledged_messages",): 2,
        ("securenet_oldest_unacknowledged_age_seconds",): pytest.approx(40, abs=5),
    }


@pytest.mark.parametrize(("due_in_s", "age_s"), [(-60, 60), (900, 0)])
def test_an_age_counts_from_the_eta(broker: redis.Redis, due_in_s: float, age_s: float) -> None:
    """A message that waits for its time is not late."""
    eta = datetime.fromtimestamp(time.time() + due_in_s, UTC).isoformat()
    broker.lpush("scans", message(100, eta=eta))
    found = samples(broker).get(("securenet_queue_oldest_message_age_seconds", "scans"), 0.0)
    assert found == pytest.approx(age_s, abs=30)


@pytest.mark.parametrize("text", ["{}", '{"headers": {"securenet_sent_at": "now"}}', "not JSON"])
def test_an_unknown_age_is_not_0(broker: redis.Redis, text: str) -> None:
    """It would look like an empty queue."""
    broker.lpush("scans", text)
    assert math.isnan(samples(broker)["securenet_queue_oldest_message_age_seconds", "scans"])


def test_queues_without_messages_have_samples(broker: redis.Redis) -> None:
    """A rule on a missing series would never fire."""
    families = {family.name: family.samples for family in read_queues(broker)}
    assert len(families["securenet_queue_messages"]) == 5 * 4
    assert {each.value for each in families["securenet_queue_oldest_message_age_seconds"]} == {0.0}
