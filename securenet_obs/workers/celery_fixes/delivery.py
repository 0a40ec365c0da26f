"""kombu's QoS class: the messages that a channel holds, under a lease; restores expired ones.

Buys: no message is lost or kept back by a Redis that refuses a command: acknowledgements, returns
and messages that could not be recorded are settled with the next connection.
Without it: a message that is taken while Redis refuses to record it is lost, and one that waits for
its time while the connection breaks waits for the visibility timeout too.
Can go with `lease`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from kombu.transport import redis, virtual
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import dumps, loads
from redis import Redis
from redis.exceptions import RedisError

from securenet_obs.workers.celery_fixes.lease import LEASE
from securenet_obs.workers.names import UNACKED_KEY

_log = structlog.get_logger(__name__)


class QoS(redis.QoS):  # type: ignore[misc] # kombu has no types
    """Messages that a channel holds, each under the lease of this process.

    Upstream: celery/kombu#2206 and celery/celery#6229, open, ask for messages that come again soon
    after a worker's death. Can go when kombu renews the visibility of held messages.
    """

    def append(self, message: Any, delivery_tag: str) -> None:
        """Hold a message; if Redis does not record it, it is put back with the next connection."""
        info = message.delivery_info
        content = dumps([message._raw, info["exchange"], info["routing_key"]])
        try:
            with self.channel.conn_or_acquire() as client:
                LEASE.take(client, delivery_tag, content)
        except (RedisError, OSError):
            LEASE.popped[delivery_tag] = content
            raise
        virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge a message, now or with the next connection."""
        try:
            with self._connect() as client:
                _acknowledge(client, delivery_tag)
        except (RedisError, OSError):
            LEASE.acknowledged.add(delivery_tag)
        virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Drop a message, or put it back to be delivered after all others."""
        if not requeue:
            self.ack(delivery_tag)
            return
        self._return([delivery_tag], first=False)
        virtual.QoS.ack(self, delivery_tag)

    def restore_unacked(self, client: Redis | None = None) -> None:
        """Put all held messages back; while the worker reconnects, with the next connection."""
        tags = list(self._delivered)
        self._delivered.clear()
        if LEASE.is_reconnecting:
            LEASE.returned.update(tags)
        else:
            self._return(tags)
            with suppress(RedisError, OSError), self._connect() as client:
                self.settle(client)

    def restore_unacked_once(self, stderr: Any = None) -> None:
        """Put all held messages back, once, without a line on standard error."""
        self._on_collect.cancel()
        self._flush()
        if not self._delivered.restored:
            self.restore_unacked()
            self._delivered.restored = True

    def restore_visible(self, *_: object, **__: object) -> None:
        """Restore the messages of dead workers, and settle those of this process."""
        with self.channel.conn_or_acquire() as client:
            self.settle(client)
            expired = LEASE.find_expired(client, self.visibility_timeout)
            restored = sum(
                self._put_back(client, bytes_to_str(tag), bytes_to_str(owner), content)
                for tag, owner, content in expired
            )
        if restored:
            _log.warning("messages_restored", count=restored, reason="their worker is gone")

    def settle(self, client: Redis) -> None:
        """Repeat everything that Redis has not accepted yet."""
        for tag in list(LEASE.acknowledged):
            _acknowledge(client, tag)
            LEASE.acknowledged.discard(tag)
        for tag in list(LEASE.returned):
            self._put_back_own(client, tag)
            LEASE.returned.discard(tag)
        for tag, content in list(LEASE.popped.items()):
            # The record may have been made although its answer was lost.
            if not self._put_back_own(client, tag):
                queues, message = self._locate(content)
                for queue in queues:
                    client.rpush(queue, message)
            LEASE.popped.pop(tag)

    @contextmanager
    def _connect(self) -> Iterator[Redis]:
        """Yield a client of the broker.

        Raises:
            ConnectionError: the channel is closed: its connection was lost.
        """
        if self.channel.connection is None or self.channel.connection.client is None:
            raise ConnectionError
        with self.channel.conn_or_acquire() as client:
            yield client

    def _return(self, tags: list[str], *, first: bool = True) -> None:
        try:
            with self._connect() as client:
                for tag in tags:
                    self._put_back_own(client, tag, first=first)
        except (RedisError, OSError):
            LEASE.returned.update(tags)

    def _put_back_own(self, client: Redis, tag: str, *, first: bool = True) -> bool:
        content: Any = client.hget(UNACKED_KEY, tag)
        return content is not None and self._put_back(
            client, tag, LEASE.owner, content, first=first
        )

    def _put_back(
        self, client: Redis, tag: str, owner: str, content: bytes, *, first: bool = True
    ) -> bool:
        try:
            queues, message = self._locate(bytes_to_str(content))
        except (ValueError, TypeError, LookupError) as error:
            _log.error("message_not_restored", delivery_tag=tag, reason=type(error).__name__)
            return False
        return LEASE.restore(client, (tag, owner, content), queues, message, first=first)

    def _locate(self, content: str) -> tuple[list[str], str]:
        """Return the Redis lists of a recorded message, and the message, marked as redelivered."""
        message, exchange, routing_key = loads(content)
        message["headers"]["redelivered"] = True
        message["properties"]["delivery_info"]["redelivered"] = True
        priority = self.channel._get_message_priority(message, reverse=False)
        queues = self.channel._lookup(exchange, routing_key)
        return [self.channel._q_for_pri(queue, priority) for queue in queues], dumps(message)


def _acknowledge(client: Redis, tag: str) -> None:
    if not LEASE.acknowledge(client, tag):
        _log.warning("message_held_by_another_worker", delivery_tag=tag)
