"""Records of the ledger: each sent task in the broker's database, each ended one in the results'.

A record is part of the round trip that it belongs to: it is written with the message, or not at
all, and with the result. Both are streams, bounded by number and by age.
"""

import time
from collections.abc import Mapping
from typing import Any

from redis import Redis

from securenet_obs.monitoring.metrics.ledger import trim_events
from securenet_obs.workers.names import LEDGER_ENDED_KEY, LEDGER_SENT_KEY

MAX_RECORDS = 1_000_000
"""Maximum number of records of each kind; Redis may keep a few more."""

MAX_AGE_S = 24 * 3600
"""Seconds for which records are kept; `trim_records` applies it."""

_ADD = f"redis.call('XADD', '{LEDGER_ENDED_KEY}', 'MAXLEN', '~', {MAX_RECORDS}, '*',"

ADD_ENDED = f"""
{_ADD} 'id', ARGV[4], 'state', ARGV[5])
"""
"""Part of a script that records an end: id of the task in ARGV[4], its state in ARGV[5]."""

ADD_IGNORED = f"""
{_ADD} 'id', ARGV[4], 'state', ARGV[5], 'result', 'ignored')
"""
"""The same for a task that was sent to store no result."""


def add_sent(pipe: Any, queue: str, message: Mapping[str, Any]) -> None:
    """Add the record of a message to a pipeline; a message that is not a task has none."""
    headers = message["headers"]
    if "task" in headers and "id" in headers:
        record = {"id": headers["id"], "task": headers["task"], "queue": queue}
        pipe.xadd(LEDGER_SENT_KEY, record, maxlen=MAX_RECORDS, approximate=True)


def trim_records(broker: Redis, results: Redis) -> None:
    """Delete the records that are older than `MAX_AGE_S`.

    Raises:
        RedisError, OSError: Redis did not do it; the next call does.
    """
    oldest = f"{int((time.time() - MAX_AGE_S) * 1e3)}-0"
    broker.xtrim(LEDGER_SENT_KEY, minid=oldest, approximate=False)
    results.xtrim(LEDGER_ENDED_KEY, minid=oldest, approximate=False)
    trim_events(results, MAX_AGE_S)
