"""Each state of Redis refuses what it must, and is gone afterwards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.workers.refusals import name_refusal
from tests.workers.test_refusals import ANSWERS

NAMES = {"MASTERDOWN": "READONLY", "WRONGPASS": "NOAUTH or WRONGPASS"}
"""State -> the name of the answer to a write, where it is another."""


@pytest.fixture
def admin(redis_server: Any) -> Iterator[redis.Redis]:
    """Yield a client with one connection, which every state leaves open."""
    with redis.Redis.from_url(
        redis_server.environment["REDIS_URL"], decode_responses=True, single_connection_client=True
    ) as client:
        client.ping()
        yield client


@pytest.mark.parametrize("state", STATES)
def test_a_state_refuses_a_write_and_passes(
    redis_server: Any, admin: redis.Redis, state: str
) -> None:
    """Redis answers with the state's code, and accepts the write afterwards."""
    before = admin.config_get("*")
    url = redis_server.environment["REDIS_URL"]
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        with STATES[state](admin), pytest.raises(redis.RedisError) as refused:
            client.set("state-test", 1, ex=5)
        assert name_refusal(refused.value) == NAMES.get(state, state)
        assert client.set("state-test", 1, ex=5)
    assert admin.config_get("*") == before
    assert not Path(before["dir"], before["dbfilename"]).is_dir()
    assert NAMES.get(state, state) in ANSWERS.values()
