"""Reads what a target's sinks hold as bytes, for those who look for what should not be there."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from securenet_obs.errors import ProbeError
from securenet_obs.probes.arrivals import Arrival
from securenet_obs.probes.log_lines import log_files
from securenet_obs.probes.redis_reading import answering, open_redis
from securenet_obs.probes.watching import watch
from securenet_obs.settings import Settings

EVIDENCE = "SECURENET_OBS_EVIDENCE"
"""Names the folder in which the runner keeps this run's evidence; no other runner sets it."""

MOST_KEYS = 100_000
"""Keys of one Redis database that are read; more than these are not searched by a notebook."""


def log_sizes(*sources: str | Path) -> dict[Path, int]:
    """Return how long each log file is now, in bytes.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return {path: path.stat().st_size for path in log_files(*sources)}


def logs_since(sizes: Mapping[Path, int], *sources: str | Path) -> bytes:
    """Return what was written since `sizes` were taken; of a file that is new or shorter, all.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return b"\n".join(_after(path, sizes.get(path, 0)) for path in log_files(*sources))


def _after(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(size if size <= path.stat().st_size else 0)
        return file.read()


def await_text(
    sizes: Mapping[Path, int], *sources: str | Path, text: str, times: int, deadline_s: float
) -> bytes:
    """Return what was written since, once `text` is there so often, or at the deadline.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return watch(
        lambda: logs_since(sizes, *sources),
        lambda written: written.count(text.encode()) >= times,
        deadline_s,
    )


def redis_content(settings: Settings) -> bytes:
    """Return every key and value of the broker's and the results' database.

    Raises:
        ForbiddenError: the password is wrong, or the user may not read.
        ProbeError: there are more than `MOST_KEYS` keys.
        SettingsError: a URL is none.
        UnreachableError: Redis does not answer.
    """
    urls = {"REDIS_URL": settings.redis_url, "RESULT_URL": settings.results}
    held = bytearray()
    for variable, url in urls.items():
        with open_redis(url, variable) as client, answering(url, variable):
            for part in _database(client):
                held += part + b"\n"
    return bytes(held)


def _database(client: Any) -> Iterator[bytes]:
    for number, key in enumerate(client.scan_iter(count=1000)):
        if number == MOST_KEYS:
            raise ProbeError(
                f"Redis holds more than {MOST_KEYS} keys: too many to search all of them from a"
                " notebook; use a target with fewer."
            )
        yield key
        yield from _value(client, key)


def _value(client: Any, key: bytes) -> Iterator[bytes]:
    match client.type(key):
        case b"string":
            yield client.get(key) or b""
        case b"list":
            yield from client.lrange(key, 0, -1)
        case b"set":
            yield from client.smembers(key)
        case b"hash":
            for name, value in client.hgetall(key).items():
                yield from (name, value)
        case b"zset":
            yield from client.zrange(key, 0, -1)


def stored_events(arrivals: Iterable[Arrival]) -> bytes:
    """Return the whole of each event that arrived, as JSON."""
    stored = [arrival.event.payload for arrival in arrivals if arrival.event]
    return json.dumps(stored, ensure_ascii=False).encode("utf-8", "surrogatepass")


def evidence_so_far() -> bytes | None:
    """Return what the runner has kept of this run until now, None if something else runs it.

    The runner saves the notebook, its outputs included, after every cell, so what the cells before
    this one have shown is there.
    """
    folder = os.environ.get(EVIDENCE)
    if not folder:
        return None
    files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return b"\n".join(path.name.encode() + b"\n" + path.read_bytes() for path in files)
