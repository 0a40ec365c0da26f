"""Faults of Redis for runbooks: it refuses writes, or its memory is full."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from securenet_obs.drills.faults.redis_states import hold_state
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.workers.names import RESULT_PREFIX

_RESULTS = 4_000
_RESULT_BYTES = 2_000
_OVERFULL = 0.98


@contextmanager
def make_replica(stack: LocalStack) -> Iterator[None]:
    """Make Redis a replica of a master that does not answer; a master after the block."""
    with hold_state(stack, "READONLY"):
        yield


@contextmanager
def fill_with_results(stack: LocalStack) -> Iterator[None]:
    """Fill the memory with results that never expire, as of a client without `result_expires`."""
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as client:
        results = {f"{RESULT_PREFIX}{uuid.uuid4()}": _make_result() for _ in range(_RESULTS)}
        client.mset(results)
        info: Any = client.info("memory")
        limit: Any = client.config_get("maxmemory")
        # Less than is used, so that Redis stays full when a client closes its buffers.
        client.config_set("maxmemory", int(_OVERFULL * info["used_memory"]))
        try:
            yield
        finally:
            client.config_set("maxmemory", limit["maxmemory"])
            client.unlink(*results)


def _make_result() -> str:
    return json.dumps({"status": "SUCCESS", "result": "x" * _RESULT_BYTES, "children": []})
