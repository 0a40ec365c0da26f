"""Ids and outcomes of tasks on a real worker."""

import time
from typing import Any

import pytest
from celery import signals as celery_signals

from securenet_obs.monitoring import bind_tenant, current_ids
from securenet_obs.monitoring.task_telemetry import connect_task_signals
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.results import EVENT_KEY

REQUEST = {"securenet_request_id": "req-of-the-test", "securenet_tenant_id": "acme"}


def test_ids_are_bound_only_while_a_task_runs(target: Any) -> None:
    """The next task on the same process has neither the request nor the tenant of the last."""
    first = target.send("tested.leave_tenant", headers=REQUEST)
    pid = first.get(timeout=60)
    second = target.send("tested.leave_tenant")
    assert second.get(timeout=60) == pid
    started = target.line("task_started", second.id)
    assert "tenant_id" not in started
    assert started["request_id"] != REQUEST["securenet_request_id"]
    assert target.line("task_started", first.id)["tenant_id"] == "acme"
    between = [line for line in target.lines() if line["logger"].startswith("celery.worker")]
    assert between
    assert all("request_id" not in line for line in between)


def test_ids_are_cleared_at_start_and_end(celery_task: Any) -> None:
    """The start clears earlier ids, the end those that the task bound."""
    bind_tenant("left-behind")
    celery_signals.task_prerun.send(sender=celery_task, task_id="t-1", task=celery_task)
    assert current_ids().keys() == {"request_id", "task_id", "trace_id", "span_id"}
    bind_tenant("acme")
    celery_signals.task_postrun.send(sender=celery_task, task_id="t-1", task=celery_task)
    assert current_ids() == {}


def nothing() -> None:
    """Do nothing, as a task."""


@pytest.fixture
def celery_task() -> Any:
    """Return a task that is about to run in this process."""
    task = create_celery(Settings()).task(name="tested.here")(nothing)
    task.push_request(id="t-1", is_eager=False)
    connect_task_signals()
    return task


def test_invalid_ids_are_not_bound(target: Any) -> None:
    """Headers may come from any client of the broker, so they are validated."""
    invalid_headers = {"securenet_request_id": "x\n" * 50, "securenet_tenant_id": "../etc"}
    sent = target.send("tested.child", headers=invalid_headers)
    started = target.line("task_started", sent.id)
    assert len(started["request_id"]) == 32
    assert "tenant_id" not in started


def test_ids_are_kept_through_retries(target: Any) -> None:
    """Every attempt of a task has the request and tenant of the first."""
    sent = target.send("tested.retried", headers=REQUEST)
    assert sent.get(timeout=60) == 2
    attempts = [line for line in target.lines() if line["event"] == "tried"]
    assert [line["attempt"] for line in attempts] == [0, 1, 2]
    assert {line["request_id"] for line in attempts} == {"req-of-the-test"}
    assert {line["tenant_id"] for line in attempts} == {"acme"}
    assert len({line["trace_id"] for line in attempts}) == 1
    retried = [line for line in target.lines() if line["event"] == "task_retried"]
    assert [line["task_id"] for line in retried] == [sent.id] * 2


def test_ids_reach_a_child_task(target: Any) -> None:
    """A child task has the same request, tenant and trace."""
    sent = target.send("tested.parent", headers=REQUEST)
    child = target.line("child_ran", sent.get(timeout=60))
    started = target.line("task_started", sent.id)
    assert child["task_id"] != sent.id
    for name in ("request_id", "tenant_id", "trace_id"):
        assert child[name] == started[name]


def test_a_success_logs_its_duration_and_no_value(target: Any) -> None:
    """Neither arguments nor return value are in any line of the worker."""
    sent = target.send("tested.return_secret", "a value of the tenant's own")
    assert sent.get(timeout=60) == "a value of the tenant's own"
    assert target.line("task_succeeded", sent.id)["duration_ms"] > 0
    assert "a value of the tenant's own" not in target.log.read_text()


def test_a_task_that_succeeds_is_two_lines(target: Any) -> None:
    """Celery's own lines of the same task are neither built nor written."""
    sent = target.send("tested.child")
    sent.get(timeout=60)
    target.line("task_succeeded", sent.id)
    events = [line["event"] for line in target.lines() if sent.id in str(line)]
    assert events == ["task_started", "child_ran", "task_succeeded"]


def test_a_failure_is_one_event_with_a_stored_id(target: Any) -> None:
    """An error that is logged twice and raised is one event; line and result have its id."""
    sent = target.send("tested.logs_and_fails", headers=REQUEST)
    with pytest.raises(Exception, match="logged twice"):
        sent.get(timeout=60)
    client = target.celery.backend.client
    key = EVENT_KEY.format(task_id=sent.id)
    event_id = client.get(key).decode()
    assert 24 * 3600 - 60 < client.ttl(key) <= 24 * 3600
    line = target.line("task_failed", sent.id)
    assert line["sentry_event_id"] == event_id
    assert line["exception"][0]["exc_type"] == "DiagnosticError"
    target.sentry.wait_for_event(lambda event: event["event_id"] == event_id)
    time.sleep(0.3)
    events = [event for event in target.sentry.events if event["tags"].get("task_id") == sent.id]
    assert len(events) == 1
    assert (
        events[0]["tags"].items() >= {"request_id": "req-of-the-test", "tenant_id": "acme"}.items()
    )


def test_arguments_of_other_tasks_are_in_no_event(target: Any) -> None:
    """Received tasks are not breadcrumbs of a later failure, and arguments are not collected."""
    target.send("tested.return_secret", "a neighbour's argument").get(timeout=60)
    sent = target.send("tested.logs_and_fails")
    target.sentry.wait_for_event(lambda event: event["tags"].get("task_id") == sent.id)
    assert all(b"a neighbour's argument" not in envelope for envelope in target.sentry.envelopes)


def test_a_print_in_a_task_is_a_line(target: Any) -> None:
    """Printed text of a task is a JSON line."""
    sent = target.send("tested.prints")
    sent.get(timeout=60)
    line = target.line("plain text from a task", sent.id)
    assert line["logger"] == "stdout"
