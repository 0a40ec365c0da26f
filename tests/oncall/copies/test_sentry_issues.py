"""Copies in error events are found by issue, which is deleted as a whole."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from securenet_obs.errors import UnreachableError
from securenet_obs.oncall.copies import sentry_issues
from securenet_obs.oncall.copies.copy import Copy, Skipped
from securenet_obs.oncall.copies.sentry_issues import SentryIssues
from securenet_obs.oncall.copies.spelled import Spelled
from securenet_obs.probes.errors.events import StoredEvent
from securenet_obs.settings import Settings

SPELLED = Spelled({"KEY": SecretStr("secret-4711")})


class Backend:
    """A Sentry with three events of two issues, which may fail after them."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.fails = False

    def read_newest(self, count: int, deadline_s: float) -> Iterator[StoredEvent]:
        """Yield the newest first."""
        rows = [("7", "2026-11-27T08:00:00Z"), ("7", "2026-11-27T07:00:00Z"), ("8", "unknown")]
        texts = ["a secret-4711", "secret-4711 secret-4711", "another text"]
        for (issue, received), text in list(zip(rows, texts, strict=True))[:count]:
            yield StoredEvent(issue, received, {"message": text})
        if self.fails:
            raise UnreachableError("it does not answer")

    def delete_issue(self, issue_id: str, deadline_s: float) -> None:
        """Delete an issue."""
        self.deleted.append(issue_id)


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    """Return the backend of every target of a test."""
    only = Backend()
    monkeypatch.setattr(sentry_issues, "open_error_events", lambda settings: only)
    return only


def search(newest: int) -> tuple[list[Copy], list[str]]:
    """Return the copies, and the reasons of what was skipped."""
    found = list(SentryIssues(Settings(), newest, 1.0).search(SPELLED))
    reasons = [each.reason for each in found if isinstance(each, Skipped)]
    return [each for each in found if isinstance(each, Copy)], reasons


def test_an_issue_with_copies_is_deleted(backend: Backend) -> None:
    """Its place is the issue, since the earliest of its events."""
    (copy,), reasons = search(10)
    assert (copy.where, copy.count, copy.since) == ("Sentry issue 7", 3, "2026-11-27T07:00:00Z")
    assert copy.purges == "delete Sentry issue 7 with all of its events"
    assert reasons == ["of telemetry only error events are searched"]
    copy.purge()
    assert backend.deleted == ["7"]


def test_older_events_and_a_failure_are_named(backend: Backend) -> None:
    """The copies before it are found."""
    backend.fails = True
    (copy,), reasons = search(1)
    assert copy.count == 1
    assert reasons[0] == "it does not answer"
    assert "only the newest 1" in reasons[1]


def test_a_target_without_a_token_is_skipped() -> None:
    """The reason names the variable."""
    copies, reasons = search(10)
    assert copies == []
    assert "SENTRY_ORG is not set" in reasons[0]
