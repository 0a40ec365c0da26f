"""Messages that a channel holds: none is lost by a Redis that refuses, or by a lost connection."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from kombu import Connection, Queue

from securenet_obs.drills.faults.redis_states import make_replica
from securenet_obs.workers.celery_fixes import delivery, lease
from securenet_obs.workers.celery_fixes.lease import Lease
from securenet_obs.workers.celery_fixes.transport import install_transport
from securenet_obs.workers.names import HELD_KEY, UNACKED_INDEX_KEY, UNACKED_KEY
from tests.workers.celery_fixes.test_lease import forbidden

QUEUE = Queue("delivery-test", routing_key="delivery-test")


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Lease:
    """Give this process another lease."""
    fresh = Lease()
    for module in (lease, delivery):
        monkeypatch.setattr(module, "LEASE", fresh)
    return fresh


@pytest.fixture
def url(redis_server: Any) -> str:
    """Return the address of a database of its own."""
    return redis_server.environment["REDIS_URL"].rsplit("/", 1)[0] + "/12"


@pytest.fixture
def server(url: str) -> Iterator[redis.Redis]:
    """Yield a client with one connection, which every state leaves open."""
    with redis.Redis.from_url(url, decode_responses=True, single_connection_client=True) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def channel(url: str, server: redis.Redis, mine: Lease) -> Iterator[Any]:
    """Yield a channel, and send it one message."""
    install_transport()
    with Connection(url) as connection:
        with connection.Producer() as producer:
            producer.publish({}, routing_key="delivery-test", declare=[QUEUE])
        yield connection.default_channel


def records(server: redis.Redis) -> tuple[int, int, int]:
    """Return how many messages are held, by each of the three records."""
    return server.hlen(UNACKED_KEY), server.zcard(UNACKED_INDEX_KEY), server.hlen(HELD_KEY)


def settle(channel: Any) -> None:
    """Settle what Redis has not accepted, as the next connection does."""
    with channel.conn_or_acquire() as client:
        channel.qos.settle(client)


def test_an_acknowledgement_that_is_refused_is_made_later(
    channel: Any, server: redis.Redis, mine: Lease
) -> None:
    """The task has ended, and its worker goes on."""
    message = channel.basic_get("delivery-test")
    with make_replica(server):
        message.ack()
        assert mine.acknowledged == {message.delivery_tag}
    assert records(server) == (1, 1, 1)
    settle(channel)
    assert records(server) == (0, 0, 0)
    assert mine.acknowledged == set()


def test_an_acknowledgement_after_the_connections_end_is_made_later(
    channel: Any, server: redis.Redis, mine: Lease, url: str
) -> None:
    """A task may end after its channel was closed."""
    message = channel.basic_get("delivery-test")
    mine.is_reconnecting = True
    channel.connection.client.collect()
    mine.is_reconnecting = False
    mine.returned.clear()  # a process runs the task
    message.ack()
    with Connection(url) as connection:
        settle(connection.default_channel)
    assert records(server) == (0, 0, 0)


@pytest.mark.parametrize("requeue", ["reject", "close"])
def test_a_return_that_is_refused_is_made_later(
    channel: Any, server: redis.Redis, mine: Lease, url: str, requeue: str
) -> None:
    """The message is delivered again, once."""
    message = channel.basic_get("delivery-test")
    with make_replica(server):
        message.reject(requeue=True) if requeue == "reject" else channel.close()
    assert server.llen("delivery-test") == 0
    with Connection(url) as connection:
        for _ in range(2):
            settle(connection.default_channel)
        again = connection.default_channel.basic_get("delivery-test")
        assert again.headers["redelivered"] is True
        assert server.llen("delivery-test") == 0
        again.ack()
    assert records(server) == (0, 0, 0)


def test_a_message_that_could_not_be_recorded_is_put_back(
    channel: Any, server: redis.Redis, mine: Lease
) -> None:
    """Redis gives a message away and refuses to record its holder."""
    with forbidden(server, "hset"):
        channel.basic_get("delivery-test")
    assert server.llen("delivery-test") == 0
    settle(channel)
    assert server.llen("delivery-test") == 1
    assert mine.popped == {}


def test_a_record_whose_answer_was_lost_is_not_doubled(
    channel: Any, server: redis.Redis, mine: Lease
) -> None:
    """The message is held and counts as not recorded: it is put back once."""
    message = channel.basic_get("delivery-test")
    mine.popped[message.delivery_tag] = server.hget(UNACKED_KEY, message.delivery_tag)
    settle(channel)
    assert server.llen("delivery-test") == 1
    assert records(server) == (0, 0, 0)


def test_an_expired_message_that_cannot_be_read_blocks_no_other(
    channel: Any, server: redis.Redis, mine: Lease
) -> None:
    """Another producer's message is left where it is."""
    channel.basic_get("delivery-test")
    server.hset(HELD_KEY, "broken", "a worker that is gone")
    server.hset(UNACKED_KEY, "broken", "not JSON")
    server.delete("securenet:leases")
    channel.qos.restore_visible()
    assert server.llen("delivery-test") == 1
    assert server.hkeys(UNACKED_KEY) == ["broken"]
