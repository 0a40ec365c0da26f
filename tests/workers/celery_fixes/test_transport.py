"""The Redis transport: messages are consumed after every kind of lost connection."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import redis
from kombu import Connection, Exchange, Queue
from kombu.asynchronous import Hub
from kombu.transport import get_transport_cls
from sqlalchemy import make_url

from securenet_obs.drills.faults.proxy import Proxy
from securenet_obs.processes.polling import Deadline
from securenet_obs.workers.celery_fixes import transport
from securenet_obs.workers.celery_fixes.transport import Transport, install_transport

QUEUE = Queue("transport-test", routing_key="transport-test", durable=False, auto_delete=True)
BROADCAST = Queue(
    "transport-test-subscriber",
    Exchange("transport-test-broadcast", type="fanout"),
    durable=False,
    auto_delete=True,
)


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_every_redis_url_uses_the_transport(scheme: str) -> None:
    """Connections by `redis://` and `rediss://` use this transport."""
    install_transport()
    assert get_transport_cls(scheme) is Transport


class Consuming:
    """The messages of a queue, read by an event loop as in a worker."""

    def __init__(self, reading: Connection, sending: Connection, queue: Queue) -> None:
        self.received: list[str] = []
        self.acknowledges = True
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
        if self.acknowledges:
            message.ack()

    def send(self, text: str) -> None:
        """Send a message on a direct connection, not through the reader's."""
        exchange, key = self._queue.exchange, self._queue.routing_key
        with self._sending.Producer() as producer:
            producer.publish(text, exchange=exchange, routing_key=key, declare=[self._queue])

    def turn(self, until: Callable[[], object], within_s: float = 30.0) -> bool:
        """Run the loop until a condition holds; return whether it did."""
        deadline = Deadline.after(within_s)
        while not until() and not deadline.has_passed:
            next(self._loop)
        return bool(until())

    def receives(self, text: str) -> bool:
        """Send a message, repeatedly if it may be lost, and return whether it arrives."""
        if self._queue is QUEUE:
            self.send(text)
            return self.turn(lambda: text in self.received)
        again = self._hub.call_repeatedly(0.2, lambda: self.send(text))
        try:
            return self.turn(lambda: text in self.received)
        finally:
            again.cancel()

    def request_again(self) -> None:
        """Run the loop until it has requested another message."""
        before = self.channel.waiting_since
        assert self.turn(lambda: self.channel.waiting_since > before)

    def close(self) -> None:
        """Stop reading."""
        self._hub.close()


@pytest.fixture
def consume(redis_server: Any) -> Iterator[Callable[..., Consuming]]:
    """Yield a function that consumes a queue, directly or at another port."""
    install_transport()
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
    """Yield a proxy in front of Redis."""
    with Proxy(make_url(redis_server.environment["REDIS_URL"]).port or 6379) as proxy:
        yield proxy


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the timeout of an answer to half a second."""
    monkeypatch.setattr(transport, "_ANSWER_TIMEOUT_S", 0.5)


def test_a_connection_that_was_replaced_unnoticed_is_read(consume: Any) -> None:
    """The loss was not noticed, and the new socket is read all the same."""
    consuming = consume()
    reading = consuming.channel.client.connection
    reading.disconnect()
    reading.connect()
    assert consuming.receives("second")


@pytest.mark.usefixtures("short_timeout")
def test_a_lost_request_for_messages_is_repeated(consume: Any, proxy: Proxy) -> None:
    """The network drops the request and the connection without notice."""
    consuming = consume(port=proxy.port)
    proxy.drops_traffic = True
    before = consuming.channel.waiting_since
    assert consuming.turn(lambda: consuming.channel.waiting_since > before)
    proxy.drops_traffic = False
    assert consuming.receives("second")


@pytest.mark.usefixtures("short_timeout")
def test_a_lost_subscription_is_renewed(consume: Any, proxy: Proxy) -> None:
    """Remote control commands arrive by this subscription."""
    consuming = consume(BROADCAST, port=proxy.port, health_check_interval=1)
    proxy.drops_traffic = True
    subscriptions = consuming.channel.subclient
    assert consuming.turn(lambda: subscriptions.health_check_response_counter)
    proxy.drops_traffic = False
    assert consuming.receives("second")


@pytest.mark.usefixtures("short_timeout")
def test_an_answer_consumed_by_a_child_is_requested_again(consume: Any) -> None:
    """A forked child that reads from an inherited connection consumes an answer."""
    consuming = consume()
    consuming.request_again()
    assert end_of_child(consuming.channel.client.connection.read_response) == 0
    assert consuming.receives("second")


@pytest.mark.parametrize("queue", [QUEUE, BROADCAST], ids=["messages", "subscriptions"])
def test_a_child_that_closes_its_copy_takes_nothing_from_its_parent(
    consume: Any, redis_server: Any, queue: Queue
) -> None:
    """As kombu does in a child of a process with pools: nothing in Redis changes."""
    consuming = consume(queue)
    consuming.acknowledges = False
    assert consuming.receives("unacknowledged")
    if queue is QUEUE:
        consuming.request_again()
    with redis.Redis.from_url(redis_server.environment["REDIS_URL"]) as client:
        before = {key: client.dump(key) for key in client.scan_iter()}
        assert before
        assert end_of_child(consuming.channel.connection.client.collect) == 0
        assert {key: client.dump(key) for key in client.scan_iter()} == before
    consuming.send("next")
    assert consuming.turn(lambda: "next" in consuming.received, within_s=10)


def test_a_child_does_not_wait_for_its_parents_answer(consume: Any) -> None:
    """A process of a pool began two seconds late if its parent had asked workers."""
    consuming = consume()
    consuming.request_again()
    consuming.send("next")

    def close() -> None:
        held = consuming.channel.client.connection
        held.read_response = held.send_command = None  # neither may be called
        consuming.channel.connection.client.collect()

    assert end_of_child(close) == 0
    assert consuming.turn(lambda: "next" in consuming.received, within_s=10)


def end_of_child(run: Callable[[], object]) -> int:
    """Run a function in a forked child, and return 0 if it ends without an error."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            run()
            os._exit(0)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.slow
@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("queue", [QUEUE, BROADCAST], ids=["messages", "subscriptions"])
def test_an_idle_connection_is_not_closed(consume: Any, queue: Queue) -> None:
    """Answers without messages keep the connection open."""
    consuming = consume(queue, health_check_interval=1)

    def read_socket() -> Any:
        channel = consuming.channel
        return (channel.client if queue is QUEUE else channel.subclient).connection._sock

    def stays_open() -> bool:
        socket = read_socket()
        consuming.turn(lambda: False, within_s=4)
        return socket is not None and read_socket() is socket

    # A Redis that is held for longer than its half second loses its connection, as it should.
    assert any(stays_open() for _ in range(3))


@pytest.mark.usefixtures("short_timeout")
def test_an_unread_answer_does_not_close_the_connection(consume: Any) -> None:
    """After a delay of the process, the answer is still in the socket."""
    consuming = consume()
    consuming.turn(lambda: False, within_s=0.1)
    consuming.send("second")
    time.sleep(2)
    assert consuming.turn(lambda: "second" in consuming.received)


def test_one_client_is_used_until_its_pool_is_replaced(redis_server: Any) -> None:
    """After a lost connection a new client uses the new pool."""
    install_transport()
    with Connection(redis_server.environment["REDIS_URL"]) as connection:
        channel = connection.default_channel
        with channel.conn_or_acquire() as first, channel.conn_or_acquire() as again:
            assert first is again
        channel._disconnect_pools()
        with channel.conn_or_acquire() as other:
            assert other is not first
            assert other.ping()
