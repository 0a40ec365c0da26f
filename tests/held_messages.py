"""Records a message in Redis as taken and not acknowledged."""

import json
import time
from typing import Any

import redis

from securenet_obs.workers.names import UNACKED_INDEX_KEY, UNACKED_KEY

QUEUE = "held-messages"
KEYS = (UNACKED_KEY, UNACKED_INDEX_KEY, "securenet:held", "securenet:leases", QUEUE)
"""Keys of held messages, and their queue."""


def hold(
    broker: redis.Redis, tag: str, owner: str = "", age_s: float = 0.0, eta: str | None = None
) -> None:
    """Record a held message."""
    message: dict[str, Any] = {
        "headers": {"id": f"id-{tag}", "task": "a.task", "eta": eta},
        "properties": {"delivery_info": {}, "priority": 0},
    }
    broker.hset(UNACKED_KEY, tag, json.dumps([message, "", QUEUE]))
    broker.zadd(UNACKED_INDEX_KEY, {tag: time.time() - age_s})
    if owner:
        broker.hset("securenet:held", tag, owner)
