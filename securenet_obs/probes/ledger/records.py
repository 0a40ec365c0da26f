"""Reads the records of sent and of ended tasks, streams in Redis."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis import Redis

SENT_KEY = "securenet:ledger:sent"
ENDED_KEY = "securenet:ledger:ended"

_CHUNK = 5_000


@dataclass(frozen=True)
class SentTask:
    """A task that a sender gave to the broker, with the Unix seconds of its last sending."""

    id: str
    task: str
    queue: str
    sent_at: float


@dataclass(frozen=True)
class EndedTask:
    """The last end of a task; `is_ignored` is whether it was sent to store no result."""

    state: str
    is_ignored: bool


def read_sent(broker: Redis, since: float, until: float) -> dict[str, SentTask]:
    """Return the tasks that were sent between two Unix times, by id."""
    return {
        fields["id"]: SentTask(fields["id"], fields["task"], fields["queue"], at)
        for at, fields in _read(broker, SENT_KEY, since, f"{round(until * 1e3)}")
    }


def read_ended(results: Redis, since: float) -> dict[str, EndedTask]:
    """Return the last end of each task that has ended since a Unix time, by id."""
    return {
        fields["id"]: EndedTask(fields["state"], fields.get("result") == "ignored")
        for _, fields in _read(results, ENDED_KEY, since, "+")
    }


def find_first(broker: Redis) -> float | None:
    """Return the Unix seconds of the first record; None without any."""
    records: Any = broker.xrange(SENT_KEY, count=1)
    return _parse_time(records[0][0]) if records else None


def _read(
    client: Redis, key: str, since: float, until: str
) -> Iterator[tuple[float, dict[str, str]]]:
    """Yield the time and the fields of each record."""
    begin = f"{round(since * 1e3)}"
    while True:
        records: Any = client.xrange(key, begin, until, _CHUNK)
        for number, fields in records:
            yield _parse_time(number), {k.decode(): v.decode() for k, v in fields.items()}
        if len(records) < _CHUNK:
            return
        begin = f"({records[-1][0].decode()}"


def _parse_time(number: bytes) -> float:
    return int(number.partition(b"-")[0]) / 1e3
