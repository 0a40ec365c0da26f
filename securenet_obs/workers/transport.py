"""kombu's Redis transport, which goes on consuming after its connections were lost, and faster."""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis


class Channel(redis.Channel):  # type: ignore[misc] # kombu has no types
    """Keeps one client for all it sends.

    kombu 5.6.2 makes one for each acknowledgement and each message, with a table of what to do
    with the answer of every command there is: a quarter of what a worker's parent does for a task.
    """

    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            return super()._create_client(asynchronous)
        # After a lost connection there is another pool.
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()
        return self._kept


class Transport(redis.Transport):  # type: ignore[misc] # kombu has no types
    """Of a lost connection only what was its own is forgotten.

    kombu 5.6.2 also takes the loop's poll away, even when a new connection has registered its own
    by then: the worker answers pings and consumes nothing (kombu's issues 2492 and 2629).
    """

    Channel = Channel

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
