"""Tasks on a real worker."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import select

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.stored.advisories import sync_advisories
from securenet_obs.detection.vulnerabilities.stored.inventories import store_inventory
from securenet_obs.errors import AdvisoriesError
from securenet_obs.settings import Settings, get_settings
from securenet_obs.stack.samples import store_samples
from securenet_obs.store import (
    LogFile,
    NetworkMinute,
    Submission,
    TaskEffect,
    Tenant,
    ensure_tenant,
    session_at,
    session_scope,
)
from securenet_obs.workers import outbox
from securenet_obs.workers.celery_app import TASKS, create_celery
from securenet_obs.workers.tasks import UNKNOWN_TENANT, delete_old_rows
from securenet_obs.workers.tasks import sync_advisories as sync_advisories_task
from securenet_obs.workers.windows import WINDOW_HEADER, task_id_of
from tests.detection.vulnerabilities.osv import CRITICAL, advisory, before, inventory_of
from tests.waiting import eventually

RECORDS = [
    {"timestamp": "2026-01-01T00:00:05Z", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2", "bytes": 7},
    {"timestamp": "not a time", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"},
]


@pytest.mark.parametrize("queue", ["default", "scans", "models", "logs", "canary"])
def test_a_canary_comes_back_from_every_queue(target: Any, queue: str) -> None:
    """Each queue is consumed, and the result contains the worker that executed the task."""
    answer = target.send("echo_canary", f"for {queue}", queue=queue).get(timeout=60)
    assert answer["canary"] == f"for {queue}"
    assert answer["queue"] == queue
    assert answer["hostname"].startswith("tested@")
    assert answer["pid"] > 0


def test_a_scan_finds_the_known_vulnerabilities(target: Any) -> None:
    """The sample inventory has three known vulnerabilities."""
    store_samples(target.environment["DATABASE_URL"], ["newcomer"])
    answer = target.send("run_vulnerability_scan", "newcomer", queue="scans").get(timeout=60)
    assert answer["packages"] == 5
    assert {found["package"] for found in answer["findings"]} == {"Werkzeug", "requests"}


def test_a_new_critical_finding_is_one_line_and_one_event(target: Any) -> None:
    """A second scan, and a redelivered one, add neither; the issue names no tenant's package."""
    url = target.environment["DATABASE_URL"]
    record = advisory("CRIT-1", *before("2"), package="grave", vector=CRITICAL)
    sync_advisories("critical", [Source("CRIT-1", record)], scope=partial(session_at, url))
    with session_at(url) as session:
        store_inventory(session, "endangered", inventory_of(("grave", "1.0")), "test")
    first = target.send("run_vulnerability_scan", "endangered", queue="scans")
    assert first.get(timeout=60)["counts"]["findings"] == 1
    target.send("run_vulnerability_scan", "endangered", queue="scans").get(timeout=60)
    line = target.line("critical_vulnerability_found", first.id)
    assert (line["advisory_id"], line["tenant_id"]) == ("CRIT-1", "endangered")
    event = target.sentry.wait_for_event(lambda row: "critical_vulnerability" in json.dumps(row))
    assert event["level"] == "error"
    lines = [row for row in target.lines() if row["event"] == line["event"]]
    events = [row for row in target.sentry.events if line["event"] in json.dumps(row)]
    assert (len(lines), len(events)) == (1, 1)


def test_advisories_are_synchronised_by_a_task(
    monkeypatch: pytest.MonkeyPatch, sqlite_store: Path, tmp_path: Path
) -> None:
    """With the sources of the settings; too old ones fail."""
    (tmp_path / "A-1.json").write_text(json.dumps(advisory("A-1", *before("2"))))
    (tmp_path / "kev").write_text('{"vulnerabilities": [{"cveID": "CVE-1"}]}')
    monkeypatch.setenv("ADVISORIES_SOURCE", str(tmp_path / "A-1.json"))
    monkeypatch.setenv("EXPLOITED_SOURCE", str(tmp_path / "kev"))
    monkeypatch.setenv("ADVISORIES_MAX_AGE_D", "36500")
    get_settings.cache_clear()
    assert sync_advisories_task()["added"] == 1
    monkeypatch.setenv("ADVISORIES_MAX_AGE_D", "1")
    get_settings.cache_clear()
    with pytest.raises(AdvisoriesError, match="older than 1 days"):
        sync_advisories_task()


def test_a_batch_is_counted_for_its_tenant(target: Any) -> None:
    """The tenant comes from the headers; an invalid record is counted with its reason."""
    sent = target.send(
        "process_network_logs", RECORDS, queue="logs", headers={"securenet_tenant_id": "acme"}
    )
    answer = sent.get(timeout=60)
    assert (answer["tenant_id"], answer["accepted"], answer["minutes"]) == ("acme", 1, 1)
    assert answer["rejected"] == {"invalid timestamp": 1}
    assert answer["counted"] is True


def test_a_log_file_is_counted_by_its_ranges(target: Any, store: None, tmp_path: Path) -> None:
    """Each range is a task; the file is counted with the last one, and once."""
    path = tmp_path / "flows.log"
    lines = [json.dumps(RECORDS[0] | {"n": number}) for number in range(2000)]
    path.write_text("\n".join(lines))
    for _ in range(2):
        sent = target.send("process_log_file", "filed", str(path), 50_000, queue="logs")
        answer = sent.get(timeout=60)
        assert answer["ranges"] > 3
        assert eventually(partial(finished, answer["digest"]))
    with session_scope() as session:
        (minute,) = session.scalars(select(NetworkMinute).where(NetworkMinute.tenant_id == "filed"))
    assert (minute.records, minute.octets, minute.peers) == (2000, 14_000, 2)


def finished(digest: str) -> bool:
    """Return whether a file is counted, with all its records in the result."""
    with session_scope() as session:
        file = session.get_one(LogFile, ("filed", digest))
    return file.result is not None and file.result["records"] == 2000


def test_a_redelivered_batch_is_counted_once(target: Any) -> None:
    """A task that is delivered again, as after a lost worker, does not count twice."""
    for counted in (True, False):
        sent = target.send("process_network_logs", RECORDS, queue="logs", task_id="delivered-twice")
        assert sent.get(timeout=60)["counted"] is counted
        sent.forget()


def test_a_model_without_data_returns_the_reason(target: Any) -> None:
    """Too few minutes are a result, not a failure."""
    answer = target.send("retrain_anomaly_model", "empty-tenant", queue="models").get(timeout=60)
    assert answer["trained"] is False
    assert answer["minutes"] == 0


@pytest.mark.slow
def test_beat_dispatches_one_task_for_each_tenant(target: Any, store: None) -> None:
    """A dispatcher sends a task to each tenant; records without a tenant cause none."""
    register("dispatched", UNKNOWN_TENANT)
    with session_scope() as session:
        registered = len(session.scalars(select(Tenant.tenant_id)).all())
    before = received(target, "run_vulnerability_scan", queue="scans")
    tenants = target.send("dispatch_vulnerability_scans", queue="default").get(timeout=60)
    sent = set(received(target, "run_vulnerability_scan", queue="scans")).difference(before)
    assert len(sent) == tenants == registered - 1


def test_a_tenants_task_does_not_register_the_tenant(target: Any, store: None) -> None:
    """Otherwise the schedule would serve the tenant forever."""
    for task, queue in (("run_vulnerability_scan", "scans"), ("retrain_anomaly_model", "models")):
        target.send(task, "passing-by", queue=queue).get(timeout=60)
    with session_scope() as session:
        assert session.get(Tenant, "passing-by") is None


def test_a_window_is_dispatched_once(target: Any, store: None) -> None:
    """A second dispatch sends nothing; a tenant's task of a window has one id and key."""
    register("somebody")
    headers = {WINDOW_HEADER: "2020-01-01T02:00Z"}
    for _ in range(2):
        sent = target.send("dispatch_model_retraining", headers=headers)
        assert sent.get(timeout=60) >= 1
    sent_id = task_id_of(f"{TASKS}.retrain_anomaly_model", "somebody", "2020-01-01T02:00Z")
    ids = received(target, "retrain_anomaly_model", queue="models")
    assert len(ids) == len(set(ids))
    assert sent_id in ids


def test_a_dispatched_task_has_its_tenant_and_its_time(target: Any, store: None) -> None:
    """Tasks are spread over a minute, and are not executed a day late."""
    tenants = {f"dispatched-{number}" for number in range(4)}
    register(*tenants)
    began, headers = datetime.now(UTC), {WINDOW_HEADER: "2020-01-02T02:00Z"}
    target.send("dispatch_model_retraining", headers=headers).get(timeout=60)
    target.send("echo_canary", "behind all that was sent", queue="models").get(timeout=60)
    with redis.Redis.from_url(target.environment["REDIS_URL"]) as broker:
        messages = [json.loads(held)[0]["headers"] for held in broker.hvals("unacked")]
    sent = [message for message in messages if message.get("securenet_tenant_id") in tenants]
    assert {message[WINDOW_HEADER] for message in sent} == set(headers.values())
    due = [(datetime.fromisoformat(message["eta"]) - began).total_seconds() for message in sent]
    late = [datetime.fromisoformat(message["expires"]) - began for message in sent]
    assert len(set(due)) == len(sent)
    assert all(0 <= seconds < 120 for seconds in due)
    assert all(timedelta(hours=23) < after < timedelta(hours=25) for after in late)


def register(*tenants: str) -> None:
    """Add tenants to the store."""
    with session_scope() as session:
        for tenant_id in tenants:
            ensure_tenant(session, tenant_id)


def received(target: Any, task: str, queue: str) -> list[str]:
    """Return the ids of the tasks that the worker received from a queue."""
    target.send("echo_canary", "behind all that was sent", queue=queue).get(timeout=60)
    name = f"{TASKS}.{task}"
    requests = [entry["request"] for entry in target.ask("scheduled")]
    waiting = [request["id"] for request in requests if request["name"] == name]
    lines = [line for line in target.lines() if line["event"] == "task_started"]
    # By now the time of some may have come.
    started = {line["task_id"] for line in lines if line["task"] == name}
    return waiting + sorted(started.difference(waiting))


@pytest.mark.parametrize("task", ["run_vulnerability_scan", "retrain_anomaly_model"])
def test_a_tenants_task_has_its_effect_once_a_window(target: Any, store: None, task: str) -> None:
    """A redelivered or repeated task has one effect, by the window in its headers."""
    for _ in range(2):
        target.send(task, "windowed", headers={WINDOW_HEADER: "w-1"}).get(timeout=60)
    with session_scope() as session:
        key = TaskEffect.tenant_id == "windowed", TaskEffect.task == task
        effects = session.scalars(select(TaskEffect.window).where(*key)).all()
    assert effects == ["w-1"]


def test_an_accepted_batch_is_counted_by_its_reference(target: Any, store: None) -> None:
    """The batch has its tenant, and a second message does not count it again."""
    task = create_celery(
        Settings(
            redis_url=target.environment["REDIS_URL"], result_url=target.environment["RESULT_URL"]
        )
    ).task(name=f"{TASKS}.process_network_logs", shared=False)(nothing)
    sent = target.sent(outbox.submit(task, "referring", RECORDS))
    answer = sent.get(timeout=60)
    assert (answer["tenant_id"], answer["accepted"], answer["counted"]) == ("referring", 1, True)
    target.line("task_succeeded", sent.id)
    sent.forget()
    target.send("process_network_logs", {"batch": sent.id}, queue="logs", task_id=sent.id)
    assert sent.get(timeout=60) == {**answer, "counted": False}


def nothing(log_batch: Any) -> None:
    """Do nothing: a task that is only sent."""


def test_the_outbox_runs_on_a_worker(target: Any) -> None:
    """It returns the number of republished batches."""
    assert target.send("republish_submissions").get(timeout=60) == 0


def test_a_diagnostic_task_fails_with_its_own_error(target: Any) -> None:
    """The result has the error, and its event reaches Sentry."""
    sent = target.send(
        "raise_diagnostic_error", "canary-7", "hunter2hunter2", "acme", queue="default"
    )
    with pytest.raises(Exception, match="canary-7") as raised:
        sent.get(timeout=60)
    assert type(raised.value).__name__ == "DiagnosticError"
    event = target.sentry.wait_for_event(lambda event: "canary-7" in str(event.get("exception")))
    assert event["tags"].items() >= {"tenant_id": "acme", "task_id": sent.id}.items()


def test_a_relayed_canary_is_of_the_same_request(target: Any) -> None:
    """The child fails in the request and for the tenant of the task that sent it."""
    sent = target.send("relay_canary", "canary-8", "hunter2hunter2", "acme")
    child = sent.get(timeout=60)["child_task_id"]
    failed, relayed = target.line("task_failed", child), target.line("task_succeeded", sent.id)
    for name in ("request_id", "tenant_id", "trace_id"):
        assert failed[name] == relayed[name]
    assert failed["tenant_id"] == "acme"


def test_a_pickled_message_is_refused(target: Any) -> None:
    """A pickled message is not unpickled, and the worker continues."""
    sent = target.send("echo_canary", "pickled", queue="canary", serializer="pickle")
    with pytest.raises(TimeoutError):
        sent.get(timeout=1)
    assert target.send("echo_canary", "after", queue="canary").get(timeout=60)["canary"] == "after"


def test_an_unregistered_task_is_reported(target: Any) -> None:
    """An unknown task is an error line, and the worker continues."""
    target.celery.send_task("securenet_obs.workers.tasks.no_such_task", queue="default")
    assert eventually(lambda: any("no_such_task" in line["event"] for line in target.lines()))


def test_a_task_deletes_old_rows(empty_store: None) -> None:
    """Beat's entry `retention` deletes finished batches and effects after their retention."""
    long_ago = datetime.now(UTC) - timedelta(days=30)
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.add(
            Submission(
                task_id="old",
                tenant_id="acme",
                records=None,
                ids={},
                accepted_at=long_ago,
                finished_at=long_ago,
                publications=1,
            )
        )
        session.add(TaskEffect(tenant_id="acme", task="scan", window="old", at=long_ago, result={}))
    deleted = delete_old_rows()
    assert (deleted["submissions"], deleted["task_effects"]) == (1, 1)
    with session_scope() as session:
        assert session.scalars(select(Submission)).all() == []
        assert session.scalars(select(TaskEffect)).all() == []
