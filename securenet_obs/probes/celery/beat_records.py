"""Records of beat in Redis: last tick, entries with their times, and the last sendings."""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from securenet_obs.errors import RefusedError
from securenet_obs.probes.celery.names import ENTRIES_KEY, SENT_KEY, TICK_KEY
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.settings import Settings


@dataclass(frozen=True)
class BeatEntry:
    """An entry of the schedule; times are Unix seconds.

    Args:
        name: its name.
        task: name of its task.
        schedule: its schedule as text.
        next: time at which it is due.
        period_s: seconds from one time at which it is due to the next; NaN if not recorded.
        sent: time of its last sending; NaN if it was never sent.
    """

    name: str
    task: str
    schedule: str
    next: float
    period_s: float
    sent: float

    @property
    def has_slots(self) -> bool:
        """Whether it is due at times of the day, and not at an interval."""
        return "crontab" in self.schedule

    def count_missed(self, now: float) -> int:
        """Return the number of times at which it was due since, and was not sent."""
        if now < self.next or math.isnan(self.period_s):
            return int(now >= self.next)
        return int((now - self.next) // self.period_s) + 1

    def find_slot(self) -> str:
        """Return the window before the next time, as its task has it in a header."""
        slot = datetime.fromtimestamp(self.next - self.period_s, UTC) + timedelta(seconds=30)
        return f"{slot:%Y-%m-%dT%H:%MZ}"


@dataclass(frozen=True)
class BeatRecords:
    """Everything that beat has recorded.

    Args:
        tick: Unix seconds of the last tick; NaN without one.
        entries: its entries, by name.
        read_at: Unix seconds of the reading.
    """

    tick: float
    entries: Sequence[BeatEntry]
    read_at: float

    @property
    def tick_age_s(self) -> float:
        """Seconds since the last tick, negative if it lies in the future; infinite without one."""
        return math.inf if math.isnan(self.tick) else self.read_at - self.tick


def read_beat(settings: Settings) -> BeatRecords:
    """Return the records of beat.

    Raises:
        UnreachableError, ForbiddenError, RefusedError: as every probe.
    """
    with (
        translate_redis_errors(settings.results, "RESULT_URL"),
        open_redis(settings.results, "RESULT_URL") as results,
    ):
        tick: Any = results.get(TICK_KEY)
        entries: Any = results.hgetall(ENTRIES_KEY)
        sent: Any = results.hgetall(SENT_KEY)
    found = [
        _read_entry(name.decode(), json.loads(entry), sent.get(name))
        for name, entry in sorted(entries.items())
    ]
    return BeatRecords(float(tick) if tick else math.nan, found, time.time())


def find_write_refusal(settings: Settings) -> str:
    """Return the reason for which Redis refuses the writes of beat now; empty if none is seen.

    Nothing is written: a full memory refuses a transaction that only reads, too.

    Raises:
        UnreachableError, ForbiddenError: as every probe.
    """
    try:
        with (
            translate_redis_errors(settings.results, "RESULT_URL"),
            open_redis(settings.results, "RESULT_URL") as results,
        ):
            info: Any = results.info("everything")
            with results.pipeline(transaction=True) as pipe:
                pipe.exists(TICK_KEY).execute()
    except RefusedError as error:
        return str(error)
    if info["role"] != "master":
        return "Redis is a replica"
    failed = {info.get("rdb_last_bgsave_status"), info.get("aof_last_write_status")} - {"ok", None}
    return "the last write to disk has failed" if failed else ""


def _read_entry(name: str, entry: dict[str, Any], sent: bytes | None) -> BeatEntry:
    period_s = entry.get("period")
    return BeatEntry(
        name,
        entry["task"],
        entry["schedule"],
        float(entry["next"]),
        math.nan if period_s is None else float(period_s),
        math.nan if sent is None else float(sent),
    )
