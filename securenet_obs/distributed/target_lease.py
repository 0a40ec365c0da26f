"""Lease on a target across machines: shared or exclusive; nothing runs twice at once against it.

The holders of a target are members of a sorted set, each with the time at which it expires by the
server's clock. A run renews its lease until it ends. A worker that dies, or is suspended, loses its
lease after `LEASE_S`, and a run that lost its lease is stopped.
"""

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from securenet_obs.distributed.names import LOCK_KEY
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import ADDRESSES

LEASE_S = 20.0
"""Seconds after which a lease that was not renewed expires."""

LOST = "its lease on the target was lost: Redis did not answer, or the worker was suspended"
"""Reason of a run that was stopped because another one may run against its target."""

RENEWAL_S = 4.0
POLL_S = 0.5

_NOW = "local time = redis.call('TIME')\nlocal now = time[1] + time[2] / 1000000\n"

_ACQUIRE = f"""{_NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local mode, identity = string.match(member, '^(%a)|([^|]*)|')
  if member ~= ARGV[1] then
    if mode == 'x' or ARGV[2] == 'x' or identity == ARGV[3] then return member end
  end
end
redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[1])
redis.call('EXPIRE', KEYS[1], 3600)
return ''
"""

_RENEW = f"""{_NOW}
local expires = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not expires or tonumber(expires) < now then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return 1
"""


@contextmanager
def target_lease(
    client: Any,
    variables: Mapping[str, str],
    identity: str,
    run: str,
    *,
    exclusive: bool,
    stop: Stop,
    on_wait: Callable[[str], None],
) -> Iterator[None]:
    """Hold a target for the block; set `stop` if the lease is lost meanwhile.

    Args:
        client: client of the validations' Redis.
        variables: those of the target.
        identity: notebook and parameters; no other run of the same ones is allowed.
        run: name of this run for those that wait for it.
        exclusive: whether to exclude all other runs against the target.
        stop: ends the wait; the block is entered all the same.
        on_wait: called once, with the reason, if the run has to wait.
    """
    mode = "x" if exclusive else "s"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    member = f"{mode}|{digest}|{run}|{uuid.uuid4()}"
    key = LOCK_KEY.format(target=_target_digest(variables))
    ended = threading.Event()
    _acquire(client, key, [member, mode, digest, LEASE_S], stop, on_wait)
    thread = threading.Thread(
        target=_renew, args=(client, key, member, stop, ended), name="target-lease", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _release(client, key, member)


def _acquire(
    client: Any,
    key: str,
    arguments: list[Any],
    stop: threading.Event,
    on_wait: Callable[[str], None],
) -> None:
    script = client.register_script(_ACQUIRE)
    waiting = False
    while not stop.is_set():
        try:
            holder = script(keys=[key], args=arguments)
        except (RedisError, OSError):
            holder = "x||a Redis that does not answer|"
        if not holder:
            return
        if not waiting:
            waiting = True
            on_wait(f"waits for {str(holder).split('|')[2]}")
        stop.wait(POLL_S)


def _renew(client: Any, key: str, member: str, stop: Stop, ended: threading.Event) -> None:
    script = client.register_script(_RENEW)
    renewed = time.monotonic()
    while not ended.wait(RENEWAL_S):
        try:
            is_held = bool(script(keys=[key], args=[member, LEASE_S]))
            renewed = time.monotonic()
        except (RedisError, OSError):
            # Redis may be away for a moment; after the lease's time another run may have begun.
            is_held = time.monotonic() - renewed < LEASE_S
        if not is_held:
            stop.because(LOST)
            return


def _release(client: Any, key: str, member: str) -> None:
    try:
        client.zrem(key, member)
    except (RedisError, OSError):
        return  # It expires.


def _target_digest(variables: Mapping[str, str]) -> str:
    """Return a digest of a target's addresses, without credentials: they may change."""
    parts = [urlsplit(variables.get(name, "")) for name in ADDRESSES]
    named = [(part.hostname, part.port, part.path) for part in parts]
    return hashlib.sha256(repr(named).encode()).hexdigest()[:16]
