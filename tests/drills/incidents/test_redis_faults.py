"""Faults of Redis for runbooks are there in their block, and gone after it."""

import pytest
import redis

from securenet_obs.drills.incidents.redis_faults import fill_with_results, make_replica
from securenet_obs.stack import LocalStack


def test_a_replica_is_a_master_after_the_block(stack: LocalStack) -> None:
    """Also if no runbook has promoted it."""
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        with make_replica(stack):
            assert client.role()[0] == b"slave"
        assert client.role()[0] == b"master"


def test_a_filled_memory_is_emptied_after_the_block(stack: LocalStack) -> None:
    """The results and the limit are gone."""
    with redis.Redis.from_url(stack.environment["RESULT_URL"], decode_responses=True) as client:
        keys, limit = client.dbsize(), client.config_get("maxmemory")
        with fill_with_results(stack), pytest.raises(redis.exceptions.OutOfMemoryError):
            client.set("incident-test", 1)
        assert client.dbsize() < keys + 100
        assert client.config_get("maxmemory") == limit
