"""Entries of a timeline from Sentry: the events that logs and results name, read back."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from securenet_obs.errors import NotFoundError
from securenet_obs.oncall.timeline.entry import Entry
from securenet_obs.probes.errors.backends import open_error_events
from securenet_obs.probes.errors.events import ErrorEvent
from securenet_obs.settings import Settings

MAX_EVENTS = 20
"""Number of events that are read back, the newest ones."""


def read_event_entries(
    settings: Settings, tenant_id: str, named: Mapping[str, Entry], deadline_s: float
) -> Iterator[Entry]:
    """Yield an entry for each event; an event of another tenant is left out.

    Args:
        settings: those of the target.
        tenant_id: the tenant.
        named: event id -> the entry that names it.
        deadline_s: seconds to wait for an event.

    Raises:
        ForbiddenError: the token may not read events.
        UnreachableError: Sentry's API does not answer.
    """
    events = open_error_events(settings)
    for event_id, entry in named.items():
        try:
            event = events.find(event_id, deadline_s)
        except NotFoundError:
            yield _build(entry, event_id, "not found", entry.at, "")
            continue
        if event.tags.get("tenant_id") == tenant_id:
            yield _build(entry, event_id, "event", _find_time(event) or entry.at, _find_type(event))


def _build(entry: Entry, event_id: str, what: str, at: datetime, detail: str) -> Entry:
    return Entry(
        at,
        *("Sentry", entry.service, what, entry.where, entry.request_id, entry.task_id),
        *(event_id, detail, True),
    )


def _find_time(event: ErrorEvent) -> datetime | None:
    """Return the time of an event: seconds, or ISO 8601; None if it has neither."""
    value: Any = event.payload.get("timestamp") or event.payload.get("dateCreated")
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _find_type(event: ErrorEvent) -> str:
    """Return the type of the error, without its message."""
    kind = event.title.partition(":")[0]
    return kind if kind.isidentifier() else ""
