"""Schema of log lines: the fields of each event, their JSON types and shares without a value."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from securenet_obs.probes.logs.frame import OWN_COLUMNS, REST_COLUMN, LogFrame

MAX_EVENTS = 1_000
"""Number of the most frequent events that a schema has; more are names that hold values."""

_EVENT = re.compile(r"[a-z][a-z0-9_]{0,80}")
_FIELD = re.compile(r"[A-Za-z0-9_.@-]{1,100}")
_OTHERS = frozenset({"file", "line", REST_COLUMN, *(f"record.{name}" for name in OWN_COLUMNS)})
"""Columns that are no fields, or hold the spelling of a time or level that is one already."""

_JSON_TYPES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array",
               dict: "object"}  # fmt: skip


@dataclass(frozen=True)
class FieldSchema:
    """A field of an event: its JSON types, and the share of lines without a value, 0 to 1."""

    types: tuple[str, ...]
    null_share: float


@dataclass(frozen=True)
class EventSchema:
    """An event: the number of its lines, and its fields."""

    lines: int
    fields: Mapping[str, FieldSchema] = field(default_factory=dict)


@dataclass(frozen=True)
class LogSchema:
    """The schema of log lines.

    Attributes:
        until: time of the newest line, RFC 3339; empty without lines.
        events: event -> its schema. Texts of other loggers are one event for each logger, such as
            `messages of uvicorn`.
    """

    until: str
    events: Mapping[str, EventSchema]

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Return the schema in a file; None if it holds none."""
        try:
            document = json.loads(path.read_bytes())
            return cls(
                str(document["until"]),
                {event: _parse_event(part) for event, part in document["events"].items()},
            )
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def as_json(self) -> dict[str, Any]:
        """Return the schema as JSON values."""
        return asdict(self)

    def updated(self, newer: "LogSchema", min_lines: int) -> "LogSchema":
        """Return this schema with the newer one of each event that has enough lines in it."""
        enough = {
            event: part for event, part in newer.events.items()
            if part.lines >= min_lines or event not in self.events
        }  # fmt: skip
        return LogSchema(newer.until or self.until, {**self.events, **enough})


def _parse_event(part: Mapping[str, Any]) -> EventSchema:
    fields = {
        name: FieldSchema(tuple(row["types"]), float(row["null_share"]))
        for name, row in part["fields"].items()
    }
    return EventSchema(int(part["lines"]), fields)


def read_log_schema(logs: LogFrame, since: str = "") -> LogSchema:
    """Return the schema of log lines, of those alone that are newer than `since`.

    Names that are not identifiers are left out: they may hold values.

    Args:
        logs: the lines.
        since: time, RFC 3339; empty for all lines.
    """
    frame = logs.frame
    if since:
        frame = frame[frame.timestamp > pd.Timestamp(since)]
    newest = frame.timestamp.max() if len(frame) else pd.NaT
    until = "" if pd.isna(newest) else f"{newest:%Y-%m-%dT%H:%M:%S.%f}Z"
    codes, names = pd.factorize(_name_events(frame))
    lines = np.bincount(codes, minlength=len(names))
    fields: dict[int, dict[str, FieldSchema]] = {number: {} for number in range(len(names))}
    for name, column in _columns(frame):
        for number, found in _read_column(column, codes, lines).items():
            fields[number][name] = found
    frequent = np.argsort(-lines, kind="stable")[:MAX_EVENTS]
    events = {
        str(names[number]): EventSchema(int(lines[number]), dict(sorted(fields[number].items())))
        for number in frequent
    }
    return LogSchema(until, dict(sorted(events.items())))


def _name_events(frame: pd.DataFrame) -> pd.Series:
    """Return the event of each line; a text of another logger counts by its logger's package."""
    texts = [
        frame[name].astype(object) if name in frame else pd.Series(None, frame.index, object)
        for name in ("event", "logger")
    ]
    rows = zip(*texts, strict=True)
    return pd.Series([_name_event(event, logger) for event, logger in rows], frame.index, object)


def _name_event(event: object, logger: object) -> str:
    if isinstance(event, str) and _EVENT.fullmatch(event):
        return event
    package = logger.partition(".")[0] if isinstance(logger, str) else ""
    return f"messages of {package}" if _EVENT.fullmatch(package) else "other messages"


def _columns(frame: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """Return the fields of the lines, those that share a column included."""
    columns = [
        (str(name), frame[name]) for name in frame
        if name not in _OTHERS and _FIELD.fullmatch(str(name))
    ]  # fmt: skip
    if REST_COLUMN not in frame:
        return columns
    rest = frame[REST_COLUMN].dropna()
    names = {name for row in rest for name in row if _FIELD.fullmatch(str(name))}
    taken = {name for name, _ in columns} | {*OWN_COLUMNS}
    return columns + [
        (name, rest.map(lambda row, name=name: row.get(name)).reindex(frame.index))
        for name in sorted(names - taken)
    ]


def _read_column(column: pd.Series, codes: np.ndarray, lines: np.ndarray) -> dict[int, FieldSchema]:
    """Return the schema of a field, by the number of the event, where it has a value."""
    present = column.notna().to_numpy()
    count = np.bincount(codes[present], minlength=len(lines))
    kinds = _read_kinds(column, present)
    by_kind = {
        kind: np.bincount(codes[present][kinds == kind], minlength=len(lines))
        for kind in sorted(set(kinds))
    }
    return {
        int(number): FieldSchema(
            tuple(kind for kind, counts in by_kind.items() if counts[number]),
            round(1 - float(count[number]) / float(lines[number]), 4),
        )
        for number in np.flatnonzero(count)
    }


def _read_kinds(column: pd.Series, present: np.ndarray) -> np.ndarray:
    """Return the JSON type of each value."""
    values = column[present]
    if pd.api.types.is_bool_dtype(column.dtype):
        kind = "boolean"
    elif pd.api.types.is_numeric_dtype(column.dtype):
        kind = "number"
    elif column.dtype == object:
        return np.array([_JSON_TYPES.get(type(value), "string") for value in values], dtype=object)
    else:
        kind = "string"
    return np.full(len(values), kind, dtype=object)
