"""Entries of a timeline from log lines: known events and fields; other texts are left out."""

import re
from collections.abc import Mapping
from typing import Any

from securenet_obs.oncall.timeline.entry import Entry
from securenet_obs.probes.logs.following import read_time
from securenet_obs.probes.logs.newest import Record
from securenet_obs.probes.logs.outcomes import generalise_path

_EVENT = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
_NAME = re.compile(r"[A-Za-z0-9_.]{1,100}")
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SEGMENT = re.compile(r"[a-z0-9_.-]{1,40}|\{\w+\}")
_FAILED = frozenset({"request_failed", "task_failed"})


def build_log_entry(row: Record) -> Entry | None:
    """Return the entry of a line; None if it has no time.

    A text that is not the name of an event is replaced by its logger: it may hold anything.
    """
    at = read_time(row)
    if at is None:
        return None
    event = str(row.get("event"))
    is_named = _EVENT.fullmatch(event) is not None
    return Entry(
        at,
        "log",
        _match(_ID, row.get("service")),
        event if is_named else f"a text of {_match(_NAME, row.get('logger')) or 'a logger'}",
        _find_place(row),
        _match(_ID, row.get("request_id")),
        _match(_ID, row.get("task_id") or row.get("queued_task_id") or row.get("sent_task_id")),
        _match(_ID, row.get("sentry_event_id")),
        ", ".join(_describe(row)),
        event in _FAILED or _is_server_error(row),
    )


def _find_place(row: Record) -> str:
    """Return method and route of a request, or the name of a task."""
    if isinstance(row.get("path"), str) and row.get("method"):
        segments = generalise_path(row["path"].partition("?")[0]).split("/")
        known = [one if not one or _SEGMENT.fullmatch(one) else "{other}" for one in segments]
        return f"{_match(_NAME, row['method'])} {'/'.join(known)}"
    return _match(_NAME, row.get("task")).rpartition(".")[2]


def _describe(row: Record) -> list[str]:
    """Return level, status, duration and type of the error, as far as the line has them."""
    level = _match(_NAME, row.get("level"))
    status, duration = row.get("status"), row.get("duration_ms")
    return [
        *([level] if level not in ("info", "debug", "") else []),
        *([f"status {status}"] if isinstance(status, int) else []),
        *([f"{duration:g} ms"] if isinstance(duration, int | float) else []),
        *filter(None, [_find_error(row.get("exception"))]),
    ]


def _find_error(exception: Any) -> str:
    """Return the type of a line's exception, which comes before its causes."""
    first = exception[0] if isinstance(exception, list) and exception else None
    return _match(_NAME, first.get("exc_type")) if isinstance(first, Mapping) else ""


def _is_server_error(row: Record) -> bool:
    return isinstance(row.get("status"), int) and row["status"] >= 500


def _match(pattern: re.Pattern[str], value: object) -> str:
    """Return a value that matches the whole pattern; else an empty text."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""
