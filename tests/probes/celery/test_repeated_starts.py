"""A task is repeated if it has many unfinished starts, and a message that is left."""

import json
from collections.abc import Iterator

import pytest
import redis

from securenet_obs.probes.celery import repeated_starts
from securenet_obs.probes.celery.repeated_starts import (
    RepeatedTask,
    count_starts,
    find_repeated_tasks,
)
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

STARTS = "securenet:starts:{}"


def message(task_id: str) -> dict[str, object]:
    """Return a message as Celery writes it."""
    return {"headers": {"id": task_id, "task": "scan", "securenet_tenant_id": "acme"}}


@pytest.fixture
def settings(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Yield the settings of a Redis with one task in flight, one that waits, and one that ended."""
    monkeypatch.setattr(repeated_starts, "WATCH_S", 0.3)
    found = Settings(**{name.lower(): value for name, value in redis_server.environment.items()})
    broker = redis.Redis.from_url(found.redis_url.get_secret_value())
    results = redis.Redis.from_url(found.results.get_secret_value())
    with broker, results:
        broker.delete("unacked", "poisoned")  # an earlier test may have left some
        for task_id, redelivered in (("held", 4), ("waits", 2), ("twice", 1), ("ended", 9)):
            results.set(STARTS.format(task_id), redelivered)
        broker.hset("unacked", "tag", json.dumps([message("held"), "", "logs"]))
        broker.hset("unacked", "broken", b"\xff[")
        broker.rpush("poisoned", json.dumps(message("waits")), json.dumps(message("twice")))
        yield found
        broker.delete("unacked", "poisoned")
        results.delete(*results.keys(STARTS.format("*")))


def test_those_with_a_message_are_found(settings: Settings) -> None:
    """The count is that of redeliveries; the first start is added."""
    assert find_repeated_tasks(settings, ["poisoned"], 3) == [
        RepeatedTask("held", "scan", 5, "acme", "in flight"),
        RepeatedTask("waits", "scan", 3, "acme", "poisoned"),
    ]


def test_a_message_that_a_worker_takes_is_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the queue and the messages in flight it is nowhere."""
    samples = iter([[], [("in flight", message("held")["headers"])]])
    monkeypatch.setattr(repeated_starts, "_read_messages", lambda *_: next(samples, []))
    (found,) = find_repeated_tasks(settings, ["poisoned"], 3)
    assert found.task_id == "held"


def test_the_starts_of_one_task(settings: Settings) -> None:
    """A task without redelivery has no count."""
    assert (count_starts(settings, "held"), count_starts(settings, "other")) == (5, 0)
