import pytest

from securenet_obs.errors import (
    ForbiddenError,
    NotFoundError,
    NotStoredError,
    SettingsError,
    UnreachableError,
)
from securenet_obs.probes.errors.sentry import SentryEvents
from securenet_obs.settings import Settings

HEX = "9999aaaaca8b46d797c23c6077c6ff01"
# What "Retrieve an Event for a Project" answers, less the fields that are not read here.
ANSWER = {
    "eventID": HEX,
    "groupID": "1077",
    "id": HEX,
    "title": "DiagnosticError: canary-1",
    "message": "",
    "type": "error",
    "platform": "python",
    "metadata": {"type": "DiagnosticError", "value": "canary-1"},
    "tags": [
        {"key": "environment", "value": "staging", "_meta": None},
        {"key": "release", "value": "securenet@0.1.0", "_meta": None},
        {"key": "tenant_id", "value": "acme", "_meta": None},
    ],
    "release": {"version": "securenet@0.1.0", "dateCreated": "2026-11-01T00:00:00Z"},
    "entries": [
        {
            "type": "exception",
            "data": {
                "excOmitted": None,
                "hasSystemFrames": False,
                "values": [
                    {
                        "type": "DiagnosticError",
                        "value": "canary-1",
                        "mechanism": None,
                        "stacktrace": {
                            "framesOmitted": None,
                            "frames": [
                                {
                                    "absPath": "/app/app.py",
                                    "colNo": None,
                                    "context": [[7, "    raise DiagnosticError(canary)"]],
                                    "filename": "app.py",
                                    "function": "diagnose",
                                    "inApp": True,
                                    "lineNo": 7,
                                    "module": "securenet_obs.api.app",
                                    "vars": {"canary": "'canary-1'"},
                                }
                            ],
                        },
                    }
                ],
            },
        },
        {"type": "breadcrumbs", "data": {"values": []}},
        {"type": "request", "data": {"method": "POST", "headers": [["Accept", "*/*"]]}},
    ],
    "contexts": {"trace": {"trace_id": "a" * 32}},
    "user": None,
}


def sentry(url: str, **changes: str) -> SentryEvents:
    given = {"sentry_org": "acme", "sentry_project": "securenet", "sentry_auth_token": "t0ken"}
    return SentryEvents(Settings(sentry_url=url, **{**given, **changes}))


def test_event_is_read_back(http_server) -> None:
    """An event has its title, environment, release, tags and frames."""
    http_server.answers((200, ANSWER))
    event = sentry(http_server.url).find("9999aaaa-ca8b-46d7-97c2-3c6077c6ff01", 2)
    assert http_server.requests[0][0] == f"/api/0/projects/acme/securenet/events/{HEX}/"
    assert (event.event_id, event.title) == (HEX, "DiagnosticError: canary-1")
    assert (event.environment, event.release) == ("staging", "securenet@0.1.0")
    assert event.tags["tenant_id"] == "acme"
    assert (event.frames[-1]["function"], event.frames[-1]["lineno"]) == ("diagnose", 7)
    assert event.contains("canary-1")
    assert not event.contains("t0ken")
    page = f"/organizations/acme/issues/{ANSWER['groupID']}/events/{HEX}/"
    assert event.url == f"{http_server.url}{page}"


def test_release_is_read_without_a_tag(http_server) -> None:
    """Without a tag, the release is read from the event's own field."""
    http_server.answers((200, {**ANSWER, "tags": [], "groupID": None}))
    event = sentry(http_server.url).find(HEX, 2)
    assert event.url == ""
    assert (event.environment, event.release) == (None, "securenet@0.1.0")


def test_message_event_has_no_frames(http_server) -> None:
    """A message event is read back like any other."""
    http_server.answers((200, {**ANSWER, "entries": [{"type": "message", "data": {}}]}))
    assert sentry(http_server.url).find(HEX, 2).frames == []


def test_missing_event_is_named(http_server) -> None:
    """The error names the event, the project and the seconds."""
    with pytest.raises(NotFoundError, match=rf"{HEX} is not in project acme/securenet after 0.3 s"):
        sentry(http_server.url).find(HEX, 0.3)


@pytest.mark.parametrize("body", [[], {"detail": "hi"}, {**ANSWER, "eventID": "0" * 32}])
def test_other_json_is_refused(http_server, body: object) -> None:
    """JSON other than the requested event is not accepted."""
    http_server.answers((200, body))
    with pytest.raises(UnreachableError, match="did not return event"):
        sentry(http_server.url).find(HEX, 0.3)


def test_unsupported_kind_is_refused_at_once(http_server) -> None:
    """A kind that this API does not serve is refused without a request."""
    with pytest.raises(NotStoredError, match="logs"):
        sentry(http_server.url).find(HEX, 30, kind="logs")
    assert http_server.requests == []


@pytest.mark.parametrize("name", ["sentry_org", "sentry_project", "sentry_auth_token"])
def test_missing_setting_is_named(name: str) -> None:
    """Without organisation, project or token, the error names the variable."""
    with pytest.raises(SettingsError, match=name.upper()):
        sentry("http://127.0.0.1", **{name: ""})


def test_slugs_are_quoted_in_the_path(http_server) -> None:
    """A slug with a slash or a question mark stays one part of the path."""
    http_server.answers((200, ANSWER))
    sentry(http_server.url, sentry_project="a/../b?c").find(HEX, 2)
    assert "/a%2F..%2Fb%3Fc/events/" in http_server.requests[0][0]


def test_the_newest_events_are_listed_whole(http_server) -> None:
    """Each has its issue, which is deleted by its number, also if it is gone already."""
    rows = [
        {"eventID": HEX, "groupID": "7", "dateReceived": "2026-11-27T07:46:09Z", "message": "m"},
        {"eventID": HEX, "groupID": "8"},
    ]
    http_server.answers((200, rows), (202, {}), (404, {}))
    events = sentry(http_server.url)
    (first,) = events.read_newest(1, 2)
    assert (first.issue_id, first.received) == ("7", "2026-11-27T07:46:09Z")
    assert first.payload["message"] == "m"
    events.delete_issue("7", 2)
    events.delete_issue("7", 2)
    assert [path for path, _ in http_server.requests] == [
        "/api/0/projects/acme/securenet/events/?full=true&per_page=1",
        *["/api/0/organizations/acme/issues/7/"] * 2,
    ]


def test_a_token_that_may_not_delete_is_forbidden(http_server) -> None:
    """The issue is still there then."""
    http_server.answers((403, {}))
    with pytest.raises(ForbiddenError, match="SENTRY_AUTH_TOKEN"):
        sentry(http_server.url).delete_issue("7", 2)
