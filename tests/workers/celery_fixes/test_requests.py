"""Tasks of workers that are lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery.exceptions import Reject
from pydantic import SecretStr

from securenet_obs.errors import PoisonTaskError
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.celery_fixes.requests import MAX_STARTS, STARTS_KEY, SecureNetTask
from securenet_obs.workers.connections import shorten_timeouts
from securenet_obs.workers.dead_letters import list_letters
from securenet_obs.workers.results import EVENT_KEY
from tests.waiting import eventually


def test_a_task_of_a_killed_process_is_run_again(target: Any, tmp_path: Path) -> None:
    """A task of a killed process runs again, and its count of starts is deleted."""
    sent = target.send("tested.dies_once", str(tmp_path / "marker"))
    assert sent.get(timeout=60) == "ended"
    target.line("task_succeeded", sent.id)
    with redis.Redis.from_url(target.environment["RESULT_URL"]) as client:
        assert eventually(lambda: not client.exists(STARTS_KEY.format(task_id=sent.id)))


@pytest.mark.usefixtures("store")
def test_a_poison_task_is_not_started_forever(target: Any) -> None:
    """After its last start the task fails, with result, line and event; the worker continues."""
    sent = target.send("tested.dies")
    with pytest.raises(Exception, match="was started 2 times and never ended"):
        sent.get(timeout=60)
    # The event is stored before the result.
    event_id = target.celery.backend.client.get(EVENT_KEY.format(task_id=sent.id)).decode()
    line = target.line("task_failed", sent.id)
    assert line["exception"][0]["exc_type"] == "PoisonTaskError"
    assert line["sentry_event_id"] == event_id
    assert target.sentry.wait_for_event(lambda event: event["event_id"] == event_id)
    target.line("dead_letter_recorded", sent.id)
    (letter,) = [letter for letter in list_letters() if letter.task_id == sent.id]
    assert letter.reason == "worker_lost"
    started = [
        row
        for row in target.lines()
        if row["event"] == "task_started" and row.get("task_id") == sent.id
    ]
    # The last is the start that is refused; the tests' worker allows two.
    assert len(started) == 3
    with redis.Redis.from_url(target.environment["REDIS_URL"]) as client:
        assert client.llen("default") == 0


def test_the_error_of_a_start_is_stored_before_its_result(
    celery_task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery stores the result of a start that fails after `before_start` has raised its error."""
    stored: list[str] = []
    monkeypatch.setattr(
        "securenet_obs.workers.celery_fixes.requests.store_event",
        lambda task, task_id, event_id: stored.append(task_id),
    )
    monkeypatch.setattr(SecureNetTask, "_starts", lambda self, task_id: MAX_STARTS + 1)
    celery_task.push_request(
        id="poisonous", called_directly=False, delivery_info={"redelivered": True}
    )
    with pytest.raises(PoisonTaskError):
        celery_task.before_start("poisonous", (), {})
    celery_task.pop_request()
    assert stored == ["poisonous"]


def test_the_parent_reports_with_the_ids_of_the_task(target: Any) -> None:
    """A task that is killed at its hard limit keeps its request and tenant, in line and event."""
    headers = {"securenet_request_id": "req-of-the-test", "securenet_tenant_id": "acme"}
    sent = target.send("tested.hangs", headers=headers)
    line = target.line("task_failed", sent.id)
    assert line["exception"][0]["exc_type"] == "TimeLimitExceeded"
    assert (line["request_id"], line["tenant_id"]) == ("req-of-the-test", "acme")
    event = target.sentry.wait_for_event(lambda event: event["event_id"] == line["sentry_event_id"])
    assert event["tags"].items() >= {"request_id": "req-of-the-test", "tenant_id": "acme"}.items()


def test_an_unsent_retry_requeues_the_task(celery_task: Any) -> None:
    """Celery would drop the task together with the attempt that it could not send."""
    with pytest.raises(Reject) as rejected:
        celery_task.retry(countdown=1)
    assert rejected.value.requeue is True


def test_a_called_task_raises_to_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is called as a function has no id, so its error is not stored."""
    stored: list[object] = []
    monkeypatch.setattr(
        "securenet_obs.workers.celery_fixes.requests.store_event", lambda *of: stored.append(of)
    )
    task = create_celery(Settings()).task(name="tested.fails", shared=False)(fail)
    with pytest.raises(LookupError):
        task()
    assert stored == []


def fail() -> None:
    """Raise an error, as a failing task."""
    raise LookupError("nothing there")


def nothing() -> None:
    """Do nothing, as a task."""


@pytest.fixture
def celery_task() -> Iterator[Any]:
    """Return a task that runs in this process with an unavailable broker."""
    app = create_celery(Settings(redis_url=SecretStr("redis://127.0.0.1:1/0")))
    shorten_timeouts(app)
    task = app.task(name="tested.here", shared=False)(nothing)
    task.push_request(id="t-1", args=(), kwargs={}, is_eager=False, called_directly=False)
    yield task
    task.pop_request()
