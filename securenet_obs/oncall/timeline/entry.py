"""One entry of a timeline: fields without free text, which could hold anything."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal

from securenet_obs.redaction import redact

Source = Literal["log", "store", "result", "Sentry"]


@dataclass(frozen=True)
class Entry:
    """One entry.

    Args:
        at: time, with a zone.
        source: where it is recorded.
        service: service that recorded it; empty for a store.
        event: event or state, in the terms of its source.
        where: endpoint or task.
        request_id: id of the request.
        task_id: id of the task.
        event_id: id of the Sentry event.
        detail: status, counts or type of an error.
        has_failed: whether it is a failure.
    """

    at: datetime
    source: Source
    service: str
    event: str
    where: str = ""
    request_id: str = ""
    task_id: str = ""
    event_id: str = ""
    detail: str = ""
    has_failed: bool = False


COLUMNS = tuple(field.name for field in fields(Entry) if field.name != "has_failed")
"""Fields of an entry that are exported."""

SHOWN = ("at", "source", "event", "ids", "detail")
"""Columns of a table that fits a page."""


def order(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries in the order of their times."""
    return sorted(entries, key=lambda entry: (entry.at, entry.source))


def export_entries(entries: Sequence[Entry]) -> list[dict[str, str]]:
    """Return entries as texts by column, with secrets masked."""
    return [_export(entry) for entry in entries]


def show_entries(exported: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Return the cells of `SHOWN` for exported entries; event and place share one, and the ids."""
    return [_show(row) for row in exported]


def _show(row: Mapping[str, str]) -> list[str]:
    ids = {"task": row["task_id"], "event": row["event_id"]}
    return [
        f"{row['at'][:19].replace('T', ' ')}.{row['at'][20:23]}",
        " of ".join(filter(None, (row["source"], row["service"]))),
        " at ".join(filter(None, (row["event"], row["where"]))),
        ", ".join(f"{name} {value}" for name, value in ids.items() if value),
        row["detail"],
    ]


def _export(entry: Entry) -> dict[str, str]:
    values: dict[str, Any] = asdict(entry)
    values["at"] = f"{entry.at:%Y-%m-%dT%H:%M:%S.%f}Z"
    masked: Any = redact({name: values[name] for name in COLUMNS})
    return {name: str(value) for name, value in masked.items()}
