"""Beat's scheduler: one leads, it leaves signs of life, and what it could not send stays due."""

import copy
import time
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson
import redis
import structlog
from celery.beat import PersistentScheduler, SchedulingError
from celery.schedules import crontab
from redis.exceptions import LockError
from redis.lock import Lock

from securenet_obs.workers.windows import WINDOW_HEADER, latest_slot

TICK_KEY = "securenet:beat:tick"
"""Unix seconds of the last tick, a float as text, in the result database."""

SENT_KEY = "securenet:beat:sent"
"""Hash: name of an entry -> unix seconds when it was sent last."""

ENTRIES_KEY = "securenet:beat:entries"
"""Hash: name of an entry -> JSON of its `task`, `schedule`, `last` and `next` (unix seconds)."""

LOCK_KEY = "securenet:beat:lock"
"""Held by the beat that sends; any other stands by."""

LOCK_S = 30.0
"""Seconds after which a beat that no longer ticks is replaced; several times what a tick takes."""

_TICK_TTL_S = 24 * 3600

_log = structlog.get_logger(__name__)


class RecordingScheduler(PersistentScheduler):  # type: ignore[misc] # Celery has no types
    """Celery's scheduler, of which one sends at a time.

    When each entry was sent last is known from Redis, where any beat wrote it, and only if it is
    not there from the schedule's file. So a beat that was down, lost its file or takes over sends
    what it missed: once, however many windows that were, for the latest of them.

    While Redis is away nothing is sent and nothing is marked as sent.
    """

    _unsent: Any = None
    _stands_by = False

    @cached_property
    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(
            self.app.conf.result_backend, socket_timeout=2, socket_connect_timeout=1
        )

    @cached_property
    def _lock(self) -> Lock:
        return Lock(self._redis, LOCK_KEY, timeout=LOCK_S, blocking=False, thread_local=False)

    def tick(self, *args: Any, **options: Any) -> float:
        """Run what is due if this beat leads; return seconds until the next tick."""
        if not self._leads():
            return float(self.max_interval)
        interval: float = super().tick(*args, **options)
        if self._unsent is not None:
            interval = self._leave_due(self._unsent)
        self._record(self._tell)
        return interval

    def apply_async(self, entry: Any, *args: Any, **options: Any) -> Any:
        """Send an entry's task with its window, and record that it was taken."""
        try:
            result = super().apply_async(_with_window(entry), *args, **options)
        except SchedulingError:
            self._unsent = entry
            raise
        self._record(lambda client: client.hset(SENT_KEY, entry.name, repr(time.time())))
        return result

    def close(self) -> None:
        """Save the schedule, and let another beat take over at once."""
        super().close()
        if self._lock.local.token is not None:
            self._record(lambda _: self._lock.release())

    def _leads(self) -> bool:
        """Hold the lock for the next while; whoever does not is another beat's stand-by."""
        try:
            if self._lock.local.token is not None:
                return bool(self._lock.reacquire())
            return self._take_over()
        except LockError:
            # It expired while this beat was held up, or Redis forgot it.
            self._lock.local.token = None
            return self._leads()
        except redis.RedisError as error:
            _log.warning("beat_waits_for_redis", reason=type(error).__name__)
            return False

    def _take_over(self) -> bool:
        if not self._lock.acquire():
            if not self._stands_by:
                _log.warning("beat_stands_by", reason="another beat is at work")
            self._stands_by = True
            return False
        _log.info("beat_leads", stood_by=self._stands_by)
        self._stands_by = False
        sent: Any = self._redis.hgetall(SENT_KEY)
        for name, seconds in sent.items():
            entry = self.schedule.get(name if isinstance(name, str) else name.decode())
            if entry is not None:
                entry.last_run_at = datetime.fromtimestamp(float(seconds), UTC)
        self._heap = None
        return True

    def _tell(self, client: Any) -> None:
        """Leave a sign of life, and what is sent when; an entry that is gone is told no more."""
        entries = {name: orjson.dumps(_told(entry)) for name, entry in self.schedule.items()}
        with client.pipeline() as pipe:
            pipe.set(TICK_KEY, repr(time.time()), ex=_TICK_TTL_S).delete(ENTRIES_KEY)
            pipe.hset(ENTRIES_KEY, mapping=entries)
            pipe.execute()

    def _leave_due(self, entry: Any) -> float:
        """Take back that an entry was sent: Celery would leave it for its next time."""
        self.schedule[entry.name] = entry
        self._unsent = self._heap = None
        return float(self.max_interval)

    def _record(self, write: Any) -> None:
        try:
            write(self._redis)
        except redis.RedisError as error:
            _log.warning("beat_record_failed", reason=type(error).__name__)


def _told(entry: Any) -> dict[str, Any]:
    """Return an entry as data; one that was never sent was last seen when it was made."""
    due_in = entry.schedule.remaining_estimate(entry.last_run_at)
    return {
        "task": entry.task,
        "schedule": str(entry.schedule),
        "last": entry.last_run_at.timestamp(),
        "next": time.time() + due_in.total_seconds(),
    }


def _with_window(entry: Any) -> Any:
    """Return the entry with its slot in the headers, if it has slots."""
    if not isinstance(entry.schedule, crontab):
        return entry
    window = latest_slot(entry.schedule, entry.last_run_at)
    if window is None:
        return entry
    sent = copy.copy(entry)
    headers = {**entry.options.get("headers", {}), WINDOW_HEADER: window}
    sent.options = {**entry.options, "headers": headers}
    return sent
