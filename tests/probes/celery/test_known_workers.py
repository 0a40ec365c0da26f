"""Known workers: one without an answer is known by its control queue, or by its name."""

from collections.abc import Iterator

import pytest
import redis

from securenet_obs.probes.celery import known_workers
from securenet_obs.probes.celery.known_workers import (
    KnownWorker,
    ask_known_workers,
    describe_silence,
)
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

BINDING = "_kombu.binding.celery.pidbox"


@pytest.fixture
def settings(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setattr(known_workers, "ANSWER_S", 0.2)
    found = Settings(**{name.lower(): value for name, value in redis_server.environment.items()})
    with redis.Redis.from_url(found.redis_url.get_secret_value()) as client:
        client.sadd(BINDING, "\x06\x16\x06\x16worker@gone.celery.pidbox")
        yield found
        client.delete(BINDING)


@pytest.mark.parametrize("name", ["worker@gone", "worker@elsewhere"])
def test_a_named_worker_is_asked_alone(settings: Settings, name: str) -> None:
    """Whether or not Redis knows it."""
    assert ask_known_workers(settings, name) == [KnownWorker(name, False)]


def test_a_control_queue_makes_a_worker_known(settings: Settings) -> None:
    """A worker that was killed leaves it."""
    assert ask_known_workers(settings) == [KnownWorker("worker@gone", False)]


def test_the_silence_of_every_worker_is_described(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one that answers there is none, nor for a target whose Redis is not named."""
    assert describe_silence(settings) == "no worker answers, not worker@gone"
    assert describe_silence(Settings()) == ""
    unreachable = Settings(redis_url="redis://127.0.0.1:1/0")
    assert "127.0.0.1:1" in describe_silence(unreachable)
    known = [KnownWorker("worker@gone", False), KnownWorker("worker@here", True)]
    monkeypatch.setattr(known_workers, "ask_known_workers", lambda _: known)
    assert describe_silence(settings) == ""
