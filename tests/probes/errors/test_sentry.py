import pytest

from securenet_obs.errors import (
    NotFoundError,
    NotStoredError,
    SettingsError,
    UnreachableError,
)
from securenet_obs.probes.errors.sentry import SentryEvents
from securenet_obs.settings import Settings

HEX = "9999aaaaca8b46d797c23c6077c6ff01"
# What "Retrieve an Event for a Project" answers, less the fields that nobody reads here.
ANSWER = {
    "eventID": HEX,
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


def test_an_event_is_read_back(http_server) -> None:
    """An event comes with title, environment, release, tags and frames, found by its id."""
    http_server.answers((200, ANSWER))
    event = sentry(http_server.url).find("9999aaaa-ca8b-46d7-97c2-3c6077c6ff01", 2)
    assert http_server.requests[0][0] == f"/api/0/projects/acme/securenet/events/{HEX}/"
    assert (event.event_id, event.title) == (HEX, "DiagnosticError: canary-1")
    assert (event.environment, event.release) == ("staging", "securenet@0.1.0")
    assert event.tags["tenant_id"] == "acme"
    assert (event.frames[-1]["function"], event.frames[-1]["lineno"]) == ("diagnose", 7)
    assert event.contains("canary-1")
    assert not event.contains("t0ken")


def test_a_release_without_a_tag_is_still_read(http_server) -> None:
    """The release is taken from the event's own field where no tag carries it."""
    http_server.answers((200, {**ANSWER, "tags": []}))
    event = sentry(http_server.url).find(HEX, 2)
    assert (event.environment, event.release) == (None, "securenet@0.1.0")


def test_an_event_without_exception_has_no_frames(http_server) -> None:
    """A message event is read back like any other."""
    http_server.answers((200, {**ANSWER, "entries": [{"type": "message", "data": {}}]}))
    assert sentry(http_server.url).find(HEX, 2).frames == []


def test_an_event_that_does_not_come_names_what_was_awaited(http_server) -> None:
    """Not found names the event, the project and the seconds."""
    with pytest.raises(NotFoundError, match=rf"{HEX} is not in project acme/securenet after 0.3 s"):
        sentry(http_server.url).find(HEX, 0.3)


@pytest.mark.parametrize("body", [[], {"detail": "hi"}, {**ANSWER, "eventID": "0" * 32}])
def test_another_answer_than_the_event_is_refused(http_server, body: object) -> None:
    """JSON that is not the event asked for is not taken for it."""
    http_server.answers((200, body))
    with pytest.raises(UnreachableError, match="did not return event"):
        sentry(http_server.url).find(HEX, 0.3)


def test_what_sentry_never_gives_back_is_refused_at_once(http_server) -> None:
    """Asking for a kind that this API does not serve is refused without a request."""
    with pytest.raises(NotStoredError, match="logs"):
        sentry(http_server.url).find(HEX, 30, kind="logs")
    assert http_server.requests == []


@pytest.mark.parametrize("name", ["sentry_org", "sentry_project", "sentry_auth_token"])
def test_a_missing_setting_is_named(name: str) -> None:
    """Without organisation, project or token nothing can be read, and the variable is named."""
    with pytest.raises(SettingsError, match=name.upper()):
        sentry("http://127.0.0.1", **{name: ""})


def test_slugs_cannot_leave_their_place_in_the_path(http_server) -> None:
    """A slug with a slash or a question mark stays one part of the path."""
    http_server.answers((200, ANSWER))
    sentry(http_server.url, sentry_project="a/../b?c").find(HEX, 2)
    assert "/a%2F..%2Fb%3Fc/events/" in http_server.requests[0][0]


def test_a_monitors_check_ins_are_read(http_server) -> None:
    """They come as Sentry tells them, newest first; an answer that is no list is none."""
    settings = Settings(
        sentry_url=http_server.url,
        sentry_org="securenet",
        sentry_project="api",
        sentry_auth_token="a-token",
    )
    http_server.answers((200, [{"status": "ok"}]))
    assert SentryEvents(settings).check_ins("vulnerability-scan", 1) == [{"status": "ok"}]
    path, _ = http_server.requests[-1]
    assert path == "/api/0/organizations/securenet/monitors/vulnerability-scan/checkins/"
    http_server.answers((200, {"detail": "x"}))
    with pytest.raises(UnreachableError):
        SentryEvents(settings).check_ins("vulnerability-scan", 0.2)
