"""The holders of the messages in flight decide which row applies."""

import time
from collections.abc import Iterator

import pytest
import redis

from securenet_obs.oncall.actions import unacked
from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.oncall.symptoms.tasks_are_stuck_unacked import TasksAreStuckUnacked
from securenet_obs.settings import Settings
from tests.conftest import RedisServer
from tests.oncall.actions.test_unacked import KEYS, QUEUE, hold


@pytest.fixture
def settings(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(unacked, "_ANSWER_S", 0.05)  # there is no worker
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        client.delete(*KEYS)
        client.zadd("securenet:leases", {"alive": time.time(), "gone": time.time() - 100})
        yield client
        client.delete(*KEYS)


def test_messages_in_flight_are_normal(settings: Settings, broker: redis.Redis) -> None:
    """A living worker's, and one that was delivered a moment ago."""
    hold(broker, "1", "alive", age_s=600)
    hold(broker, "2")
    symptom = TasksAreStuckUnacked(settings)
    assert list(symptom.look()["holder"]) == ["living worker", "nobody"]
    assert [row for row in symptom.decide() if row.applies] == []
    assert symptom.restarted() == 0
    assert symptom.verify_none_stuck().passed
    assert symptom.verify_taken().passed


@pytest.mark.parametrize(
    ("owner", "age_s", "leases", "finding", "step"),
    [
        ("", 100, True, "messages are held by nobody", "restore_messages"),
        (
            "gone",
            100,
            True,
            "a dead worker's messages wait for their restoration",
            "sleep 60; securenet-obs run tasks_are_stuck_unacked",
        ),
        (
            "gone",
            100,
            False,
            "no worker is alive to restore messages",
            "securenet-obs run worker_is_gone",
        ),
        (
            "alive",
            4000,
            True,
            "a living worker does not finish its messages",
            "securenet-obs run worker_answers_but_does_nothing",
        ),
    ],
)
def test_a_holder_has_one_row(
    settings: Settings,
    broker: redis.Redis,
    owner: str,
    age_s: float,
    leases: bool,
    finding: str,
    step: str,
) -> None:
    """Only what nobody holds is put back."""
    hold(broker, "1", owner, age_s=age_s)
    if not leases:
        broker.delete("securenet:leases")
    symptom = TasksAreStuckUnacked(settings)
    symptom.look()
    (row,) = (row for row in symptom.decide() if row.applies)
    assert row.finding == finding
    assert row.step is not None
    assert (row.step.command if isinstance(row.step, Manual) else row.step.name) == step


def test_a_message_that_waits_again_is_not_taken(settings: Settings, broker: redis.Redis) -> None:
    """Without a worker of its queue, putting it back is not enough."""
    hold(broker, "1", age_s=100)
    symptom = TasksAreStuckUnacked(settings, deadline_s=0)
    symptom.look()
    (row,) = (row for row in symptom.decide() if row.applies)
    assert not symptom.verify_none_stuck().passed
    assert isinstance(row.step, Action)
    row.step.run()
    assert symptom.verify_none_stuck().passed
    assert not symptom.verify_taken().passed
    assert broker.llen(QUEUE) == 1
