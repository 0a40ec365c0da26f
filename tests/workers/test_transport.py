"""The transport on a real Redis: what is sent is consumed, however its connection was lost."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kombu import Connection, Queue
from kombu.asynchronous import Hub
from kombu.transport import get_transport_cls

from securenet_obs.workers.transport import Transport, use_transport

QUEUE = Queue("transport-test", durable=False, auto_delete=True)


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_every_redis_connection_uses_it(scheme: str) -> None:
    """Whoever opens a connection by its URL."""
    use_transport()
    assert get_transport_cls(scheme) is Transport


@pytest.fixture
def consuming(redis_server: Any) -> Iterator[tuple[Connection, Callable[[str], list[str]]]]:
    """Yield a connection that an event loop reads, and what waits for a message of a text."""
    use_transport()
    url, received = redis_server.environment["REDIS_URL"], []
    hub = Hub()
    with Connection(url) as connection, Connection(url) as other:

        def expect(text: str, within_s: float = 5.0) -> list[str]:
            with other.Producer() as producer:
                producer.publish(text, routing_key=QUEUE.name, declare=[QUEUE])
            ends = time.monotonic() + within_s
            hub.call_repeatedly(0.1, lambda: None)
            while text not in received and time.monotonic() < ends:
                next(loop)
            return received

        def take(body: str, message: Any) -> None:
            received.append(body)
            message.ack()

        with connection.Consumer([QUEUE], callbacks=[take]):
            connection.register_with_event_loop(hub)
            loop = hub.create_loop()
            expect("first")
            yield connection, expect
        hub.close()


def test_a_connection_that_is_back_before_the_next_look_is_read(consuming: Any) -> None:
    """Nobody noticed the loss, and the new socket is read all the same."""
    connection, expect = consuming
    reading = connection.default_channel.client.connection
    reading.disconnect()
    reading.connect()
    assert "second" in expect("second")


def test_one_client_sends_everything_until_its_connections_are_lost(redis_server: Any) -> None:
    """Then there is another, of the connections that are there now."""
    use_transport()
    with Connection(redis_server.environment["REDIS_URL"]) as connection:
        channel = connection.default_channel
        with channel.conn_or_acquire() as first, channel.conn_or_acquire() as again:
            assert first is again
        channel._disconnect_pools()
        with channel.conn_or_acquire() as other:
            assert other is not first
            assert other.ping()
