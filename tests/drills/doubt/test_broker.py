"""Faults of Redis are gone after their block."""

import time

import redis

from securenet_obs.drills.doubt.broker import change_setting, hold_message, keep_result
from securenet_obs.stack import LocalStack
from securenet_obs.workers.names import UNACKED_INDEX_KEY

LONG_S = 1000
"""Seconds: no message of another test, which the workers of this stack still hold, is as old."""


def test_redis_is_as_before(stack: LocalStack) -> None:
    """Setting, held message and endless result are there in the block alone."""
    with (
        redis.Redis.from_url(stack.environment["REDIS_URL"]) as broker,
        redis.Redis.from_url(stack.environment["RESULT_URL"]) as results,
    ):

        def read() -> tuple[str, int, int]:
            policy = broker.config_get("maxmemory-policy")["maxmemory-policy"]
            ends = results.ttl("celery-task-meta-for-ever")
            held = broker.zcount(UNACKED_INDEX_KEY, "-inf", time.time() - LONG_S)
            return policy, held, ends

        policy, *_ = read()
        setting = change_setting(stack, "maxmemory-policy", "allkeys-lru")
        with setting, hold_message(stack), keep_result(stack):
            assert read() == ("allkeys-lru", 1, -1)
        assert read() == (policy, 0, -2)
