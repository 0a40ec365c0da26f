"""What fills Redis's memory decides which row applies."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.symptoms import redis_is_full
from securenet_obs.oncall.symptoms.redis_is_full import RedisIsFull
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

PREFIX = "celery-task-meta-full"
QUEUE = "oncall-full"
COUNT = 3_000


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


@contextmanager
def full(client: redis.Redis) -> Iterator[None]:
    """Allow no more memory than is used."""
    info: Any = client.info("memory")
    client.config_set("maxmemory", int(0.98 * info["used_memory"]))
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)


@pytest.fixture
def results(settings: Settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.results.get_secret_value()) as client:
        yield client
        client.unlink(*(f"{PREFIX}{number}" for number in range(COUNT)))


def look(settings: Settings, **options: float) -> tuple[RedisIsFull, list[Row]]:
    symptom = RedisIsFull(settings, deadline_s=0, **options)
    symptom.look()
    return symptom, [row for row in symptom.decide() if row.applies]


def fill(results: redis.Redis) -> None:
    results.mset({f"{PREFIX}{number}": "x" * 2000 for number in range(COUNT)})


def test_with_room_no_row_applies(settings: Settings) -> None:
    """And the verification passes."""
    symptom, rows = look(settings)
    assert rows == []
    assert symptom.verify_room().passed


def test_unused_results_expire(settings: Settings, results: redis.Redis) -> None:
    """Redis accepts the expiry although it is full; the confirmation is not for their number."""
    fill(results)
    with full(results):
        symptom, (row,) = look(settings, keep_s=0)
        assert row.finding == "results without expiry fill the memory"
        assert not symptom.verify_room().passed
        assert isinstance(row.step, Action)
        assert str(COUNT) not in row.step.does
        assert row.step.run() == f"{COUNT} results have an expiry now"
        assert row.step.run() == "0 results have an expiry now"
        # On a busy machine it has expired already: -2; without an expiry it is -1.
        assert results.ttl(f"{PREFIX}0") in (-2, *range(6))


def test_results_in_use_are_kept_and_the_limit_is_raised(
    settings: Settings, results: redis.Redis
) -> None:
    """There is room then, and the undo names the option."""
    fill(results)
    with full(results):
        symptom, (row,) = look(settings, keep_s=3600, raise_by=1.5)
        assert row.finding == "the limit is too low"
        assert isinstance(row.step, Action)
        assert row.step.read_state() == {"maxmemory": str(symptom.before.limit_bytes)}
        row.step.run()
        assert "CONFIG SET maxmemory" in row.step.undo
        assert symptom.verify_room().passed


def test_a_queue_is_emptied_by_its_workers(settings: Settings, results: redis.Redis) -> None:
    """The table leads to its runbook, with the queue."""
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as broker:
        # Most of the memory, whatever other tests have left in this Redis.
        info: Any = broker.info("memory")
        size = max(2000, 3 * info["used_memory"] // COUNT)
        broker.rpush(QUEUE, *("x" * size for _ in range(COUNT)))
        try:
            with full(broker):
                _, (row,) = look(settings)
        finally:
            broker.unlink(QUEUE)
    assert row.finding == "a queue fills the memory"
    assert isinstance(row.step, Manual)
    assert row.step.command == f"securenet-obs run queue_is_growing -p queue={QUEUE}"


def test_a_limit_that_the_machine_cannot_give_is_not_offered(
    settings: Settings, results: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person must find memory."""
    fill(results)
    monkeypatch.setattr(redis_is_full, "MACHINE_SHARE", 1e-6)
    with full(results):
        symptom, (row,) = look(settings)
    assert row.finding == "the machine has no more memory"
    assert isinstance(row.step, Manual)
    assert 0 < symptom.before.machine_share < 1
    assert not symptom.verify_canaries().passed, "without a worker nothing is verified"
