"""Faults of Redis are gone after their block."""

import redis

from securenet_obs.drills.doubt.broker import change_setting, hold_message, keep_result
from securenet_obs.stack import LocalStack
from securenet_obs.workers.names import UNACKED_INDEX_KEY


def test_redis_is_as_before(stack: LocalStack) -> None:
    """Setting, held message and endless result are there in the block alone."""
    with (
        redis.Redis.from_url(stack.environment["REDIS_URL"]) as broker,
        redis.Redis.from_url(stack.environment["RESULT_URL"]) as results,
    ):

        def read() -> tuple[str, int, int]:
            policy = broker.config_get("maxmemory-policy")["maxmemory-policy"]
            ends = results.ttl("celery-task-meta-for-ever")
            return policy, broker.zcard(UNACKED_INDEX_KEY), ends

        policy, held, _ = read()
        setting = change_setting(stack, "maxmemory-policy", "allkeys-lru")
        with setting, hold_message(stack), keep_result(stack):
            assert read() == ("allkeys-lru", held + 1, -1)
        assert read() == (policy, held, -2)
