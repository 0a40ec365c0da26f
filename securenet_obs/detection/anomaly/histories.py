"""Histories of metrics to train on: read from the store, put in order, judged for their fitness."""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from securenet_obs.detection.anomaly.readings import Reading
from securenet_obs.detection.anomaly.series.baseline import MIN_VALUES
from securenet_obs.detection.anomaly.time_shift import find_time_shift
from securenet_obs.store import NetworkMinute

METRICS = ("records", "octets")
"""Metrics of a minute in the store."""

MAX_DAYS = 56
"""Days of a history; older values have no effect on a model that is worth their reading."""

_GAP_STEPS = 3
_MIN_COUNTER_VALUES = 50


@dataclass(frozen=True)
class History:
    """Values of a metric in the order of time, each time once, without missing values.

    `notes` has the number of values that were missing, repeated or out of order, of gaps and of a
    counter's resets, and the hours by which values before a change of the time zone were moved.
    `unfit` is the reason not to train on it.
    """

    readings: tuple[Reading, ...]
    notes: dict[str, int] = field(default_factory=dict)
    unfit: str | None = None

    def digest(self) -> str:
        """Return the SHA-256 of the times and values."""
        rows = [[reading.at.isoformat(), reading.value] for reading in self.readings]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def read_histories(session: Session, tenant_id: str) -> dict[str, History]:
    """Return the history of each metric of a tenant."""
    since = datetime.now(UTC) - timedelta(days=MAX_DAYS)
    newest = select(NetworkMinute.minute).where(NetworkMinute.tenant_id == tenant_id)
    latest = session.scalar(newest.order_by(NetworkMinute.minute.desc()).limit(1))
    since = min(since, latest - timedelta(days=MAX_DAYS)) if latest else since
    columns = [getattr(NetworkMinute, metric) for metric in METRICS]
    rows = session.execute(
        select(NetworkMinute.minute, *columns)
        .where(NetworkMinute.tenant_id == tenant_id, NetworkMinute.minute >= since)
        .order_by(NetworkMinute.minute)
    ).all()
    return {
        metric: order(Reading(row[0], float(row[number])) for row in rows)
        for number, metric in enumerate(METRICS, 1)
    }


def order(readings: Iterable[Reading]) -> History:
    """Return a history: sorted, of repeated times the last one, without missing values."""
    given = list(readings)
    valid = [one for one in given if one.value is not None and math.isfinite(one.value)]
    unique = {reading.at: reading for reading in valid}
    ordered = tuple(unique[at] for at in sorted(unique))
    shift = find_time_shift(ordered)
    if shift is not None:
        ordered = tuple(shift.align(ordered))
    notes = {
        "missing": len(given) - len(valid),
        "repeated": len(valid) - len(unique),
        "unsorted": sum(later.at < earlier.at for earlier, later in pairwise(valid)),
        "gaps": _gaps(ordered),
        "resets": _resets(ordered),
        "moved_hours": shift.hours if shift else 0,
    }
    found = {name: number for name, number in notes.items() if number}
    return History(ordered, found, _unfit(ordered, notes["resets"]))


def is_constant(history: History) -> bool:
    """Return whether every value is the same."""
    return len({reading.value for reading in history.readings}) == 1


def _unfit(ordered: Sequence[Reading], resets: int) -> str | None:
    if len(ordered) < MIN_VALUES:
        return f"{MIN_VALUES} values are needed, {len(ordered)} are there"
    if resets:
        return f"a counter with {resets} resets: give its increments instead of its total"
    return None


def _gaps(ordered: Sequence[Reading]) -> int:
    intervals = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(ordered)]
    longest = _GAP_STEPS * median(intervals) if intervals else 0.0
    return sum(interval > longest for interval in intervals)


def _resets(ordered: Sequence[Reading]) -> int:
    """Return how often a counter was reset: it grows, but for falls to nearly nothing."""
    values = [reading.value or 0.0 for reading in ordered]
    if len(values) < _MIN_COUNTER_VALUES:
        return 0
    falls = [(before, after) for before, after in pairwise(values) if after < before]
    growing = sum(after > before for before, after in pairwise(values))
    is_counter = all(after < before / 10 for before, after in falls)
    is_counter = is_counter and growing > 0.5 * len(values) and len(falls) < 0.05 * len(values)
    return len(falls) if is_counter else 0
