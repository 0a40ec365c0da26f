"""The outbox, the dead letters and the results of a tenant's tasks are entries."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from securenet_obs import store
from securenet_obs.oncall.timeline import task_entries
from securenet_obs.oncall.timeline.task_entries import read_task_entries
from securenet_obs.probes.celery.results import TaskEnd
from securenet_obs.settings import get_settings

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)


class Results:
    """Results of one task."""

    def __init__(self, _settings: object) -> None:
        """Prepare."""

    def read_end(self, task_id: str, tenant_id: str) -> TaskEnd | None:
        """Return the failure of the task of `acme`."""
        assert tenant_id == "acme"
        return TaskEnd(task_id, "FAILURE", NOW, "KeyError", "e-1") if task_id == "t-acme" else None


def test_each_source_has_its_entries(sqlite_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the terms of each; another tenant's task has none."""
    monkeypatch.setattr(task_entries, "ResultProbe", Results)
    with store.session_scope() as session:
        for tenant in ("acme", "other"):
            store.ensure_tenant(session, tenant)
            session.add(
                store.Submission(
                    task_id=f"t-{tenant}", tenant_id=tenant, records=None, ids={}, accepted_at=NOW,
                    due_at=None, publications=2, finished_at=NOW, result=None,
                )
            )  # fmt: skip
            session.add(
                store.DeadLetter(
                    task_id=f"t-{tenant}", task="tasks.scan", tenant_id=tenant, request_id=None,
                    window=None, arguments={}, redacted=False, reason="failed", error="KeyError",
                    message="", traceback="", first_at=NOW, last_at=NOW, times=3, requeued_at=None,
                )
            )  # fmt: skip
    found = list(read_task_entries(get_settings(), "acme", ["t-acme", "t-other"]))
    assert {entry.task_id for entry in found} == {"t-acme"}
    assert {entry.at for entry in found} == {NOW}
    assert [(entry.source, entry.event, entry.detail, entry.has_failed) for entry in found] == [
        ("store", "accepted", "published 2 times", False),
        ("store", "finished", "", False),
        ("store", "dead letter", "failed, KeyError, 3 times", True),
        ("result", "FAILURE", "KeyError", True),
    ]
    assert found[2].where == "scan"
    assert found[3].event_id == "e-1"
