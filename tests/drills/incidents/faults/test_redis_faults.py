"""Faults of Redis for runbooks are there in their block, and gone after it."""

from typing import Any

import pytest
import redis

from securenet_obs.drills.incidents.faults.redis_faults import (
    evict_scans,
    fill_with_results,
    make_replica,
)
from securenet_obs.probes.ledger.balance import read_ledger
from securenet_obs.settings import Settings
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


@pytest.mark.slow
def test_evicted_scans_leave_no_trace_after_the_block(stack: LocalStack) -> None:
    """The ledger misses them in the block alone; the worker consumes its queue again."""
    settings = Settings(
        redis_url=stack.environment["REDIS_URL"], result_url=stack.environment["RESULT_URL"]
    )

    def count_missing(**settle: float) -> int:
        # A canary of another test may be missing, too: its worker was restarted before it came.
        missing = read_ledger(settings, 60, **settle).tasks.missing
        return sum(task.queue == "scans" for task in missing)

    with evict_scans(stack):
        assert count_missing(settle_s=0) > 0
    assert count_missing() == 0
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        info: Any = client.info()
        assert (info["maxmemory_policy"], info["evicted_keys"]) == ("noeviction", 0)
    assert "scans" in str(stack.parts["worker"].command)
