"""A worker's lease on messages in Redis: renewal, scripts to take, acknowledge, restore them.

Buys: a dead worker's messages are delivered again 25 s to 45 s after its death; with kombu 5.6.2
after the visibility timeout of an hour, and up to 100 s more. A worker that was suspended for so
long acknowledges none of the messages that another worker has by then.
Without it: a killed worker's tasks wait for an hour.
Can go when kombu renews the visibility of the messages that a living worker holds.
"""

import threading
import uuid
from collections.abc import Iterable
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError

from securenet_obs.workers.names import HELD_KEY, LEASES_KEY, UNACKED_INDEX_KEY, UNACKED_KEY

LEASE_S = 25
"""Seconds without a renewal after which a worker counts as dead."""

RENEWAL_S = 5.0
"""Seconds between two renewals."""

MAX_RESTORED = 1_000
"""Maximum number of messages that one sweep restores."""

_log = structlog.get_logger(__name__)

# All scripts use the server's clock: a worker's own may be wrong. What may be refused comes before
# anything is removed.
_NOW = "local time = redis.call('TIME')\nlocal now = time[1] + time[2] / 1000000\n"

EVEN_IF_FULL = "redis.call('{}', KEYS[1], '')\n"
"""Beginning of a script that may write although Redis's memory is full.

Redis refuses commands that need memory, but not after a script's first write, such as this removal
of nothing by ZREM, HDEL or SREM. So workers empty the queues that fill the memory; a message that
they hold needs little more of it than one that waits.
"""

_RENEW = f"{EVEN_IF_FULL.format('ZREM')}{_NOW}redis.call('ZADD', KEYS[1], now, ARGV[1])"

_TAKE = f"""{EVEN_IF_FULL.format("ZREM")}{_NOW}
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[3], now, ARGV[2])
redis.call('HSET', KEYS[4], ARGV[2], ARGV[3])
"""

_FORGET = """
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
"""

_ACKNOWLEDGE = f"""
local owner = redis.call('HGET', KEYS[1], ARGV[1])
if owner and owner ~= ARGV[2] then return 0 end
{_FORGET}"""

_RESTORE = f"""
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[3] then return 0 end
{EVEN_IF_FULL.format("HDEL")}for number = 4, #KEYS do redis.call(ARGV[5], KEYS[number], ARGV[4]) end
{_FORGET}"""

_FIND_EXPIRED = f"""{_NOW}
local found, alive = {{}}, {{}}
local held = redis.call('HGETALL', KEYS[2])
for number = 1, #held, 2 do
  local tag, owner = held[number], held[number + 1]
  if alive[owner] == nil then
    local renewed = redis.call('ZSCORE', KEYS[1], owner)
    alive[owner] = renewed and now - renewed < tonumber(ARGV[1]) or false
  end
  if not alive[owner] and #found < tonumber(ARGV[3]) then
    local message = redis.call('HGET', KEYS[4], tag)
    if message then
      found[#found + 1] = {{tag, owner, message}}
    else
      redis.call('HDEL', KEYS[2], tag)
    end
  end
end
local old = now - ARGV[2]
for _, tag in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], 0, old, 'LIMIT', 0, ARGV[3])) do
  if redis.call('HEXISTS', KEYS[2], tag) == 0 then
    local message = redis.call('HGET', KEYS[4], tag)
    if message then
      found[#found + 1] = {{tag, '', message}}
    else
      redis.call('ZREM', KEYS[3], tag)
    end
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, old)
return found
"""

_MESSAGE_KEYS = [HELD_KEY, UNACKED_INDEX_KEY, UNACKED_KEY]
_ALL_KEYS = [LEASES_KEY, *_MESSAGE_KEYS]


class Lease:
    """A process's lease on the messages that it holds: the owner of their delivery tags.

    `acknowledged` and `returned` are tags that Redis has not accepted yet, and `popped` the
    messages that it did not record, by tag; they are settled with the next connection. Every method
    raises RedisError.
    """

    def __init__(self) -> None:
        self.owner = str(uuid.uuid4())
        self.is_reconnecting = False
        self.acknowledged: set[str] = set()
        self.returned: set[str] = set()
        self.popped: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._take, self._acknowledge, self._restore, self._find, self._renew = (
            Redis().register_script(text)
            for text in (_TAKE, _ACKNOWLEDGE, _RESTORE, _FIND_EXPIRED, _RENEW)
        )

    def keep(self, client: Redis) -> None:
        """Renew the lease now, which must succeed, and then regularly in a thread."""
        self.renew(client)
        if self._thread is None:
            arguments = (client.connection_pool.connection_kwargs, client.connection_pool)
            self._thread = threading.Thread(
                target=self._renew_regularly, args=arguments, name="lease", daemon=True
            )
            self._thread.start()

    def renew(self, client: Redis) -> None:
        """Renew the lease."""
        self._renew(keys=[LEASES_KEY], args=[self.owner], client=client)

    def take(self, client: Redis, tag: str, content: str) -> None:
        """Record a message that this process holds now."""
        self.returned.discard(tag)
        self.acknowledged.discard(tag)
        self._take(keys=_ALL_KEYS, args=[self.owner, tag, content], client=client)

    def acknowledge(self, client: Redis, tag: str) -> bool:
        """Forget a message; return False if another process holds it."""
        return bool(self._acknowledge(keys=_MESSAGE_KEYS, args=[tag, self.owner], client=client))

    def restore(
        self,
        client: Redis,
        held: tuple[str, str, bytes],
        queues: Iterable[str],
        message: str,
        *,
        first: bool,
    ) -> bool:
        """Put a held message back into its queues; return False if it is not held like that.

        Args:
            client: a client of the broker.
            held: delivery tag, owner (empty for none) and recorded content.
            queues: Redis lists.
            message: the message to put there.
            first: whether it is delivered next, and not last.
        """
        keys = [*_MESSAGE_KEYS, *queues]
        arguments = [*held, message, "RPUSH" if first else "LPUSH"]
        return bool(self._restore(keys=keys, args=arguments, client=client))

    def find_expired(
        self, client: Redis, visibility_timeout_s: float
    ) -> list[tuple[bytes, bytes, bytes]]:
        """Return tag, owner and content of the messages that dead workers hold.

        A message without an owner counts after the visibility timeout.
        """
        found: Any = self._find(
            keys=_ALL_KEYS, args=[LEASE_S, visibility_timeout_s, MAX_RESTORED], client=client
        )
        return [tuple(each) for each in found]

    def _renew_regularly(self, options: dict[str, Any], pool: Any) -> None:
        client = Redis(connection_pool=type(pool)(pool.connection_class, **options))
        while not self._ended.wait(RENEWAL_S):
            try:
                self.renew(client)
            except (RedisError, OSError):
                # The main thread sees the same state, and logs it.
                client.connection_pool.disconnect()


LEASE = Lease()
"""The lease of this process."""
