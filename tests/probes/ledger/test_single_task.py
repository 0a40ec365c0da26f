"""The account of one task: None, no result, a lost result and a lost task are told apart."""

import time
from typing import Any

import pytest
import redis
from celery import Celery
from celery.app.task import Context
from celery.result import denied_join_result

from securenet_obs.errors import UnreachableError
from securenet_obs.monitoring.metrics.ledger import BEGAN_KEY
from securenet_obs.probes.ledger.balance import read_ledger, read_task
from securenet_obs.probes.ledger.single_task import TaskAccount
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import TASKS

ECHO = f"{TASKS}.echo_canary"


@pytest.fixture
def sent(sender: Celery, broker: redis.Redis) -> str:
    """Return the id of a task whose message a worker has taken and acknowledged."""
    with denied_join_result():
        sent = str(sender.send_task(ECHO, ["canary"], queue="canary").id)
    broker.delete("canary")
    return sent


def explain(settings: Settings, task_id: str) -> TaskAccount:
    account = read_task(settings, task_id)
    assert account.sentence.startswith(f"{task_id}: {ECHO}, sent to canary. ")
    return account


@pytest.mark.parametrize(
    ("result", "kind", "text"), [(None, "None", "returned None"), (0, "value", "returned a value")]
)
def test_none_is_a_result(
    settings: Settings, sender: Celery, sent: str, result: object, kind: str, text: str
) -> None:
    """A task that returned None has succeeded; 0 is a value."""
    sender.backend.mark_as_done(sent, result, Context(id=sent))
    account = explain(settings, sent)
    assert (account.result, account.is_accounted_for) == (kind, True)
    assert text in account.sentence


@pytest.mark.parametrize("end", ["mark_as_done", "mark_as_failure", "mark_as_revoked"])
def test_an_ignored_result_is_no_lost_one(
    settings: Settings, sender: Celery, sent: str, end: str
) -> None:
    """The ledger knows the end all the same; a task that ran eagerly was never sent."""
    value = {"mark_as_done": 1, "mark_as_failure": ValueError("x"), "mark_as_revoked": "expired"}
    request = Context(id=sent, ignore_result=True)
    getattr(sender.backend, end)(sent, value[end], request=request, store_result=False)
    account = explain(settings, sent)
    assert (account.result, account.is_accounted_for) == ("ignored", True)
    assert "ignore_result" in account.sentence
    assert read_ledger(settings, 60.0, settle_s=0.0).missing_count == 0


def test_an_eager_task_has_no_record(
    settings: Settings, sender: Celery, results: redis.Redis
) -> None:
    """It was executed by its caller."""
    sender.backend.mark_as_done("e", 1, Context(id="e", is_eager=True), store_result=False)
    assert results.keys("securenet:ledger:*") == []


def test_an_expired_result_is_told_from_a_lost_one(
    settings: Settings, sender: Celery, results: redis.Redis, sent: str
) -> None:
    """The record of the end outlives the result."""
    sender.backend.mark_as_done(sent, 1, Context(id=sent))
    results.delete(f"celery-task-meta-{sent}")
    assert explain(settings, sent).result == "expired"


def test_a_failure_is_named(settings: Settings, sender: Celery, sent: str) -> None:
    """By its type; its message may hold a tenant's data."""
    sender.backend.mark_as_failure(sent, ValueError("acme"), request=Context(id=sent))
    account = explain(settings, sent)
    assert account.result == "error"
    assert account.sentence.endswith("It ended as FAILURE: ValueError.")


def test_a_result_database_that_was_emptied_loses_results(
    settings: Settings, sender: Celery, results: redis.Redis, sent: str
) -> None:
    """The tasks are unrecorded in the ledger, and not missing: their messages were processed."""
    sender.backend.mark_as_done(sent, None, Context(id=sent))
    results.flushdb()
    results.set(BEGAN_KEY, str(time.time() + 1))
    account = explain(settings, sent)
    assert (account.result, account.is_accounted_for) == ("lost", False)
    assert "the result database was emptied after it was sent" in account.sentence
    ledger = read_ledger(settings, 60.0, settle_s=0.0)
    assert [task.id for task in ledger.tasks.unrecorded] == [sent]
    assert ledger.tasks.missing == []
    assert ledger.missing_count == 1
    assert ledger.tasks.unrecorded_reason.startswith("the result database was emptied")
    (row,) = ledger.tasks.tabulate()
    assert (row["sent"], row["unrecorded"], row["missing"]) == (1, 1, 0)


def test_a_deleted_message_is_missing(settings: Settings, results: redis.Redis, sent: str) -> None:
    """The result database is whole, and would know the end."""
    results.set(BEGAN_KEY, str(time.time() - 60))
    account = explain(settings, sent)
    assert account.sentence.endswith(
        "It is missing: it has not ended, and its message is nowhere in Redis."
    )
    assert account.result == "lost"


def test_a_waiting_task_has_no_result_yet(settings: Settings, sender: Celery) -> None:
    """Its place is named."""
    with denied_join_result():
        waiting = str(sender.send_task(ECHO, ["canary"], queue="canary").id)
    account = explain(settings, waiting)
    assert account.result == "none yet"
    assert account.sentence.endswith("It has not ended: its message is waiting.")


def test_an_unreachable_result_database_is_named(settings: Settings, sent: str) -> None:
    """It is neither None nor a missing task."""
    url: Any = f"redis://127.0.0.1:{find_free_ports(1)[0]}/15"
    dead = settings.model_validate({**settings.model_dump(), "result_url": url})
    for read in (lambda: read_task(dead, sent), lambda: read_ledger(dead, 60.0)):
        with pytest.raises(UnreachableError, match=r"/15 \(RESULT_URL\) does not answer"):
            read()


def test_an_unknown_id_is_no_task(settings: Settings, results: redis.Redis) -> None:
    """A record is kept for a day."""
    account = read_task(settings, "typo")
    assert account.sentence == "typo: No record of the last day has this id."
