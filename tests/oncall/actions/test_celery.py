"""Actions on Celery: expired tasks are shed, all others stay; a pool's worker must answer."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import redis

from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.celery import count_expired, grow_pool, shed_expired
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

QUEUE = "oncall-shed"


def message(number: int, expires: object) -> str:
    return json.dumps({"body": number, "headers": {"expires": expires}})


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


def test_expired_tasks_alone_are_shed(settings: Settings) -> None:
    """A time without a zone is in UTC; a message without a readable time stays."""
    past, future = (
        (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat() for seconds in (-60, 60)
    )
    naive = (datetime.now(UTC) - timedelta(seconds=60)).replace(tzinfo=None).isoformat()
    kept = [message(1, future), message(2, None), "no JSON", message(3, "soon")]
    expired = [message(10 + number, past) for number in range(600)] + [message(4, naive)]
    with redis.Redis.from_url(settings.redis_url.get_secret_value()) as client:
        client.delete(QUEUE)
        client.rpush(QUEUE, *kept[:2], *expired, *kept[2:])
        action = shed_expired(settings, QUEUE, count_expired(settings, QUEUE))
        assert "601 when it was read" in action.does
        assert action.run().startswith("601 expired tasks")
        assert action.run().startswith("0 expired tasks")
        left = client.lrange(QUEUE, 0, -1)
        client.delete(QUEUE)
    assert [row.decode() for row in left] == kept


def test_a_pool_of_a_worker_that_does_not_answer_cannot_grow(settings: Settings) -> None:
    """Neither the dry run nor the action pretends to know it."""
    action = grow_pool(settings, "worker@nowhere", 1, 3)
    assert action.does == "grow the pool of worker@nowhere from 1 to 3 processes"
    for call in (action.read_state, action.run):
        with pytest.raises(ActionError, match="worker@nowhere does not answer"):
            call()
