"""An issue is muted for some time, once, where its backend can do that."""

import json
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from securenet_obs.oncall.actions.issues import mute_issue
from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.probes.errors.backends import open_issues
from securenet_obs.probes.errors.delivery import send_event
from securenet_obs.probes.errors.issues import Issue
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack

ISSUE = Issue("9", "WEB-1", "KeyError", datetime.now(UTC), False, "https://sentry.example/9/")


class Sentry:
    """Sentry's API with one issue, which can be muted."""

    def __init__(self) -> None:
        self.url = ""
        self.changes: list[tuple[str, dict[str, Any]]] = []

    def answer(self) -> dict[str, Any]:
        """Return the issue."""
        return {
            "id": "9",
            "shortId": "WEB-1",
            "title": "KeyError",
            "firstSeen": "2026-11-27T10:00:00Z",
            "status": "ignored" if self.changes else "unresolved",
            "permalink": ISSUE.url,
        }


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    """Yield a server with Sentry's API."""
    api = Sentry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(api.answer()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            api.changes.append((self.path, json.loads(sent)))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield api
        server.shutdown()


def mute(settings: Settings, issue: Issue = ISSUE) -> Action:
    """Return the action for one issue."""
    step = mute_issue(settings, issue, 60)
    assert isinstance(step, Action)
    return step


def test_sentry_is_asked_for_an_expiry_and_once(sentry: Sentry) -> None:
    """The second run changes nothing, and the state of the confirmation is whether it is muted."""
    given = {"sentry_org": "acme", "sentry_project": "web", "sentry_auth_token": "t0ken"}
    step = mute(Settings(sentry_url=sentry.url, **given))
    assert step.does == "mute issue WEB-1 (KeyError) for 60 minutes"
    assert step.read_state() == {"WEB-1": "not muted"}
    assert step.run() == "it is muted for 60 minutes"
    assert step.run() == "it was muted before"
    assert step.read_state() == {"WEB-1": "muted"}
    muted = {"status": "ignored", "statusDetails": {"ignoreDuration": 60}}
    assert sentry.changes == [("/api/0/organizations/acme/issues/9/", muted)]


def test_without_an_expiry_the_step_is_a_persons() -> None:
    """GlitchTip would mute it for ever."""
    step = mute_issue(Settings(sentry_backend="glitchtip"), ISSUE, 60)
    assert isinstance(step, Manual)
    assert step.command == ISSUE.url


def test_bugsink_mutes_a_real_issue(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The issue of an event is muted, and muted again without an error."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    fingerprint = f"mute-{uuid.uuid4().hex}"
    monkeypatch.setattr("securenet_obs.probes.errors.delivery.FINGERPRINT", fingerprint)
    sent = send_event(settings.sentry_dsn, "test", 10)
    reader = open_issues(settings)
    since = datetime.now(UTC) - timedelta(minutes=5)

    def find() -> Issue | None:
        rows = reader.list_recent(since, 10)
        own = (row for row in rows if sent.event_id in {event.event_id for event in row.events})
        return next(own, None)

    issue = poll_until(find, deadline_s=60)
    assert issue is not None
    step = mute(settings, issue)
    assert step.run() == "it is muted for 60 minutes"
    assert reader.read(issue.id, 10).is_muted
    assert step.run() == "it was muted before"
