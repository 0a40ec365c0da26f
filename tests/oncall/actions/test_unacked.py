"""Held messages have a holder; those that nobody holds are put back, unchanged but for a mark."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from securenet_obs.drills.faults.redis_states import make_replica
from securenet_obs.drills.incidents.faults.unacked_faults import take_and_die
from securenet_obs.errors import RefusedError
from securenet_obs.oncall.actions import unacked
from securenet_obs.oncall.actions.unacked import (
    count_restarted,
    describe_messages,
    find_stuck,
    read_held,
    read_next_ids,
    restore_messages,
)
from securenet_obs.probes.celery.client import create_celery_client
from securenet_obs.settings import Settings
from tests.conftest import RedisServer
from tests.held_messages import KEYS, QUEUE, hold


@pytest.fixture
def settings(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(unacked, "_ANSWER_S", 0.05)  # there is no worker
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        client.delete(*KEYS, f"{QUEUE}\x06\x166")
        yield client
        client.delete(*KEYS, f"{QUEUE}\x06\x166", f"_kombu.binding.{QUEUE}")


def test_each_message_has_a_holder(settings: Settings, broker: redis.Redis) -> None:
    """By its lease, or by nobody; the oldest comes first."""
    broker.zadd("securenet:leases", {"alive": time.time(), "gone": time.time() - 100})
    later = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    hold(broker, "1", "alive", age_s=3, eta=later)
    hold(broker, "2", "gone", age_s=2)
    hold(broker, "3", age_s=1)
    broker.hset("unacked", "4", "no JSON")
    held, living = read_held(settings)
    assert living == 1
    assert [(row.task_id, row.holder, row.is_due) for row in held] == [
        ("id-1", "living worker", False),
        ("id-2", "dead worker", True),
        ("id-3", "nobody", True),
        ("", "nobody", True),
    ]
    assert describe_messages(held[:2]).startswith("2, the oldest for ")
    assert describe_messages([]) == "none"


def test_messages_that_nobody_holds_are_put_back(settings: Settings, broker: redis.Redis) -> None:
    """Young ones and those under a lease stay; a repetition puts none back."""
    broker.zadd("securenet:leases", {"alive": time.time()})
    hold(broker, "old", age_s=100)
    hold(broker, "young")
    hold(broker, "owned", "alive", age_s=100)
    broker.hset("unacked", "broken", "no JSON")
    action = restore_messages(settings, 60)
    assert action.run().startswith("1 messages")
    assert action.run().startswith("0 messages")
    (message,) = (json.loads(row) for row in broker.lrange(QUEUE, 0, -1))
    assert message["headers"] == {
        "id": "id-old",
        "task": "a.task",
        "eta": None,
        "redelivered": True,
    }
    assert read_next_ids(settings, [QUEUE]) == {"id-old"}
    assert {tag.decode() for tag in broker.hkeys("unacked")} == {"young", "owned", "broken"}


@pytest.mark.slow
def test_a_message_of_a_consumer_that_died_goes_to_its_queue(
    settings: Settings, broker: redis.Redis
) -> None:
    """Celery's own messages name an exchange, and have a priority."""
    app = create_celery_client(settings)
    app.conf.broker_transport_options = {"queue_order_strategy": "priority"}
    app.send_task("a.task", task_id="real", queue=QUEUE, priority=7)
    take_and_die(settings.redis_url.get_secret_value(), QUEUE, 1)
    (stuck,) = find_stuck(read_held(settings)[0], 0)
    assert (stuck.task_id, stuck.queue) == ("real", QUEUE)
    assert restore_messages(settings, 0).run().startswith("1 messages")
    assert (broker.llen(f"{QUEUE}\x06\x166"), broker.hlen("unacked")) == (1, 0)


def test_a_task_that_began_again_is_counted(settings: Settings, broker: redis.Redis) -> None:
    """It may have killed its worker."""
    hold(broker, "1", age_s=100)
    hold(broker, "2", age_s=100)
    held, _ = read_held(settings)
    key = "securenet:starts:id-1"
    with redis.Redis.from_url(settings.results.get_secret_value()) as results:
        assert count_restarted(settings, held) == 0
        results.set(key, 1, ex=5)
        assert count_restarted(settings, held) == 1
        results.delete(key)
    assert count_restarted(settings, []) == 0


def test_a_redis_that_refuses_writes_has_no_dead_workers(
    settings: Settings, broker: redis.Redis
) -> None:
    """Leases expire there, since no worker can renew its own."""
    hold(broker, "t1", "gone", age_s=100)
    with make_replica(broker), pytest.raises(RefusedError, match="READONLY"):
        read_held(settings)
