"""kombu's Redis transport, which goes on consuming after its connections were lost, and faster."""

import select
import time
from typing import Any

import structlog
from kombu.transport import TRANSPORT_ALIASES, redis

# An answer that takes longer is taken for one that does not come.
_PATIENCE_S = 5.0

_log = structlog.get_logger(__name__)


class Channel(redis.Channel):  # type: ignore[misc] # kombu has no types
    """Keeps one client for all it sends, and knows since when it waits for a message.

    kombu 5.6.2 makes one for each acknowledgement and each message, with a table of what to do
    with the answer of every command there is: a quarter of what a worker's parent does for a task.
    """

    waiting_since = 0.0
    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous)
        # After a lost connection there is another pool.
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()
        return self._kept

    def _brpop_start(self, timeout: float | None = None) -> None:
        self.waiting_since = time.monotonic()
        super()._brpop_start(timeout)


class Poller(redis.MultiChannelPoller):  # type: ignore[misc] # kombu has no types
    """Closes a connection on which the answer to a question does not come; kombu opens another.

    A network that forgets a connection tells neither side, and a forked child that closes what it
    was born with takes an answer away. kombu 5.6.2 asks for a message within a second, which is
    Redis's to keep, and waits for the answer for ever.
    """

    def _register_BRPOP(self, channel: Channel) -> None:  # noqa: N802 the name is kombu's
        waited_s = time.monotonic() - channel.waiting_since
        late = channel._in_poll and waited_s > channel.brpop_timeout + _PATIENCE_S
        if late and _is_silent(channel.client.connection):
            _give_up(channel.client.connection, "messages")
        super()._register_BRPOP(channel)

    def maybe_check_subclient_health(self) -> None:
        """Ask whether subscriptions still stand, as long as the last such question was answered."""
        for channel in self._channels:
            client = channel.__dict__.get("subclient")
            late = client is not None and client.health_check_response_counter
            if late and _is_silent(client.connection):
                _give_up(client.connection, "subscriptions")
                client.health_check_response_counter = 0
        super().maybe_check_subclient_health()


def _is_silent(connection: Any) -> bool:
    """Tell whether a connection has nothing to be read, not even its end."""
    if connection._sock is None:
        return False
    # redis-py's own look takes the bytes out of the socket, and then no loop is told of them.
    arrivals = select.poll()
    arrivals.register(connection._sock, select.POLLIN)
    return not arrivals.poll(0)


def _give_up(connection: Any, of: str) -> None:
    _log.warning("connection_silent", of=of, patience_s=_PATIENCE_S)
    connection.disconnect()


class Transport(redis.Transport):  # type: ignore[misc] # kombu has no types
    """Of a lost connection only what was its own is forgotten.

    kombu 5.6.2 also takes the loop's poll away, even when a new connection has registered its own
    by then: the worker answers pings and consumes nothing (kombu's issues 2492 and 2629).
    """

    Channel = Channel

    def __init__(self, *args: Any, **options: Any) -> None:
        """Connect nothing yet."""
        super().__init__(*args, **options)
        self.cycle = Poller()

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        """Have the loop read this connection's messages, from now on and after every loss."""
        super().register_with_event_loop(connection, loop)
        self.cycle._on_connection_disconnect = lambda lost: _forget(self.cycle, loop, lost)


def _forget(cycle: Any, loop: Any, lost: Any) -> None:
    """Read this connection no more; who used it is registered anew with its next socket.

    By now the connection has no socket to ask for, so it is found by its users.
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


def use_transport() -> None:
    """Have every `redis://` and `rediss://` connection of this process use this transport."""
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:Transport"))
