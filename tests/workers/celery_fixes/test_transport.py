"""The transport on a real Redis: what is sent is consumed, however its connection was lost."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue
from kombu.asynchronous import Hub
from kombu.transport import get_transport_cls
from sqlalchemy import make_url

from securenet_obs.drills.proxy import Proxy
from securenet_obs.processes.polling import Deadline
from securenet_obs.workers.celery_fixes import transport
from securenet_obs.workers.celery_fixes.transport import Transport, use_transport

QUEUE = Queue("transport-test", routing_key="transport-test", durable=False, auto_delete=True)
BROADCAST = Queue(
    "transport-test-subscriber",
    Exchange("transport-test-broadcast", type="fanout"),
    durable=False,
    auto_delete=True,
)


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_every_redis_connection_uses_it(scheme: str) -> None:
    """Whoever opens a connection by its URL."""
    use_transport()
    assert get_transport_cls(scheme) is Transport


class Consuming:
    """A queue's messages, read by an event loop as a worker reads them."""

    def __init__(self, reading: Connection, sending: Connection, queue: Queue) -> None:
        self.received: list[str] = []
        self.channel = reading.default_channel
        self._queue, self._sending, self._hub = queue, sending, Hub()
        self._consumer = reading.Consumer([queue], callbacks=[self._take])
        self._consumer.consume()
        self._consumer.purge()
        reading.register_with_event_loop(self._hub)
        self._hub.call_repeatedly(0.05, lambda: None)
        self._loop = self._hub.create_loop()

    def _take(self, body: str, message: Any) -> None:
        self.received.append(body)
        message.ack()

    def send(self, text: str) -> None:
        """Send a message, past what the reader's messages go through."""
        exchange, key = self._queue.exchange, self._queue.routing_key
        with self._sending.Producer() as producer:
            producer.publish(text, exchange=exchange, routing_key=key, declare=[self._queue])

    def turn(self, until: Callable[[], object], within_s: float = 30.0) -> bool:
        """Let the loop turn until something is so; tell whether it came to be."""
        deadline = Deadline.after(within_s)
        while not until() and not deadline.has_passed:
            next(self._loop)
        return bool(until())

    def receives(self, text: str) -> bool:
        """Send a message and tell whether it comes, again and again where it may be lost."""
        if self._queue is QUEUE:
            self.send(text)
            return self.turn(lambda: text in self.received)
        again = self._hub.call_repeatedly(0.2, lambda: self.send(text))
        try:
            return self.turn(lambda: text in self.received)
        finally:
            again.cancel()

    def close(self) -> None:
        """Read no more."""
        self._hub.close()


@pytest.fixture
def consume(redis_server: Any) -> Iterator[Callable[..., Consuming]]:
    """Yield what consumes a queue, straight or at another port."""
    use_transport()
    url = make_url(redis_server.environment["REDIS_URL"])
    with ExitStack() as ends:

        def connect(port: int | None, **options: Any) -> Connection:
            at = url.set(port=port or url.port).render_as_string(hide_password=False)
            options = {"socket_timeout": 5, **options}
            return ends.enter_context(Connection(at, transport_options=options))

        def begin(queue: Queue = QUEUE, port: int | None = None, **options: Any) -> Consuming:
            reading, sending = connect(port, **options), connect(None)
            consuming = Consuming(reading, sending, queue)
            ends.callback(consuming.close)
            assert consuming.receives("first")
            return consuming

        yield begin


@pytest.fixture
def proxy(redis_server: Any) -> Iterator[Proxy]:
    """Yield a proxy before Redis."""
    with Proxy(make_url(redis_server.environment["REDIS_URL"]).port or 6379) as proxy:
        yield proxy


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have silence of half a second suffice."""
    monkeypatch.setattr(transport, "_PATIENCE_S", 0.5)


def test_a_connection_that_is_back_before_the_next_look_is_read(consume: Any) -> None:
    """Nobody noticed the loss, and the new socket is read all the same."""
    consuming = consume()
    reading = consuming.channel.client.connection
    reading.disconnect()
    reading.connect()
    assert consuming.receives("second")


@pytest.mark.usefixtures("impatient")
def test_a_question_that_got_lost_is_asked_anew(consume: Any, proxy: Proxy) -> None:
    """The network has swallowed it, told nobody, and forgotten the connection."""
    consuming = consume(port=proxy.port)
    proxy.drops_traffic = True
    asked = consuming.channel.waiting_since
    assert consuming.turn(lambda: consuming.channel.waiting_since > asked)
    proxy.drops_traffic = False
    assert consuming.receives("second")


@pytest.mark.usefixtures("impatient")
def test_a_subscription_that_got_lost_is_made_anew(consume: Any, proxy: Proxy) -> None:
    """Commands to all workers come this way: a worker that is not asked does not answer."""
    consuming = consume(BROADCAST, port=proxy.port, health_check_interval=1)
    proxy.drops_traffic = True
    subscriptions = consuming.channel.subclient
    assert consuming.turn(lambda: subscriptions.health_check_response_counter)
    proxy.drops_traffic = False
    assert consuming.receives("second")


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_a_child_took_away_is_asked_for_anew(consume: Any) -> None:
    """It was forked, and closed at its end what it was born with."""
    consuming = consume()
    asked = consuming.channel.waiting_since
    assert consuming.turn(lambda: consuming.channel.waiting_since > asked)
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            consuming.channel.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert consuming.receives("second")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("queue", [QUEUE, BROADCAST], ids=["messages", "subscriptions"])
def test_a_connection_is_not_given_up_for_having_nothing_to_say(consume: Any, queue: Queue) -> None:
    """The answers come, though no message does."""
    consuming = consume(queue, health_check_interval=1)
    kind = consuming.channel.client if queue is QUEUE else consuming.channel.subclient
    socket = kind.connection._sock
    consuming.turn(lambda: False, within_s=4)
    assert kind.connection._sock is socket


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_nobody_has_read_yet_is_not_lost(consume: Any) -> None:
    """Who asks now and then, or was held for a while, finds it in the socket."""
    consuming = consume()
    consuming.turn(lambda: False, within_s=0.1)
    consuming.send("second")
    time.sleep(2)
    assert consuming.turn(lambda: "second" in consuming.received)


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
