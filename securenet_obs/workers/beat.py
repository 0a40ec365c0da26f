"""Beat's scheduler, which leaves a sign of life: its last tick, and when each entry was sent."""

import time
from functools import cached_property
from typing import Any

import redis
import structlog
from celery.beat import PersistentScheduler

TICK_KEY = "securenet:beat:tick"
"""Unix seconds of the last tick, a float as text, in the result database."""

SENT_KEY = "securenet:beat:sent"
"""Hash: name of an entry -> unix seconds when it was sent last."""

_TICK_TTL_S = 24 * 3600

_log = structlog.get_logger(__name__)


class RecordingScheduler(PersistentScheduler):  # type: ignore[misc] # Celery has no types
    """Celery's scheduler; a Redis that is away costs the record, never the schedule."""

    @cached_property
    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(
            self.app.conf.result_backend, socket_timeout=2, socket_connect_timeout=1
        )

    def tick(self, *args: Any, **options: Any) -> float:
        """Run what is due, and record that beat is alive; return seconds until the next tick."""
        interval: float = super().tick(*args, **options)
        self._record(lambda client: client.set(TICK_KEY, repr(time.time()), ex=_TICK_TTL_S))
        return interval

    def apply_async(self, entry: Any, *args: Any, **options: Any) -> Any:
        """Send an entry's task, and record that it was taken."""
        result = super().apply_async(entry, *args, **options)
        self._record(lambda client: client.hset(SENT_KEY, entry.name, repr(time.time())))
        return result

    def _record(self, write: Any) -> None:
        try:
            write(self._redis)
        except redis.RedisError as error:
            _log.warning("beat_record_failed", reason=type(error).__name__)
