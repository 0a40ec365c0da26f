"""Adds a process's ledger of log lines and error events to Redis, each increment exactly once.

Counts are kept by slices of ten seconds, in a hash for each hour, so that those of any period can
be summed. An addition without confirmation is repeated, and Redis applies it once.
"""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from redis import Redis

from securenet_obs.monitoring.logs.output.line_output import take_line_counts
from securenet_obs.monitoring.sentry.client import event_outcomes
from securenet_obs.monitoring.sentry.delivery.event_outcomes import EventIncrements
from securenet_obs.monitoring.slices import Counts
from securenet_obs.processes.lazy import lazy_property

COUNTS_KEY = "securenet:ledger:counts:"
"""Start of the key of an hour's hash, as `2026-11-26T21`: JSON of kind, slice, service, outcome
-> number."""

UNANSWERED_KEY = "securenet:ledger:unanswered"
"""Hash: id of an event that Sentry has not answered -> JSON of its service, the Unix seconds of its
capture, and those when its process was last alive, by the clock of Redis."""

DROPPED_KEY = "securenet:ledger:dropped"
"""Stream: id, service and reason of each event that was dropped."""

BEGAN_KEY = "securenet:ledger:began"
"""Unix seconds since which the result database has kept records: it was empty before."""

BATCH_KEY = "securenet:ledger:batch:"
"""Start of the key with the number of the last addition of a process."""

MAX_AGE_S = 25 * 3600
"""Seconds for which counts are kept, a day and the hour that a hash spans."""

MAX_DROPPED = 100_000
"""Maximum number of records of dropped events; Redis may keep a few more."""

_HOUR_CHARACTERS = 13
_BATCH_AGE_S = 3600

_ADD = f"""
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
redis.call('SET', '{BEGAN_KEY}', string.format('%.3f', now), 'NX')
if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', {_BATCH_AGE_S})
local batch = cjson.decode(ARGV[2])
for _, each in ipairs(batch.counts) do
  redis.call('HINCRBY', each[1], each[2], each[3])
  redis.call('EXPIRE', each[1], {MAX_AGE_S})
end
for _, each in ipairs(batch.answered) do redis.call('HDEL', '{UNANSWERED_KEY}', each) end
for _, each in ipairs(batch.unanswered) do
  local state = cjson.encode({{service=batch.service, captured_at=each[2], alive_at=now}})
  redis.call('HSET', '{UNANSWERED_KEY}', each[1], state)
end
for _, each in ipairs(batch.dropped) do
  redis.call('XADD', '{DROPPED_KEY}', 'MAXLEN', '~', {MAX_DROPPED}, '*',
    'id', each[1], 'reason', each[2], 'service', batch.service)
end
return 1
"""


def trim_events(client: Redis, max_age_s: float) -> None:
    """Delete the records of events that were dropped or captured longer ago than `max_age_s`.

    Raises:
        RedisError, OSError: Redis did not do it.
    """
    oldest = time.time() - max_age_s
    client.xtrim(DROPPED_KEY, minid=f"{int(oldest * 1e3)}-0", approximate=False)
    stored: Any = client.hgetall(UNANSWERED_KEY)
    old = [name for name, text in stored.items() if json.loads(text)["captured_at"] < oldest]
    if old:
        client.hdel(UNANSWERED_KEY, *old)


class LedgerRecorder:
    """Recorder of one process; a forked child needs its own.

    Args:
        client: client of the result database.
        service: name of the process, as in its log lines.
    """

    def __init__(self, client: Redis, service: str) -> None:
        self._client = client
        self._service = service
        self._key = f"{BATCH_KEY}{uuid.uuid4().hex}"
        self._number = 0
        self._unsent: str | None = None

    @lazy_property
    def _add(self) -> Any:
        return self._client.register_script(_ADD)

    def record(self) -> None:
        """Add the outcomes since the last call; those of a failed call are added first.

        Raises:
            RedisError, OSError: Redis did not confirm it; the next call repeats it.
        """
        if self._unsent is not None:
            self._send(self._unsent)
        self._send(self._take())

    def _send(self, batch: str) -> None:
        self._unsent = batch
        self._add(keys=[self._key], args=[self._number, batch])
        self._unsent = None
        self._number += 1

    def _take(self) -> str:
        """Return the outcomes since the last call, as the JSON that the script reads."""
        outcomes = event_outcomes()
        events = outcomes.take() if outcomes else EventIncrements({}, [], {}, [])
        counts = (
            *self._name_counts("lines", take_line_counts()),
            *self._name_counts("events", events.counts),
        )
        return json.dumps(
            {
                "service": self._service,
                "counts": counts,
                "dropped": events.dropped,
                "answered": events.answered,
                "unanswered": list(events.unanswered.items()),
            }
        )

    def _name_counts(self, kind: str, counts: Counts) -> Iterator[tuple[str, str, int]]:
        """Yield the key and the field of each count."""
        for (slice_name, outcome), count in counts.items():
            field = json.dumps([kind, slice_name, self._service, outcome])
            yield f"{COUNTS_KEY}{slice_name[:_HOUR_CHARACTERS]}", field, count
