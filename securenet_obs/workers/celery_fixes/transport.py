"""kombu's Redis transport and channel, made faster, and robust against lost connections.

Buys: a worker consumes again after every lost connection, and 5.5 s after one that the network lost
without notice; with kombu 5.6.2 it answered pings and took no task in the 70 s that were observed.
A task costs a worker's parent 0.5 ms of CPU instead of 0.8 ms (medians of 3 times 800).
Without it: workers that must be restarted by hand after an outage of Redis or the network.
Can go with the first kombu 5.7 that survives a restart of Redis, except for `_create_client`.
"""

import os
import select
import time
from contextlib import suppress
from queue import Empty
from typing import Any

import structlog
from kombu.exceptions import OperationalError
from kombu.transport import TRANSPORT_ALIASES, redis
from kombu.utils.json import dumps
from redis.exceptions import OutOfMemoryError, RedisError

from securenet_obs.workers.celery_fixes.delivery import QoS
from securenet_obs.workers.celery_fixes.lease import EVEN_IF_FULL
from securenet_obs.workers.ledger_records import add_sent

_BIND = f"{EVEN_IF_FULL.format('SREM')}return redis.call('SADD', KEYS[1], ARGV[1])"

# Seconds after which a missing answer counts as lost.
_ANSWER_TIMEOUT_S = 5.0

_log = structlog.get_logger(__name__)


class Channel(redis.Channel):  # type: ignore[misc] # kombu has no types
    """A channel with one client for everything it sends, and the time its wait for a message began.

    kombu 5.6.2 creates a client for each acknowledgement and each message, with a table of the
    callbacks of every Redis command: a quarter of the work of a worker's parent for a task.

    A worker can start while Redis's memory is full, to empty the queues: Redis refuses transactions
    then, also of commands that only read, and the records of bindings.

    A forked child closes what it inherits of kombu's pools. kombu 5.6.2 waits there for the answer
    to the parent's request for messages, and loses the message in it. It also puts the parent's
    unacknowledged messages back, which are processed twice.

    Upstream: no issue known (searched 2026-11-28). `_create_client` can go when kombu keeps a
    client (5.7.0 does not); `_brpop_start` can go with `Poller`; `_queue_bind` and the
    pipelines without transactions when kombu declares and deletes queues in a full memory;
    `_leave_to_parent` when a child of kombu closes only its copies of sockets (5.7.0 does not).
    """

    QoS = QoS

    waiting_since = 0.0
    _shared_client: Any = None

    def __init__(self, *args: Any, **options: Any) -> None:
        """Open the channel."""
        self._pid = os.getpid()
        super().__init__(*args, **options)

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous)
        # After a lost connection the pool is another one.
        if self._shared_client is None or self._shared_client.connection_pool is not self.pool:
            self._shared_client = _without_transactions(super()._create_client())
        return self._shared_client

    def close(self) -> None:
        """Close the channel, whatever Redis answers: its messages must be put back."""
        if os.getpid() != self._pid and not self.closed:
            self._leave_to_parent()
        if self._in_poll:
            with suppress(Empty, RedisError, OSError, AttributeError):
                self._brpop_read()
        try:
            super().close()
        except (RedisError, OSError):
            # Redis did not delete the queues of remote control; they expire.
            self.auto_delete_queues.clear()
            super().close()

    def _leave_to_parent(self) -> None:
        """Forget all that a forked child would end in Redis: it is the parent's."""
        self._in_poll = self._qos = None
        self.auto_delete_queues.clear()

    def _put(self, queue: str, message: Any, **_: object) -> None:
        """Send a message, with the ledger's record of it."""
        priority = self._get_message_priority(message, reverse=False)
        with self.conn_or_acquire() as client, client.pipeline(transaction=True) as pipe:
            add_sent(pipe, queue, message)
            pipe.lpush(self._q_for_pri(queue, priority), dumps(message))
            pipe.execute()

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        try:
            super()._queue_bind(exchange, routing_key, pattern, queue)
        except OutOfMemoryError:
            binding = self.sep.join(part or "" for part in (routing_key, pattern, queue))
            with self.conn_or_acquire() as client:
                client.eval(_BIND, 1, self.keyprefix_queue % exchange, binding)

    def _brpop_start(self, timeout: float | None = None) -> None:
        self.waiting_since = time.monotonic()
        super()._brpop_start(timeout)


def _without_transactions(client: Any) -> Any:
    """Let a client's pipelines be transactions only on demand; kombu's need not be."""
    pipeline = client.pipeline
    client.pipeline = lambda transaction=False, shard_hint=None: pipeline(transaction, shard_hint)
    return client


class Poller(redis.MultiChannelPoller):  # type: ignore[misc] # kombu has no types
    """Closes a connection with an overdue answer; kombu opens another.

    A network may drop a connection without notice to either side, and a forked child may consume an
    answer. kombu 5.6.2 asks Redis for a message within a second, but does not enforce this limit
    itself, and waits for the answer forever.

    Upstream: celery/kombu#2590, merged, for subscriptions; no issue known for messages (searched
    2026-11-26), but kombu 5.7.0 bounds both waits. Can go with kombu 5.7.
    """

    def _register_BRPOP(self, channel: Channel) -> None:  # noqa: N802 the name is kombu's
        waited_s = time.monotonic() - channel.waiting_since
        late = channel._in_poll and waited_s > channel.brpop_timeout + _ANSWER_TIMEOUT_S
        if late and _has_no_data(channel.client.connection):
            _close_unresponsive(channel.client.connection, "messages")
        super()._register_BRPOP(channel)

    def maybe_check_subclient_health(self) -> None:
        """Check the health of subscriptions; close a connection if the last check is unanswered."""
        for channel in self._channels:
            client = channel.__dict__.get("subclient")
            late = client is not None and client.health_check_response_counter
            if late and _has_no_data(client.connection):
                _close_unresponsive(client.connection, "subscriptions")
                client.health_check_response_counter = 0
        super().maybe_check_subclient_health()


def _has_no_data(connection: Any) -> bool:
    """Return whether a connection has nothing to read, not even its end."""
    if connection._sock is None:
        return False
    # redis-py's own check reads the bytes from the socket, and the event loop then misses them.
    arrivals = select.poll()
    arrivals.register(connection._sock, select.POLLIN)
    return not arrivals.poll(0)


def _close_unresponsive(connection: Any, purpose: str) -> None:
    _log.warning("redis_connection_unresponsive", purpose=purpose, timeout_s=_ANSWER_TIMEOUT_S)
    connection.disconnect()


class Transport(redis.Transport):  # type: ignore[misc] # kombu has no types
    """Takes every error of Redis for one that passes; deregisters only a lost connection.

    kombu 5.6.2 also removes the event loop's poll, even if a new connection has registered its own
    by then: the worker answers pings and consumes nothing. It also takes an answer such as READONLY
    or MISCONF for an error of the application, which ends the worker.

    Upstream: celery/kombu#2492 and #2630, merged and in kombu 5.7.0. Can go with the first kombu
    5.7 that survives a restart of Redis; 5.7.0 does not (see pyproject.toml).
    """

    Channel = Channel

    # Redis's state passes: a failover, a full disk or memory, a changed password or right.
    connection_errors = (*redis.Transport.connection_errors, RedisError, OperationalError)

    def __init__(self, *args: Any, **options: Any) -> None:
        """Create the transport, without a connection."""
        super().__init__(*args, **options)
        self.cycle = Poller()

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Register this connection's messages with the loop, from now on and after every loss."""
        super().register_with_event_loop(connection, loop)
        self.cycle._on_connection_disconnect = lambda lost: _deregister(self.cycle, loop, lost)


def _deregister(cycle: Any, loop: Any, lost: Any) -> None:
    """Deregister a connection; its users are registered again with their next socket.

    The connection no longer has a socket, so its descriptors are found by its users.
    """
    for user in [user for user in cycle._chan_to_sock if _connection_of(user) is lost]:
        channel, _, kind = user
        del cycle._chan_to_sock[user]
        for number in [fd for fd, of in cycle._fd_to_chan.items() if of == (channel, kind)]:
            del cycle._fd_to_chan[number]
            loop.remove(number)


def _connection_of(user: tuple[Any, Any, str]) -> Any:
    _, client, _ = user
    return getattr(client, "connection", None)


def install_transport() -> None:
    """Use this transport for every `redis://` and `rediss://` connection of this process."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:Transport"))
