"""Faults of Redis for runbooks are there in their block, and gone after it."""

import redis

from securenet_obs.drills.incidents.redis_faults import make_replica
from securenet_obs.stack import LocalStack


def test_a_replica_is_a_master_after_the_block(stack: LocalStack) -> None:
    """Also if no runbook has promoted it."""
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        with make_replica(stack):
            assert client.role()[0] == b"slave"
        assert client.role()[0] == b"master"
