"""Transactions and check-ins are read from a server that answers as Sentry documents."""

from datetime import UTC, datetime
from typing import Any

import pytest

from securenet_obs.errors import ForbiddenError, NotFoundError, SettingsError, UnreachableError
from securenet_obs.probes.telemetry.sentry import SentryReader
from securenet_obs.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"


def node(span_id: str, name: str, *children: Any, parent: str | None, **fields: Any) -> Any:
    """Return a node of "Retrieve a Trace", less the fields that are not read."""
    return {
        "event_id": span_id,
        "event_type": "span",
        "transaction": name,
        "description": f"description of {span_id}",
        "op": "db",
        "parent_span_id": parent,
        "is_transaction": False,
        "project_slug": "api",
        "children": list(children),
        "errors": [],
        "occurrences": [],
        **fields,
    }


TASK = node(
    "c1", "task", node("c2", "task", parent="c1"), parent="b2", is_transaction=True, op="queue.task"
)
ERROR = {"event_type": "error", "event_id": "e" * 32, "transaction": "/v1/things"}
ANSWER = [
    node(
        "a1",
        "/v1/things",
        node("b1", "/v1/things", node("b2", "/v1/things", TASK, parent="b1"), parent="a1"),
        ERROR,
        parent=None,
        is_transaction=True,
        op="http.server",
    ),
]


def sentry(url: str, **changes: str) -> SentryReader:
    given = {"sentry_org": "acme", "sentry_auth_token": "t0ken"}
    return SentryReader(Settings(sentry_url=url, **{**given, **changes}))


def test_a_trace_is_split_into_its_transactions(http_server) -> None:
    """A span belongs to the transaction above it; errors are not spans."""
    http_server.answers((200, ANSWER))
    request, task = sentry(http_server.url).find_transactions(TRACE, 2, expected=2)
    path, headers = http_server.requests[0]
    assert path == f"/api/0/organizations/acme/trace/{TRACE}/?statsPeriod=24h"
    assert headers["Authorization"] == "Bearer t0ken"
    assert (request.name, request.op, request.span_ids) == (
        "/v1/things",
        "http.server",
        {"a1", "b1", "b2"},
    )
    assert (task.name, task.parent_span_id, task.span_ids) == ("task", "b2", {"c1", "c2"})
    assert task.spans[0].description == "description of c2"


def test_a_deep_trace_is_read(http_server) -> None:
    """A trace may be nested deeper than Python's stack; JSON beyond the parser is unreachable."""
    deep: Any = node("s0", "x", parent=None, is_transaction=True)
    for number in range(1, 300):
        deep = node(f"s{number}", "x", deep, parent=None, is_transaction=number == 299)
    http_server.answers((200, [deep]))
    outer, inner = sentry(http_server.url).find_transactions(TRACE, 2, expected=2)
    assert (len(outer.spans), len(inner.spans)) == (298, 0)


def test_an_unknown_trace_is_not_found(http_server) -> None:
    """Sentry answers with an empty list, or with 404 where the token sees no project."""
    for answer in ((200, []), (404, {"detail": "The requested resource does not exist"})):
        http_server.answers(answer)
        with pytest.raises(NotFoundError, match=f"{TRACE} has no transaction after 0.3 s"):
            sentry(http_server.url).find_transactions(TRACE, 0.3)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_forbidden(http_server, status: int) -> None:
    """It is refused at once."""
    http_server.answers((status, {"detail": "You do not have permission"}))
    with pytest.raises(ForbiddenError, match="SENTRY_AUTH_TOKEN"):
        sentry(http_server.url).find_transactions(TRACE, 30)
    with pytest.raises(ForbiddenError, match="SENTRY_AUTH_TOKEN"):
        sentry(http_server.url).check_ins("nightly", 30)


@pytest.mark.parametrize("body", [{"detail": "hi"}, [7], "text", b"<html>"])
def test_another_server_is_unreachable(http_server, body: object) -> None:
    """JSON of another shape is not an answer without the trace."""
    http_server.answers((200, body))
    with pytest.raises(UnreachableError):
        sentry(http_server.url).find_transactions(TRACE, 0.3)
    with pytest.raises(UnreachableError):
        sentry(http_server.url).check_ins("nightly", 0.3)


def test_check_ins_are_read_newest_first(http_server) -> None:
    """Status and time are those of the documented response."""
    row = {
        "id": "3c7a5e2e",
        "environment": "production",
        "duration": 12,
        "expectedTime": "2026-11-26T10:05:00Z",
        "monitorConfig": {"schedule_type": "crontab", "schedule": "*/5 * * * *"},
    }
    rows = [
        {**row, "status": "missed", "dateCreated": "2026-11-26T10:00:00Z"},
        {**row, "status": "ok", "dateCreated": "2026-11-26T10:05:00.123456Z"},
    ]
    http_server.answers((200, rows))
    last, first = sentry(http_server.url, sentry_org="a/b").check_ins("night ly", 1)
    assert http_server.requests[0][0] == (
        "/api/0/organizations/a%2Fb/monitors/night%20ly/checkins/"
    )
    assert (last.status, last.began) == ("ok", datetime(2026, 11, 26, 10, 5, 0, 123456, UTC))
    assert first.status == "missed"


@pytest.mark.parametrize("row", [{}, {"status": "ok"}, {"status": "ok", "dateCreated": "today"}])
def test_a_check_in_without_a_time_is_refused(http_server, row: dict[str, str]) -> None:
    """Without its time, its run is unknown."""
    http_server.answers((200, [row]))
    with pytest.raises(UnreachableError, match="without status and dateCreated"):
        sentry(http_server.url).check_ins("nightly", 0.3)


def test_a_monitor_without_check_ins_is_not_found(http_server) -> None:
    """An empty list and 404 are the same answer."""
    for answer in ((200, []), (404, {})):
        http_server.answers(answer)
        with pytest.raises(NotFoundError):
            sentry(http_server.url).check_ins("nightly", 0.3)


@pytest.mark.parametrize("name", ["sentry_org", "sentry_auth_token"])
def test_a_missing_setting_is_named(name: str) -> None:
    """The error has the name of the variable."""
    with pytest.raises(SettingsError, match=name.upper()):
        sentry("http://127.0.0.1", **{name: ""})
