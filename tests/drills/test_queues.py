"""Messages that were delivered and not acknowledged can be redelivered at once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from securenet_obs.drills import queues
from securenet_obs.errors import StackError

MESSAGE = {"body": "e30=", "properties": {"delivery_tag": "a-tag"}}


@pytest.fixture
def broker(redis_server: Any) -> Iterator[redis.Redis]:
    """Yield an empty broker."""
    with redis.Redis.from_url(redis_server.environment["REDIS_URL"]) as client:
        client.flushdb()
        yield client
        client.flushdb()


def test_unacknowledged_message_returns_to_its_queue(
    broker: redis.Redis, redis_server: Any
) -> None:
    """It is not unacknowledged any longer, and is the next message of its queue."""
    broker.hset("unacked", "a-tag", json.dumps([MESSAGE, "logs", "logs"]))
    broker.zadd("unacked_index", {"a-tag": 1.0})
    assert queues.redeliver_unacknowledged(redis_server.environment) == 1
    assert [json.loads(text) for text in broker.lrange("logs", 0, -1)] == [MESSAGE]
    assert not broker.exists("unacked", "unacked_index")
    assert queues.redeliver_unacknowledged(redis_server.environment) == 0


def test_queue_that_stays_filled_is_an_error(
    broker: redis.Redis, redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a consumer the wait ends, and the error has the number of messages."""
    monkeypatch.setattr(queues, "_STALL_S", 0.1)
    broker.rpush("scans", "one", "two")
    with pytest.raises(StackError, match="2 messages still wait"):
        queues.wait_for_empty_queues(redis_server.environment)
