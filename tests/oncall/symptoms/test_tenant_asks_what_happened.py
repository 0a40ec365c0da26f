"""The timeline of a request leads to its event, and its export holds no other tenant's lines."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.symptoms.tenant_asks_what_happened import TenantAsksWhatHappened
from securenet_obs.oncall.timeline import timeline
from securenet_obs.oncall.timeline.entry import Entry
from securenet_obs.redaction import redact_text
from securenet_obs.settings import Settings

REQUEST = "request-1"
SECRET = "snk_" + "a1B2c3D4" * 5
SECOND = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)


def line(event: str, tenant: str | None = "acme", number: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a line of the request, in the one second of the test."""
    at = SECOND + timedelta(microseconds=number)
    common = {"timestamp": at.isoformat(), "service": "securenet-api", "trace_id": f"of-{tenant}"}
    named = {"tenant_id": tenant} if tenant else {}
    return {**common, "request_id": REQUEST, "event": event, **named, **fields}


FAILED = (
    line("logs_accepted", queued_task_id="task-acme"),
    line("request_finished", number=1, method="POST", path="/v1/tenants/acme/logs", status=202),
    line("task_failed", number=2, task_id="task-acme", task="t.echo", sentry_event_id="a" * 32),
)
OTHER = (
    line("logs_accepted", "other", 1, queued_task_id="task-other"),
    line("task_failed", "other", 2, task_id="task-other", sentry_event_id="b" * 32),
    line(f"password={SECRET} was refused", None, 3),
)


@pytest.fixture
def look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[TenantAsksWhatHappened, list[Row]]]:
    """Return a function that looks at lines, with a store, results and Sentry of the test.

    The real ones are read in `tests/runbooks` on a stack.
    """
    monkeypatch.setenv("SECURENET_OBS_EVIDENCE", str(tmp_path / "evidence"))

    def read_tasks(_: Settings, tenant_id: str, task_ids: Sequence[str]) -> Iterator[Entry]:
        for task_id in task_ids:
            assert tenant_id in task_id
            yield Entry(SECOND, "result", "", "FAILURE", task_id=task_id, has_failed=True)

    def read_events(_: Settings, _tenant: str, named: Any, _deadline_s: float) -> Iterator[Entry]:
        for event_id, entry in named.items():
            yield Entry(entry.at, "Sentry", "", "event", event_id=event_id, has_failed=True)

    monkeypatch.setattr(timeline, "read_task_entries", read_tasks)
    monkeypatch.setattr(timeline, "read_event_entries", read_events)

    def look(
        rows: Sequence[dict[str, Any]], request_id: str = REQUEST, tenant_id: str = ""
    ) -> tuple[TenantAsksWhatHappened, list[Row]]:
        log = tmp_path / "api.log"
        log.write_text("".join(json.dumps(row) + "\n" for row in rows))
        symptom = TenantAsksWhatHappened(Settings(log_source=str(log)), request_id, tenant_id)
        symptom.look()
        return symptom, [row for row in symptom.decide() if row.applies]

    return look


def test_a_failed_request_leads_to_its_event(look: Callable[..., Any], tmp_path: Path) -> None:
    """Its row names the first failure and the event; the confirmed step writes both files."""
    symptom, (row,) = look(FAILED)
    assert row.finding == "something has failed"
    assert row.why.endswith(f"first failure: task_failed at echo; Sentry has event {'a' * 32}")
    assert redact_text(row.why) == row.why
    assert isinstance(row.step, Action)
    assert symptom.look()["event"].tolist()[-2:] == ["event", "task_failed at echo"]
    assert symptom.summary()["entries"].tolist() == [3, 0, 1, 1]
    row.step.run()
    assert len(list((tmp_path / "evidence").iterdir())) == 2
    assert symptom.verify_export().passed
    privacy = symptom.verify_privacy()
    assert privacy.passed
    assert redact_text(privacy.observed) == privacy.observed


def test_another_tenant_in_the_same_second_is_not_exported(
    look: Callable[..., Any], tmp_path: Path
) -> None:
    """It has chosen the same request id, and a line without a tenant holds a secret."""
    symptom, (row,) = look([*FAILED, *OTHER], tenant_id="acme")
    assert isinstance(row.step, Action)
    row.step.run()
    texts = [path.read_text() for path in (tmp_path / "evidence").iterdir()]
    for absent in ("task-other", "b" * 32, "other", SECRET):
        assert not [text for text in texts if absent in text]
    assert all("a" * 32 in text for text in texts)
    found = symptom.verify_privacy()
    assert found.passed
    assert "of 2 in the logs" in found.observed


def test_a_shared_request_id_has_no_timeline_without_its_tenant(look: Callable[..., Any]) -> None:
    """Nothing is exported; a person asks for the tenant."""
    symptom, (row,) = look([*FAILED, *OTHER])
    assert symptom.is_shared
    assert symptom.tenants == ["acme", "other"]
    assert isinstance(row.step, Manual)
    assert "-p tenant_id=TENANT" in row.step.command
    assert symptom.look().empty


def test_a_file_with_more_than_the_tenants_entries_is_noticed(
    look: Callable[..., Any], tmp_path: Path
) -> None:
    """The verification reads the files and the logs anew."""
    symptom, (row,) = look([*FAILED, *OTHER], tenant_id="acme")
    assert isinstance(row.step, Action)
    row.step.run()
    (path,) = (tmp_path / "evidence").glob("*.json")
    whole = path.read_text()
    path.write_text(whole.replace("task-acme", "task-other"))
    assert "ids of other tenants: task-other" in symptom.verify_privacy().observed
    path.write_text(whole.replace("task-acme", SECRET))
    assert "; timeline-acme-" in symptom.verify_privacy().observed
    path.write_text(json.dumps({**json.loads(whole), "entries": []}))
    assert not symptom.verify_export().passed


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        (FAILED[:2], "something has failed"),
        ([line("request_finished", status=200)], "everything succeeded"),
    ],
)
def test_a_timeline_is_exported_whatever_it_tells(
    look: Callable[..., Any], rows: Sequence[dict[str, Any]], finding: str
) -> None:
    """A result may fail where the log has no line of it."""
    _, (row,) = look(rows)
    assert row.finding == finding
    assert isinstance(row.step, Action)


def test_a_task_without_an_end_is_named(
    look: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither log nor result knows its end."""
    monkeypatch.setattr(timeline, "read_task_entries", lambda *_: iter(()))
    _, (row,) = look(FAILED[:2])
    assert row.finding == "a task has not ended"
    assert "without an end: task-acme" in row.why


@pytest.mark.parametrize(("request_id", "tenant_id"), [("request-2", ""), ("", ""), ("", "nobody")])
def test_an_unknown_id_has_no_step(
    look: Callable[..., Any], request_id: str, tenant_id: str
) -> None:
    """The reason says which question to ask."""
    symptom, rows = look(FAILED, request_id, tenant_id)
    assert rows == []
    assert "ask for the time and the request id" in symptom.decide()[2].why
