"""The balance of tasks: every task has one outcome, and lost messages are named."""

import json
import random
import time
from typing import Any

import pytest
import redis
from celery import Celery
from celery.result import denied_join_result

from securenet_obs.probes.ledger import places, tasks
from securenet_obs.probes.ledger.balance import read_ledger
from securenet_obs.probes.ledger.tasks import COLUMNS, TaskBalance
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import TASKS
from securenet_obs.workers.publishing import Call, publish_many

ECHO = f"{TASKS}.echo_canary"


def send(sender: Celery, **options: Any) -> str:
    with denied_join_result():
        return str(sender.send_task(ECHO, ["canary"], **{"queue": "canary", **options}).id)


def read(settings: Settings, period_s: float = 60.0, settle_s: float = 0.0) -> TaskBalance:
    return read_ledger(settings, period_s, settle_s).tasks


@pytest.mark.slow
def test_three_of_ten_thousand_deleted_messages_are_named(
    settings: Settings, sender: Celery, broker: redis.Redis
) -> None:
    """The rest waits; nothing else is named."""

    @sender.task(name=ECHO)
    def echo(canary: str) -> None:
        """Never run."""

    publish_many(echo, (Call(("canary",)) for _ in range(10_000)))
    messages: Any = broker.lrange("canary", 0, -1)
    assert len(messages) == 10_000
    deleted = random.Random(1).sample(messages, 3)
    assert [broker.lrem("canary", 1, message) for message in deleted] == [1, 1, 1]
    # On a busy machine it takes more than a minute to send them.
    ledger = read(settings, period_s=3600)
    ids = {json.loads(message)["headers"]["id"] for message in deleted}
    assert {task.id for task in ledger.missing} == ids
    (row,) = ledger.tabulate()
    assert (row["sent"], row["waiting"], row["missing"]) == (10_000, 9_997, 3)


def test_each_outcome_is_counted_once(
    settings: Settings, sender: Celery, broker: redis.Redis
) -> None:
    """The columns add up, by queue and task."""
    sent = [send(sender) for _ in range(7)]
    later = send(sender, countdown=600)
    other = send(sender, queue="logs", priority=9)
    messages: Any = {
        json.loads(message)["headers"]["id"]: message for message in broker.lrange("canary", 0, -1)
    }
    for task_id in sent[:5]:
        broker.lrem("canary", 1, messages[task_id])
    for task_id in (later, sent[5]):
        broker.lrem("canary", 1, messages[task_id])
        held = json.dumps([json.loads(messages[task_id]), "", "canary"])
        broker.hset("unacked", task_id, held)
    for task_id, state in zip(sent, ("SUCCESS", "FAILURE", "REVOKED", "RETRY"), strict=False):
        sender.backend.store_result(task_id, None, state)
    expected = {"done": 1, "dead": 1, "expired": 1, "missing": 2, "in flight": 1, "scheduled": 1}
    expected["waiting"] = 1
    ledger = read(settings)
    canary, logs = ledger.tabulate()
    assert canary == {
        "queue": "canary",
        "task": ECHO,
        "sent": 8,
        "waiting": 1,
        "unrecorded": 0,
        **expected,
    }
    assert (logs["queue"], logs["sent"], logs["waiting"]) == ("logs", 1, 1)
    assert ledger.outcomes[other] == "waiting"
    assert all(sum(row[name] for name in COLUMNS[1:]) == row["sent"] for row in (canary, logs))
    assert [task.id for task in ledger.missing] == sent[3:5]


def test_a_dead_letter_that_was_sent_again_waits(settings: Settings, sender: Celery) -> None:
    """A success stays one, although its message was sent once more."""
    dead, done = send(sender), send(sender)
    sender.backend.store_result(dead, None, "FAILURE")
    sender.backend.store_result(done, None, "SUCCESS")
    outcomes = read(settings).outcomes
    assert outcomes == {dead: "waiting", done: "done"}


def test_a_message_on_its_way_is_not_missing(
    settings: Settings, sender: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has taken it and not recorded it yet: the ledger looks again."""
    task_id = send(sender)
    looks: list[object] = []

    def miss_once(*arguments: Any) -> Any:
        looks.append(arguments)
        return places.find_places(*arguments) if looks[1:] else {}

    monkeypatch.setattr(tasks, "find_places", miss_once)
    assert read(settings, settle_s=3.0).outcomes == {task_id: "waiting"}
    assert len(looks) == 2


def test_only_the_period_counts(settings: Settings, sender: Celery) -> None:
    """An older task is left out; the ledger names the time of its first record."""
    send(sender)
    began = time.time()
    ledger = read(settings, 3600.0)
    assert began - 60 < ledger.begins_at <= began
    time.sleep(0.05)
    assert read(settings, 0.02).tabulate() == []
