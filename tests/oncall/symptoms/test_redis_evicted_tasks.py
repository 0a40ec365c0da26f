"""The policy, the evictions and the ledger decide which row applies."""

from collections.abc import Iterator

import pytest
import redis

from securenet_obs.drills.incidents.faults.redis_faults import evict
from securenet_obs.oncall.actions.step import Action, Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.symptoms.redis_evicted_tasks import RedisEvictedTasks
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

SENT = "securenet:ledger:sent"
QUEUE = "oncall-evicted"


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        client.delete(SENT)
        yield client
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory-samples", 5)
        client.config_resetstat()
        client.delete(SENT)


def lose(broker: redis.Redis, *tasks: str) -> None:
    """Record tasks, and let Redis evict their queue."""
    for task in tasks:
        name = f"securenet_obs.workers.tasks.{task}"
        broker.xadd(SENT, {"id": f"lost-{task}", "task": name, "queue": QUEUE})
    broker.rpush(QUEUE, *("x" * 1000 for _ in range(100)))
    evict(broker, QUEUE)


def look(settings: Settings) -> tuple[RedisEvictedTasks, list[Row]]:
    symptom = RedisEvictedTasks(settings, period_s=60, window_s=0.1, deadline_s=0)
    symptom.look()
    return symptom, [row for row in symptom.decide() if row.applies]


def test_without_evictions_no_row_applies(settings: Settings, broker: redis.Redis) -> None:
    """And the verification passes."""
    symptom, rows = look(settings)
    assert (rows, symptom.lost().empty) == ([], True)
    assert symptom.verify_policy().passed
    assert symptom.verify_lost().passed


def test_a_policy_that_evicts_is_set(settings: Settings, broker: redis.Redis) -> None:
    """Also before anything was evicted."""
    broker.config_set("maxmemory-policy", "allkeys-lru")
    symptom, (row,) = look(settings)
    assert row.finding == "Redis may evict tasks"
    assert not symptom.verify_policy().passed
    assert isinstance(row.step, Action)
    assert row.step.run() == "maxmemory-policy was allkeys-lru, is noeviction"
    assert symptom.verify_policy().passed


def test_lost_tasks_are_named(settings: Settings, broker: redis.Redis) -> None:
    """What a dispatcher sent is sent again by it; the rest is for its sender."""
    lose(broker, "run_vulnerability_scan", "process_log_range")
    symptom, (evicted, others) = look(settings)
    assert evicted.finding == "tasks were evicted"
    assert "lost: 1 process_log_range, 1 run_vulnerability_scan" in evicted.why
    assert isinstance(evicted.step, Action)
    assert others.finding == "tasks were evicted that only their sender can send again"
    assert isinstance(others.step, Manual)
    assert "lost-process_log_range" in others.why
    assert list(symptom.lost()["sent_again_by"]) == ["dispatch_vulnerability_scans", "its sender"]
    assert not symptom.verify_lost().passed
