"""Reads the raw bytes of a target's sinks (logs, Redis, events, evidence) to search for leaks."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from securenet_obs.errors import ProbeError
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.probes.errors.arrivals import Arrival
from securenet_obs.probes.logs.files.sources import find_log_files
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

EVIDENCE = "SECURENET_OBS_EVIDENCE"
"""Variable with the path of this run's evidence folder; only our runner sets it."""

MAX_KEYS = 100_000
"""Maximum number of keys to read from one Redis database; a larger one is refused."""


def read_log_sizes(*sources: str | Path) -> dict[Path, int]:
    """Return the current size of each log file in bytes.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return {path: path.stat().st_size for path in find_log_files(*sources)}


def read_logs_since(sizes: Mapping[Path, int], *sources: str | Path) -> bytes:
    """Return the log bytes written since `sizes`; the whole file if it is new or has shrunk.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return b"\n".join(_read_after(path, sizes.get(path, 0)) for path in find_log_files(*sources))


def _read_after(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(size if size <= path.stat().st_size else 0)
        return file.read()


def wait_for_log_text(
    sizes: Mapping[Path, int], *sources: str | Path, text: str, times: int, deadline_s: float
) -> bytes:
    """Return the log bytes since `sizes`, once `text` occurs `times` times or at the deadline.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    return poll_until(
        lambda: read_logs_since(sizes, *sources),
        lambda written: written.count(text.encode()) >= times,
        deadline_s=deadline_s,
    )


def read_redis_content(settings: Settings) -> bytes:
    """Return every key and value of the broker's and the results' database.

    Raises:
        ForbiddenError: the password is wrong, or the user may not read.
        ProbeError: a database has more than `MAX_KEYS` keys.
        SettingsError: a URL is not a Redis URL.
        UnreachableError: Redis does not answer.
    """
    urls = {"REDIS_URL": settings.redis_url, "RESULT_URL": settings.results}
    held = bytearray()
    for variable, url in urls.items():
        with open_redis(url, variable) as client, translate_redis_errors(url, variable):
            for part in _read_database(client):
                held += part + b"\n"
    return bytes(held)


def _read_database(client: Any) -> Iterator[bytes]:
    for number, key in enumerate(client.scan_iter(count=1000)):
        if number == MAX_KEYS:
            raise ProbeError(
                f"Redis holds more than {MAX_KEYS} keys, too many to search from a"
                " notebook; use a target with fewer."
            )
        yield key
        yield from _read_value(client, key)


def _read_value(client: Any, key: bytes) -> Iterator[bytes]:
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


def dump_events(arrivals: Iterable[Arrival]) -> bytes:
    """Return the full payload of every event that arrived, as JSON."""
    stored = [arrival.event.payload for arrival in arrivals if arrival.event]
    return json.dumps(stored, ensure_ascii=False).encode("utf-8", "surrogatepass")


def read_evidence() -> bytes | None:
    """Return the names and bytes of this run's evidence so far; None outside our runner.

    The runner saves the notebook with its outputs after every cell, so the outputs of all previous
    cells are included.
    """
    folder = os.environ.get(EVIDENCE)
    if not folder:
        return None
    files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return b"\n".join(path.name.encode() + b"\n" + path.read_bytes() for path in files)
