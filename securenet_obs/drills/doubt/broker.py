"""Faults of Redis: settings and contents that lose tasks; restored after a block."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.workers.names import UNACKED_INDEX_KEY

_HELD_S = 1800
"""Seconds: longer than any task may run, and too short for a worker to restore the message."""

_DELIVERY = "a-delivery"
_ENDLESS = "celery-task-meta-for-ever"


@contextmanager
def change_setting(stack: LocalStack, name: str, value: str) -> Iterator[None]:
    """Change a setting of the stack's Redis for a block."""
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        before = client.config_get(name)[name]
        client.config_set(name, value)
        try:
            yield
        finally:
            client.config_set(name, before)


@contextmanager
def hold_message(stack: LocalStack) -> Iterator[None]:
    """Let a message be held for longer than any task may run."""
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        client.zadd(UNACKED_INDEX_KEY, {_DELIVERY: time.time() - _HELD_S})
        try:
            yield
        finally:
            client.zrem(UNACKED_INDEX_KEY, _DELIVERY)


@contextmanager
def keep_result(stack: LocalStack, url: str = "") -> Iterator[None]:
    """Store a result without a TTL, in the stack's result database or another."""
    with redis.Redis.from_url(url or stack.environment["RESULT_URL"]) as client:
        client.set(_ENDLESS, "{}")
        try:
            yield
        finally:
            client.delete(_ENDLESS)
