"""Measures the memory of Redis by families of keys, and the results that never expire."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd
import redis
from redis.exceptions import ResponseError

from securenet_obs.probes.celery.names import RESULT_PREFIX, UNACKED_KEY
from securenet_obs.probes.celery.queue_keys import SEPARATOR
from securenet_obs.probes.celery.redis_reading import CHUNK, send_commands, split_keys
from securenet_obs.probes.celery.results import ResultProbe

MAX_KEYS = 20_000
"""Maximum number of keys of a database that are measured; of more, these are a sample."""

_FAMILIES = (
    (RESULT_PREFIX, "results"),
    (UNACKED_KEY, "in flight"),
    ("securenet:held", "in flight"),
    ("securenet:ledger:", "ledger"),
    ("securenet:dead_letters:", "dead letters"),
    ("securenet:", "SecureNet's own"),
    ("_kombu.", "Celery's control"),
    ("celeryev.", "Celery's control"),
)
"""Beginning of a key -> its family; the first that matches counts."""


@dataclass(frozen=True)
class EndlessResults:
    """The results that never expire, and have not been read or written for some time."""

    count: int
    bytes: int


class MemoryProbe(ResultProbe):
    """Read-only probe of the memory that keys take, also while Redis's memory is full.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as `QueueProbe`'s do.
    """

    def families(self) -> pd.DataFrame:
        """Return a row for each database and family of keys, the largest first.

        Returns:
            `database` (`broker` or `results`), `family`, `keys`, `bytes` and `without_expiry`
            (keys). Of a database with more than `MAX_KEYS` keys they are estimates.
        """
        with self._reading_broker():
            rows = _measure("broker", self._broker)
        if self._results_url != self._broker_url:
            with self._reading_results():
                rows += _measure("results", self._results)
        columns = ["database", "family", "keys", "bytes", "without_expiry"]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.sort_values("bytes", ascending=False, ignore_index=True)

    def endless_results(self, idle_s: float) -> EndlessResults:
        """Return the results without expiry that were not used for `idle_s` seconds."""
        with self._reading_results():
            found = [size for _, idle, size in find_endless(self._results) if idle >= idle_s]
        return EndlessResults(len(found), sum(found))


def find_endless(results: redis.Redis) -> Iterator[tuple[bytes, float, int]]:
    """Yield key, idle seconds and bytes of each result that never expires.

    The idle seconds are 0 if Redis does not know them, as with a policy of the LFU kind.
    """
    for keys in split_keys(results.scan_iter(f"{RESULT_PREFIX}*", count=CHUNK)):
        ttls = send_commands(results, [("TTL", key) for key in keys])
        endless = [key for key, ttl in zip(keys, ttls, strict=True) if ttl == -1]
        idle = send_commands(results, [("OBJECT", "IDLETIME", key) for key in endless])
        sizes = send_commands(results, [("MEMORY", "USAGE", key) for key in endless])
        for key, seconds, size in zip(endless, idle, sizes, strict=True):
            yield key, 0.0 if isinstance(seconds, ResponseError) else seconds or 0.0, size or 0


def _measure(database: str, client: redis.Redis) -> list[tuple[str, str, int, int, int]]:
    """Return database, family, keys, bytes and keys without expiry of each family."""
    families: dict[str, list[int]] = {}
    seen = 0
    for keys in split_keys(islice(client.scan_iter(count=CHUNK), MAX_KEYS)):
        seen += len(keys)
        sizes = send_commands(client, [("MEMORY", "USAGE", key) for key in keys])
        ttls = send_commands(client, [("TTL", key) for key in keys])
        kinds = send_commands(client, [("TYPE", key) for key in keys])
        for key, size, ttl, kind in zip(keys, sizes, ttls, kinds, strict=True):
            sums = families.setdefault(name_family(key.decode(errors="replace"), kind), [0, 0, 0])
            for number, value in enumerate((1, size or 0, int(ttl == -1))):
                sums[number] += value
    size_of_all: Any = client.dbsize()
    scale = max(1.0, size_of_all / seen) if seen == MAX_KEYS else 1.0
    return [
        (database, family, *(round(value * scale) for value in sums))  # type: ignore[misc]
        for family, sums in families.items()
    ]


def name_family(key: str, kind: bytes) -> str:
    """Return the family of a key of a type: `queue NAME` for a queue, else its purpose."""
    if key.endswith(".pidbox"):
        return "Celery's control"
    for beginning, family in _FAMILIES:
        if key.startswith(beginning):
            return family
    if kind == b"list":
        return f"queue {key.split(SEPARATOR)[0]}"
    return f"others: {key.partition(':')[0][:20]}"
