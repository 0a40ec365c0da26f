"""Workers are known by their control queues in Redis, or by the alert."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.symptoms import worker_is_gone as module
from securenet_obs.oncall.symptoms.worker_is_gone import WorkerIsGone
from securenet_obs.probes.celery.known_workers import KnownWorker
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

BINDING = "_kombu.binding.celery.pidbox"


@pytest.fixture
def settings(redis_server: RedisServer) -> Iterator[Settings]:
    found = Settings(**{name.lower(): value for name, value in redis_server.environment.items()})
    yield found
    with redis.Redis.from_url(found.redis_url.get_secret_value()) as client:
        client.delete(BINDING)


def test_a_worker_with_a_control_queue_is_known(settings: Settings) -> None:
    """It does not answer: its row applies, with the restart as a manual step."""
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        client.sadd(BINDING, "\x06\x16\x06\x16worker@gone.celery.pidbox")
    symptom = WorkerIsGone(settings)
    assert symptom.look().to_dict("records") == [
        {"worker": "worker@gone", "answers": False, "queues": []}
    ]
    row, idle, stopped = symptom.decide()
    assert (row.finding, row.applies) == ("worker@gone is gone", True)
    assert not idle.applies
    assert not stopped.applies
    assert isinstance(row.step, Manual)
    assert row.step.command == "restart_worker worker=worker@gone"
    assert symptom.verify_answers().observed == "no answer: worker@gone"


@pytest.mark.slow
def test_without_any_worker_one_must_be_started(settings: Settings) -> None:
    """The only row says so, and nothing is verified."""
    symptom = WorkerIsGone(settings)
    assert symptom.look().empty
    (row,) = symptom.decide()
    assert (row.finding, row.applies) == ("no worker is known", True)
    assert not symptom.verify_answers().passed
    assert not symptom.verify_canaries().passed


def test_each_of_several_workers_that_are_gone_has_a_step(
    settings: Settings, tmp_path: Path
) -> None:
    """The rows name the newest error of the logs, by which they ended."""
    (tmp_path / "worker.log").write_text("Unrecoverable error: KeyError('x')\n")
    settings = settings.model_copy(update={"log_source": str(tmp_path)})
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        for name in ("a", "b"):
            client.sadd(BINDING, f"\x06\x16\x06\x16worker@{name}.celery.pidbox")
    symptom = WorkerIsGone(settings)
    symptom.look()
    *gone, _, _ = symptom.decide()
    steps = [row.step for row in gone if row.applies]
    assert [step.command for step in steps if isinstance(step, Manual)] == [
        "restart_worker worker=worker@a",
        "restart_worker worker=worker@b",
    ]
    assert "Unrecoverable error: KeyError" in gone[0].why


def test_a_worker_that_consumes_nothing_is_not_gone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second worker would leave it idle: the row leads to its own runbook."""
    idle = KnownWorker("worker@idle", answers=True, queues=())
    monkeypatch.setattr(module, "ask_known_workers", lambda *_: [idle])
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        client.lpush("logs", "a message")
        symptom = WorkerIsGone(settings)
        symptom.look()
        (applying,) = [row for row in symptom.decide() if row.applies]
        client.delete("logs")
    assert isinstance(applying.step, Manual)
    assert applying.step.command == "securenet-obs run worker_answers_but_does_nothing"
