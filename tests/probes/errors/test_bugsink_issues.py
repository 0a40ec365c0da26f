"""Issues are read from Bugsink with their newest events."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sentry_sdk

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.errors.backends import open_issues
from securenet_obs.probes.errors.issues import Issue
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings


def test_an_issue_of_bugsink_has_its_newest_event_whole(target: Settings) -> None:
    """Two events of one cause are one issue, and the secret in its title is masked."""
    # Each issue costs two requests, and other tests leave hundreds in an hour.
    since = datetime.now(UTC) - timedelta(seconds=5)
    canary = f"issue-{uuid.uuid4().hex}"
    client = sentry_sdk.Client(target.sentry_dsn, default_integrations=False, release="probe@7")
    scope = sentry_sdk.Scope()
    scope.set_tag("tenant_id", "acme")
    scope.set_transaction_name("/v1/somewhere")
    message = f"{canary} redis://user:hunter2secret@cache/0"
    ids = [
        client.capture_event({"message": message, "fingerprint": [canary]}, None, scope)
        for _ in range(2)
    ]
    client.flush(5)
    reader = open_issues(target)

    def read() -> list[Issue]:
        return [row for row in reader.list_recent(since, 20) if canary in row.title]

    (found,) = poll_until(read, lambda rows: rows and len(rows[0].events) == 2, deadline_s=60)
    assert {event.event_id for event in found.events} == set(ids)
    newest = found.events[0]
    assert (newest.release, newest.tenant_id, newest.place) == ("probe@7", "acme", "/v1/somewhere")
    assert newest.url.startswith(f"{target.sentry_url}/issues/issue/{found.id}/event/")
    assert "hunter2secret" not in found.title
    assert reader.read(found.name, 10).id == found.id
    assert reader.list_recent(datetime.now(UTC) + timedelta(hours=1), 10) == []
    with pytest.raises(NotFoundError):
        reader.read(str(uuid.uuid4()), 10)
