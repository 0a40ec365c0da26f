"""Events of a tenant are read back; a missing one is named, one of another tenant left out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from securenet_obs.errors import NotFoundError
from securenet_obs.oncall.timeline import event_entries
from securenet_obs.oncall.timeline.entry import Entry
from securenet_obs.oncall.timeline.event_entries import read_event_entries
from securenet_obs.probes.errors.events import ErrorEvent
from securenet_obs.settings import Settings

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
LINE = Entry(NOW, "log", "api", "request_failed", "POST /logs", "request-1", "t-1", has_failed=True)


def event(tenant: str, title: str = "KeyError: 'text'", **payload: Any) -> ErrorEvent:
    """Return an event of a tenant."""
    return ErrorEvent("e", title, "local", "r1", {"tenant_id": tenant}, [], payload)


def read(monkeypatch: pytest.MonkeyPatch, **events: ErrorEvent) -> list[Entry]:
    """Return the entries of events that a log line names, and of an absent one."""

    class Shelf:
        """A backend with these events: no real one has all of them on demand."""

        def find(self, event_id: str, deadline_s: float) -> ErrorEvent:
            """Return an event."""
            if event_id not in events:
                raise NotFoundError(f"no {event_id}")
            return events[event_id]

    monkeypatch.setattr(event_entries, "open_error_events", lambda _settings: Shelf())
    named = dict.fromkeys([*events, "absent"], LINE)
    return list(read_event_entries(Settings(), "acme", named, 1.0))


def test_an_event_has_the_place_of_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its type without its message, and its own time."""
    own = event("acme", timestamp=NOW.timestamp() + 1)
    found, absent = read(monkeypatch, own=own, foreign=event("other"))
    assert (found.event, found.where, found.request_id) == ("event", "POST /logs", "request-1")
    assert (found.event_id, found.detail) == ("own", "KeyError")
    assert found.at == datetime(2026, 11, 27, 10, 0, 1, tzinfo=UTC)
    assert (absent.event, absent.event_id, absent.at) == ("not found", "absent", NOW)


@pytest.mark.parametrize(
    ("payload", "second"),
    [
        ({"dateCreated": "2026-11-27T10:00:02Z"}, 2),
        ({"timestamp": "2026-11-27T10:00:03"}, 3),
        ({"timestamp": "soon"}, 0),
        ({"timestamp": 1e300}, 0),
        ({}, 0),
    ],
)
def test_a_time_that_is_not_one_is_that_of_the_line(
    monkeypatch: pytest.MonkeyPatch, payload: dict[str, Any], second: int
) -> None:
    """Backends write it differently; a title without a type is left out."""
    found, _ = read(monkeypatch, own=event("acme", "a text of tenant other", **payload))
    assert found.at == NOW.replace(second=second)
    assert found.detail == ""
