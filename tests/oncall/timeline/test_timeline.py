"""A timeline has the entries of all sources in one order, and knows failures and ends."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from securenet_obs.oncall.timeline import timeline
from securenet_obs.oncall.timeline.entry import Entry
from securenet_obs.oncall.timeline.subject import Subject
from securenet_obs.oncall.timeline.timeline import build_timeline
from securenet_obs.probes import ApiClient, generate_network_records
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings, load_settings
from securenet_obs.stack import LocalStack
from securenet_obs.stack.local_stack import TENANTS

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
SUBJECT = Subject("request-1", "", NOW - timedelta(hours=1), NOW + timedelta(hours=1))
LINES = (
    {"event": "logs_accepted", "queued_task_id": "t-1"},
    {"event": "task_started", "task_id": "t-2"},
    {"event": "task_failed", "task_id": "t-2", "sentry_event_id": "e-1", "task": "a.scan"},
)


def test_sources_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is asked for once, by the line that names it; a task without an end is named."""

    def read_tasks(_: Settings, tenant_id: str, task_ids: Sequence[str]) -> Iterator[Entry]:
        assert (tenant_id, set(task_ids)) == ("acme", {"t-1", "t-2"})
        yield Entry(NOW, "result", "", "FAILURE", task_id="t-2", event_id="e-1", has_failed=True)

    def read_events(
        _: Settings, _tenant: str, named: Mapping[str, Entry], _deadline_s: float
    ) -> Iterator[Entry]:
        ((event_id, entry),) = named.items()
        assert (event_id, entry.event) == ("e-1", "task_failed")
        yield Entry(NOW, "Sentry", "", "event", event_id=event_id, has_failed=True)

    monkeypatch.setattr(timeline, "read_task_entries", read_tasks)
    monkeypatch.setattr(timeline, "read_event_entries", read_events)
    common = {"tenant_id": "acme", "request_id": "request-1", "service": "api"}
    log = tmp_path / "api.log"
    with log.open("w") as file:
        for number, line in enumerate(LINES):
            at = (NOW + timedelta(seconds=number - 1)).isoformat()
            file.write(json.dumps({**common, **line, "timestamp": at}) + "\n")
    found = build_timeline(Settings(log_source=str(log)), SUBJECT, 1.0)
    assert found.subject.tenant_id == "acme"
    assert [entry.event for entry in found.entries] == [
        "logs_accepted", "event", "task_started", "FAILURE", "task_failed",
    ]  # fmt: skip
    assert {entry.request_id for entry in found.entries if entry.task_id == "t-2"} == {"request-1"}
    assert found.event_ids == ["e-1"]
    assert len(found.failures) == 3
    assert found.unfinished == ["t-1"]


def test_without_an_id_nothing_is_read() -> None:
    """Not even a log: the source of this target does not exist."""
    subject = Subject("", "", NOW, NOW)
    found = build_timeline(Settings(log_source="/no/such/folder"), subject, 1.0)
    assert (found.entries, found.failures, found.unfinished) == ([], [], [])


def test_a_batch_of_the_stack_is_in_log_store_and_results(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real sources agree: accepted, finished and succeeded, one after the other."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    api, request_id = ApiClient(settings), f"timeline-{uuid.uuid4().hex}"
    records = generate_network_records(3)
    sent = api.submit_logs(TENANTS[1], records, {"X-Request-ID": request_id})
    api.wait_for_task(sent.task_id, 60)
    now = datetime.now(UTC)
    subject = Subject(request_id, "", now - timedelta(hours=1), now + timedelta(hours=1))
    found = poll_until(
        lambda: build_timeline(settings, subject, 1.0),
        lambda found: not found.unfinished and len(found.entries) >= 6,
        deadline_s=30,
    )
    assert (found.failures, found.unfinished, found.foreign) == ([], [], 0)
    assert found.subject.tenant_id == TENANTS[1]
    events = {(entry.source, entry.event) for entry in found.entries}
    assert {
        ("log", "logs_accepted"), ("log", "request_finished"), ("log", "task_succeeded"),
        ("store", "accepted"), ("store", "finished"), ("result", "SUCCESS"),
    } <= events  # fmt: skip
    assert {entry.task_id for entry in found.entries if entry.task_id} == {sent.task_id}
