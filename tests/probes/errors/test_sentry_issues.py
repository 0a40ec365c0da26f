"""Issues are read from Sentry with their newest events; another answer is an error."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from securenet_obs.errors import ForbiddenError, UnreachableError
from securenet_obs.probes.errors.backends import open_issues
from securenet_obs.settings import Settings

HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


def settings_of(url: str, backend: str = "sentry") -> Settings:
    """Return the settings of a backend."""
    return Settings(
        sentry_url=url,
        sentry_org="acme",
        sentry_project="1",
        sentry_auth_token="t0ken",
        sentry_backend=backend,
    )


def sentry_answers(path: str) -> tuple[int, Any, dict[str, str]]:
    """Return the answers of Sentry's API with one issue, and an old one."""
    now = datetime.now(UTC)
    issue = {
        "id": "9",
        "shortId": "WEB-1",
        "title": "KeyError: 'array'",
        "firstSeen": (now - timedelta(minutes=5)).isoformat().replace("+00:00", "Z"),
        "lastSeen": now.isoformat(),
        "status": "ignored",
        "permalink": "https://sentry.example/issues/9/",
    }
    old = {**issue, "id": "8", "lastSeen": (now - timedelta(days=1)).isoformat()}
    event = {
        "eventID": "a" * 32,
        "dateCreated": now.isoformat(),
        "tags": [{"key": "release", "value": "r2"}, {"key": "tenant_id", "value": "acme"}],
        "contexts": {"trace": {"trace_id": "b" * 32}},
    }
    before = {**event, "eventID": "c" * 32, "dateCreated": issue["firstSeen"], "contexts": None}
    answers = {"projects": [issue, old], "events": [before, event], "issues/9/": issue}
    found = next((answers[name] for name in ("events", "projects", "issues/9/") if name in path), 0)
    return (200, found, {})


def test_an_issue_of_sentry_has_its_events(http_server: Any) -> None:
    """Each event has tags and trace; issues and events before the time are left out."""
    http_server.answer = sentry_answers
    reader = open_issues(settings_of(http_server.url))
    (found,) = reader.list_recent(datetime.now(UTC) - timedelta(minutes=10), 5)
    assert (found.id, found.name, found.is_muted) == ("9", "WEB-1", True)
    newest, older = found.events
    assert (newest.release, newest.tenant_id, newest.trace_id) == ("r2", "acme", "b" * 32)
    assert newest.url == f"https://sentry.example/issues/9/events/{'a' * 32}/"
    assert (older.event_id, older.trace_id) == ("c" * 32, "")
    assert "query=lastSeen%3A-11m" in http_server.requests[0][0]
    assert reader.read("9", 5).name == "WEB-1"
    (recent,) = reader.list_recent(datetime.now(UTC) - timedelta(minutes=1), 5)
    assert [event.event_id for event in recent.events] == ["a" * 32]


@pytest.mark.parametrize("backend", ["sentry", "bugsink"])
@pytest.mark.parametrize("answer", [{"detail": "hello"}, [{"lastSeen": 7}], {"results": [{}]}])
def test_another_answer_is_unreachable(http_server: Any, backend: str, answer: object) -> None:
    """JSON of another shape is not an answer of the backend."""
    http_server.answers((200, answer))
    reader = open_issues(settings_of(http_server.url, backend))
    with pytest.raises(UnreachableError):
        reader.list_recent(HOUR_AGO, 1)
    with pytest.raises(UnreachableError):
        reader.read("9", 1)


def test_a_token_that_may_not_read_is_refused(http_server: Any) -> None:
    """It is not the same as an absent issue."""
    http_server.answers((403, {}))
    with pytest.raises(ForbiddenError):
        open_issues(settings_of(http_server.url)).list_recent(HOUR_AGO, 1)
