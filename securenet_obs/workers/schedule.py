"""Beat's scheduler: one leader by Redis lock; records ticks and entries; unsent ones stay due."""

import copy
import math
import time
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import orjson
import redis
import structlog
from celery.beat import PersistentScheduler, SchedulingError
from celery.schedules import crontab
from kombu.exceptions import OperationalError
from redis.exceptions import LockError
from redis.lock import Lock

from securenet_obs.processes.lazy import lazy_property
from securenet_obs.workers.names import TICK_KEY
from securenet_obs.workers.refusals import RefusalLog
from securenet_obs.workers.windows import WINDOW_HEADER, latest_slot, slots_after

SENT_KEY = "securenet:beat:sent"
"""Hash: name of an entry -> unix seconds of the last time it was sent."""

ENTRIES_KEY = "securenet:beat:entries"
"""Hash: name of an entry -> JSON of its `task`, `schedule`, `last` and `next` (unix seconds), and
`period`, the seconds from one time at which it is due to the next."""

LOCK_KEY = "securenet:beat:lock"
"""Lock of the beat that leads; every other beat stands by."""

LOCK_S = 30.0
"""Seconds after which a beat that stopped ticking is replaced; several times a tick's duration."""

_TICK_TTL_S = 24 * 3600

# A clock that is corrected in small steps may lag behind its own earlier times.
_CLOCK_TOLERANCE_S = 1.0

_log = structlog.get_logger(__name__)


class RecordingScheduler(PersistentScheduler):  # type: ignore[misc] # Celery has no types
    """Celery's scheduler with one active instance at a time.

    The last time of each entry is read from Redis, where every beat records it, and from the
    schedule's file only if Redis does not have it. So a beat that was down, lost its file or takes
    over sends a missed entry once, for the latest window, however many windows were missed.

    A last time in the future, which only a wrong clock can have recorded, is replaced by now: the
    entry would not be sent until then.

    While Redis is unavailable, nothing is sent and nothing is marked as sent.

    Upstream: celery/celery#1495, open, asks for beats that stand by. It can go when Celery has
    them, and their last times in a place that they share.
    """

    _failed_entry: Any = None
    _is_standby = False

    @lazy_property
    def _refusals(self) -> RefusalLog:
        return RefusalLog("beat_redis_unavailable", "beat_redis_available")

    @lazy_property
    def _broker_refusals(self) -> RefusalLog:
        return RefusalLog("beat_broker_unavailable", "beat_broker_available")

    @lazy_property
    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(
            self.app.conf.result_backend, socket_timeout=2, socket_connect_timeout=1
        )

    @lazy_property
    def _lock(self) -> Lock:
        return Lock(self._redis, LOCK_KEY, timeout=LOCK_S, blocking=False, thread_local=False)

    def tick(self, *args: Any, **options: Any) -> float:
        """Send due entries if this beat leads; return the seconds until the next tick."""
        if not self._is_leader():
            return float(self.max_interval)
        self._clamp_last_times()
        interval: float = super().tick(*args, **options)
        if self._failed_entry is not None:
            interval = self._mark_due(self._failed_entry)
        if self._write(self._store_schedule):
            self._refusals.accept()
        return interval

    def apply_async(self, entry: Any, *args: Any, **options: Any) -> Any:
        """Send an entry's task with its window, and record the time once the broker accepts it.

        A broker that refuses is logged once a minute, and not at each attempt.
        """
        try:
            result = super().apply_async(_add_window(entry), *args, **options)
        except SchedulingError as error:
            self._failed_entry = entry
            if isinstance(error.__context__, (OperationalError, redis.RedisError, OSError)):
                self._broker_refusals.refuse(error.__context__)
                return None
            raise
        self._broker_refusals.accept()
        self._write(lambda client: client.hset(SENT_KEY, entry.name, repr(time.time())))
        return result

    def close(self) -> None:
        """Save the schedule, and release the lock so that another beat can take over at once."""
        super().close()
        if self._lock.local.token is not None:
            self._write(lambda _: self._lock.release())

    def _ensure_connected(self) -> Any:
        """Return the connection as it is: while a tick waits for the broker, its lock expires."""
        return self.connection

    def _is_leader(self) -> bool:
        """Acquire or extend the lock, and return whether this beat leads."""
        try:
            leads = (
                bool(self._lock.reacquire())
                if self._lock.local.token is not None
                else self._take_over()
            )
        except LockError:
            # The lock expired while this beat was delayed, or Redis lost it.
            self._lock.local.token = None
            return self._is_leader()
        except redis.RedisError as error:
            self._refusals.refuse(error)
            return False
        return leads

    def _take_over(self) -> bool:
        if not self._lock.acquire():
            if not self._is_standby:
                _log.warning("beat_standby", reason="another beat is the leader")
            self._is_standby = True
            return False
        _log.info("beat_leader", was_standby=self._is_standby)
        self._is_standby = False
        sent_at: Any = self._redis.hgetall(SENT_KEY)
        for name, seconds in sent_at.items():
            entry = self.schedule.get(name if isinstance(name, str) else name.decode())
            if entry is not None:
                entry.last_run_at = _parse_time(seconds) or entry.last_run_at
        self._heap = None
        return True

    def _clamp_last_times(self) -> None:
        """Replace last times that lie in the future by now, and warn of each."""
        now = datetime.now(UTC)
        for name, entry in self.schedule.items():
            ahead_s = (entry.last_run_at - now).total_seconds()
            if ahead_s > _CLOCK_TOLERANCE_S:
                _log.warning(
                    "beat_last_time_in_future",
                    entry=name,
                    ahead_s=round(ahead_s, 1),
                    remedy="check the clocks of the hosts on which beat runs or ran",
                )
                entry.last_run_at = now
                self._heap = None

    def _store_schedule(self, client: Any) -> None:
        """Record a heartbeat and the schedule of all entries; removed entries are deleted."""
        entries = {name: orjson.dumps(_entry_data(entry)) for name, entry in self.schedule.items()}
        with client.pipeline() as pipe:
            pipe.set(TICK_KEY, repr(time.time()), ex=_TICK_TTL_S).delete(ENTRIES_KEY)
            if entries:  # Redis has no empty hash.
                pipe.hset(ENTRIES_KEY, mapping=entries)
            pipe.execute()

    def _mark_due(self, entry: Any) -> float:
        """Mark an unsent entry as due again: Celery would leave it for its next time."""
        self.schedule[entry.name] = entry
        self._failed_entry = self._heap = None
        return float(self.max_interval)

    def _write(self, write: Any) -> bool:
        """Write to Redis; return False if it refuses, which is logged."""
        try:
            write(self._redis)
        except redis.RedisError as error:
            self._refusals.refuse(error)
            return False
        return True


def _entry_data(entry: Any) -> dict[str, Any]:
    """Return an entry as data; the last time of an unsent entry is that of its creation."""
    due_in = entry.schedule.remaining_estimate(entry.last_run_at)
    return {
        "task": entry.task,
        "schedule": str(entry.schedule),
        "last": entry.last_run_at.timestamp(),
        "next": time.time() + due_in.total_seconds(),
        "period": _compute_period_s(entry.schedule),
    }


def _compute_period_s(schedule: Any) -> float:
    """Return the seconds between the next two times at which an entry is due."""
    if not isinstance(schedule, crontab):
        return float(schedule.run_every.total_seconds())
    first, second = islice(slots_after(schedule, datetime.now(UTC)), 2)
    return float((second - first).total_seconds())


def _parse_time(seconds: str | bytes) -> datetime | None:
    """Return a recorded time; None if it is not one."""
    try:
        value = float(seconds)
        return datetime.fromtimestamp(value, UTC) if math.isfinite(value) else None
    except (ValueError, OverflowError, OSError):
        return None


def _add_window(entry: Any) -> Any:
    """Return the entry with its window in the headers, if its schedule has slots."""
    if not isinstance(entry.schedule, crontab):
        return entry
    window = latest_slot(entry.schedule, entry.last_run_at)
    if window is None:
        return entry
    windowed = copy.copy(entry)
    headers = {**entry.options.get("headers", {}), WINDOW_HEADER: window}
    windowed.options = {**entry.options, "headers": headers}
    return windowed
