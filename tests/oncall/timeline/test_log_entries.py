"""An entry of a log line has the fields of its events alone, never a text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.oncall.timeline.entry import COLUMNS, export_entries
from securenet_obs.oncall.timeline.log_entries import build_log_entry

LINE = {
    "timestamp": "2026-11-27T10:00:00.000000Z",
    "level": "error",
    "logger": "securenet_obs.monitoring.asgi",
    "service": "securenet-api",
    "event": "request_failed",
    "method": "POST",
    "path": "/v1/tenants/acme/logs?token=hunter2",
    "request_id": "request-1",
    "tenant_id": "acme",
    "sentry_event_id": "a" * 32,
    "exception": [{"exc_type": "KeyError", "exc_value": "'of tenant other'"}, {"exc_type": "E"}],
}


def test_a_failed_request_has_its_route_and_error() -> None:
    """The type of the error without its message, the route without its query."""
    entry = build_log_entry(LINE)
    assert entry is not None
    assert (entry.event, entry.where) == ("request_failed", "POST /v1/tenants/{tenant_id}/logs")
    assert (entry.event_id, entry.detail, entry.has_failed) == ("a" * 32, "error, KeyError", True)


def test_the_last_line_has_status_and_duration() -> None:
    """A status below 500 is not a failure of ours."""
    given_line = {**LINE, "event": "request_finished", "level": "info", "duration_ms": 12.5}
    given_line.pop("exception")
    found = [build_log_entry({**given_line, "status": status}) for status in (422, 503)]
    assert [entry.detail for entry in found if entry] == [
        "status 422, 12.5 ms",
        "status 503, 12.5 ms",
    ]
    assert [entry.has_failed for entry in found if entry] == [False, True]


@pytest.mark.parametrize(
    "text", ["Task failed for tenant other", "password=hunter2", "", None, "{'a': 1}"]
)
def test_a_text_is_left_out(text: object) -> None:
    """It may hold anything; its logger remains."""
    entry = build_log_entry({**LINE, "event": text})
    assert entry is not None
    assert entry.event == "a text of securenet_obs.monitoring.asgi"


def test_a_line_without_a_time_has_no_entry() -> None:
    """It has no place in the order."""
    assert build_log_entry({**LINE, "timestamp": "soon"}) is None


PLANTED = "planted text/of tenant:other"
FIELDS = sorted({*LINE, "task", "task_id", "queued_task_id", "status"} - {"timestamp"})
VALUES = (PLANTED, 7, None, [PLANTED], {"exc_type": PLANTED}, [{"exc_type": PLANTED}])


@given(st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(VALUES)))
def test_no_text_of_a_field_is_exported(changed: dict[str, Any]) -> None:
    """Whatever a process writes into the known fields, and of whichever type."""
    entry = build_log_entry({**LINE, **changed})
    assert entry is not None
    (exported,) = export_entries([entry])
    assert tuple(exported) == COLUMNS
    assert not [value for value in exported.values() if "planted" in value]
