"""Copies of a secret in Redis: keys, values and slow log of the broker's and the results' database.

The secret is never sent to Redis, whose slow log and files would keep it: a script names the value
that it masks by its digest.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import redis
from pydantic import SecretStr
from redis.exceptions import ResponseError

from securenet_obs.errors import ProbeError
from securenet_obs.oncall.copies.copy import UNKNOWN, Copy, Skipped
from securenet_obs.oncall.copies.spelled import Spelled
from securenet_obs.oncall.copies.windows import read_time
from securenet_obs.probes.celery.names import UNACKED_KEY
from securenet_obs.probes.celery.redis_reading import (
    CHUNK,
    open_redis,
    send_commands,
    split_keys,
    translate_redis_errors,
)
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

SAVE_S = 60.0
"""Seconds in which Redis must have written its files anew."""

_SLOW = 128
"""Number of entries of the slow log that are searched; Redis's default length."""

_IN_FLIGHT = frozenset({UNACKED_KEY.encode(), b"securenet:held"})
"""Keys with the messages that workers hold."""

_READ: Mapping[bytes, tuple[str, ...]] = {
    b"string": ("GET",),
    b"list": ("LRANGE", "0", "-1"),
    b"set": ("SMEMBERS",),
    b"hash": ("HGETALL",),
    b"zset": ("ZRANGE", "0", "-1"),
    b"stream": ("XRANGE", "-", "+"),
}
"""Type of a key -> command, and its arguments after the key, which returns all of its items."""

_MASK = """
local key, old, new, done = KEYS[1], ARGV[1], ARGV[2], 0
local kind = redis.call('TYPE', key)['ok']
local function is_old(item) return item and redis.sha1hex(item) == old end
if kind == 'string' and is_old(redis.call('GET', key)) then
  redis.call('SET', key, new, 'KEEPTTL')
  done = 1
elseif kind == 'list' then
  for index, item in ipairs(redis.call('LRANGE', key, 0, -1)) do
    if is_old(item) then redis.call('LSET', key, index - 1, new) done = done + 1 end
  end
elseif kind == 'hash' then
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local value = redis.call('HGET', key, field)
    if is_old(value) then redis.call('HSET', key, field, new) done = done + 1 end
    if is_old(field) then
      redis.call('HSET', key, new, redis.call('HGET', key, field))
      redis.call('HDEL', key, field)
      done = done + 1
    end
  end
elseif kind == 'set' then
  for _, item in ipairs(redis.call('SMEMBERS', key)) do
    if is_old(item) then
      redis.call('SADD', key, new)
      redis.call('SREM', key, item)
      done = done + 1
    end
  end
elseif kind == 'zset' then
  for _, item in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    if is_old(item) then
      redis.call('ZADD', key, redis.call('ZSCORE', key, item), new)
      redis.call('ZREM', key, item)
      done = done + 1
    end
  end
end
return done
"""


class RedisKeys:
    """The database of a URL, and the slow log of its server.

    Args:
        url: address of the database.
        variable: variable of the address.
    """

    def __init__(self, url: SecretStr, variable: str) -> None:
        self._url = url
        self._variable = variable

    def search(self, secrets: Spelled) -> Iterator[Copy | Skipped]:
        """Yield the copies of each secret in each key, and in the slow log."""
        try:
            with self._opened() as client:
                yield from self._search(client, secrets)
        except ProbeError as error:
            yield Skipped(self._variable, str(error))

    def settle(self) -> None:
        """Let Redis write its files anew: they hold the values before.

        Raises:
            ProbeError: Redis does not answer, or does not end within `SAVE_S`.
        """
        with self._opened() as client:
            for rewrite in _list_rewrites(client):
                with suppress(ResponseError):  # another one runs, or a provider has the files
                    rewrite()
                if not poll_until(partial(_is_saved, client), deadline_s=SAVE_S):
                    raise ProbeError(f"Redis ({self._variable}) still writes its files.")

    @contextmanager
    def _opened(self) -> Iterator[redis.Redis]:
        with (
            translate_redis_errors(self._url, self._variable),
            open_redis(self._url, self._variable) as client,
        ):
            yield client

    def _search(self, client: redis.Redis, secrets: Spelled) -> Iterator[Copy | Skipped]:
        for keys in split_keys(client.scan_iter(count=CHUNK)):
            kinds = send_commands(client, [("TYPE", key) for key in keys])
            readable = [(key, kind) for key, kind in zip(keys, kinds, strict=True) if kind in _READ]
            commands = [(_READ[kind][0], key, *_READ[kind][1:]) for key, kind in readable]
            for (key, kind), value in zip(readable, send_commands(client, commands), strict=True):
                holds_task = kind == b"list" or key in _IN_FLIGHT
                yield from self._search_key(key, list(_list_items(value)), secrets, holds_task)
            for key, kind in zip(keys, kinds, strict=True):
                if kind not in (*_READ, b"none"):
                    name = secrets.mask_all(key.decode(errors="replace"))
                    yield Skipped(f"{self._variable} {name}", f"a key of type {kind!r}")
        yield from self._search_slow_log(client, secrets)

    def _search_key(
        self, key: bytes, items: list[bytes], secrets: Spelled, holds_task: bool
    ) -> Iterator[Copy]:
        counts: Counter[str] = Counter()
        first: dict[str, str] = {}
        for text in (key, *items):
            for match in secrets.find(text):
                counts[match.secret] += 1
                first.setdefault(match.secret, read_time(text, match) or UNKNOWN)
        where = f"{self._variable} {secrets.mask_all(key.decode(errors='replace'))}"
        for secret, count in counts.items():
            purge = partial(self._mask_key, key, secrets, secret)
            does = f"mask it in {where}"
            yield Copy(secret, where, count, first[secret], does, purge, holds_task)

    def _mask_key(self, key: bytes, secrets: Spelled, secret: str) -> None:
        with self._opened() as client:
            kind: Any = client.type(key)
            if kind not in _READ:
                return
            first, *rest = _READ[kind]
            value = client.execute_command(first, key, *rest)  # type: ignore[no-untyped-call]
            if kind == b"stream":
                _delete_entries(client, key, value, secrets, secret)
            else:
                _mask_items(client, key, _list_items(value), secrets, secret)
            if (name := secrets.mask(key, secret)) != key:
                client.renamenx(key, name)

    def _search_slow_log(self, client: redis.Redis, secrets: Spelled) -> Iterator[Copy | Skipped]:
        where = f"{self._variable} slow log"
        try:
            entries: Any = client.slowlog_get(_SLOW)
        except ResponseError as error:
            yield Skipped(where, f"it cannot be read: {error}")
            return
        texts = [entry["command"] for entry in entries]
        counts = Counter(match.secret for text in texts for match in secrets.find(text))
        for secret, count in counts.items():
            yield Copy(secret, where, count, UNKNOWN, f"clear {where}", self._clear_slow_log)

    def _clear_slow_log(self) -> None:
        with self._opened() as client:
            client.slowlog_reset()


def _mask_items(
    client: redis.Redis, key: bytes, items: Iterable[bytes], secrets: Spelled, secret: str
) -> None:
    mask = client.register_script(_MASK)
    for item in dict.fromkeys(items):
        masked = secrets.mask(item, secret)
        if masked != item:
            old = hashlib.sha1(item, usedforsecurity=False).hexdigest()
            mask([key], [old, masked])


def _delete_entries(
    client: redis.Redis, key: bytes, entries: Any, secrets: Spelled, secret: str
) -> None:
    """Delete the entries of a stream that have the secret: they cannot be changed."""
    for entry in entries:
        texts = _list_items([entry])
        if any(match.secret == secret for text in texts for match in secrets.find(text)):
            client.xdel(key, entry[0])


def open_databases(settings: Settings) -> list[RedisKeys]:
    """Return the broker's and the results' database of a target."""
    return [
        RedisKeys(settings.redis_url, "REDIS_URL"),
        RedisKeys(settings.results, "RESULT_URL"),
    ]


def _list_items(value: Any) -> Iterable[bytes]:
    """Yield the texts of an answer, of a hash the fields and the values; none of an error."""
    match value:
        case bytes():
            yield value
        case dict():
            for pair in value.items():
                yield from _list_items(pair)
        case list() | set() | tuple():
            for item in value:
                yield from _list_items(item)


def _list_rewrites(client: redis.Redis) -> Iterator[Callable[[], Any]]:
    """Yield the commands by which the server writes its configured files anew."""
    info: Any = client.info("persistence")
    if info["aof_enabled"]:
        yield client.bgrewriteaof
    with suppress(ResponseError):
        saves: Any = client.config_get("save")
        if saves.get("save"):
            yield client.bgsave


def _is_saved(client: redis.Redis) -> bool:
    info: Any = client.info("persistence")
    return not (
        info["aof_rewrite_in_progress"]
        or info.get("aof_rewrite_scheduled")
        or info["rdb_bgsave_in_progress"]
    )
