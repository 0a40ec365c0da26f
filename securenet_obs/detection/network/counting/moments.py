"""Times of many records: the minute of each, and the first and the last one."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import repeat
from operator import floordiv, mod
from typing import Any, NamedTuple

from securenet_obs.detection.network.ecs.times import EARLIEST, LATEST, parse_timestamp

_SPAN_S = EARLIEST.timestamp(), LATEST.timestamp()
_MINUTE_S = 60
_MINUTE, _NONE = timedelta(minutes=1), timedelta(0)
# A time is rounded to microseconds: from here on it may be in the next minute.
_ROUNDED_S = 59.999999
_TO_MINUTE = len("2026-01-01T00:00")


class Moments(NamedTuple):
    """Times of records.

    Attributes:
        minutes: the minute of each record, since 1970.
        first: the earliest time, in UTC.
        last: the latest time, in UTC.
    """

    minutes: list[int]
    first: datetime
    last: datetime


def moments_of(values: Sequence[Any]) -> Moments | None:
    """Return the times of values of one type, as `parse_timestamp` has them; None if one is not."""
    quick = _QUICK.get(values[0].__class__)
    found = quick(values) if quick is not None else None
    return found or _one_by_one(values)


def minute_of_time(moment: datetime) -> int:
    """Return the minute of a time, since 1970."""
    return int(moment.timestamp()) // _MINUTE_S


def _one_by_one(values: Sequence[Any]) -> Moments | None:
    moments = list(map(parse_timestamp, values))
    if None in moments:
        return None
    return _moments([moment for moment in moments if moment is not None])


def _moments(moments: list[datetime]) -> Moments:
    return Moments(list(map(minute_of_time, moments)), min(moments), max(moments))


def _of_seconds(values: Sequence[int | float]) -> Moments | None:
    first, last = min(values), max(values)
    if not _SPAN_S[0] <= first <= last < _SPAN_S[1]:
        return None
    if max(map(mod, values, repeat(_MINUTE_S))) >= _ROUNDED_S:
        return None
    minutes = list(map(int, map(floordiv, values, repeat(_MINUTE_S))))
    return Moments(minutes, datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC))


def _of_texts(values: Sequence[str]) -> Moments | None:
    """Return the times of texts such as 2026-01-01T00:00:00Z, all with one offset from UTC."""
    if {value[4:5] + value[13:14] for value in values} != {"-:"}:
        return None
    with suppress(ValueError, OverflowError):
        moments = list(map(datetime.fromisoformat, values))
        if not _have_one_zone(moments):
            return None
        first, last = _in_utc(min(moments)), _in_utc(max(moments))
        if EARLIEST <= first <= last < LATEST:
            return Moments(_minutes_by_start(values, moments), first, last)
    return None


def _have_one_zone(moments: list[datetime]) -> bool:
    """Return whether the times have one offset from UTC, of whole minutes."""
    zones = {moment.tzinfo for moment in moments}
    offset = moments[0].utcoffset()
    return len(zones) == 1 and (offset is None or offset % _MINUTE == _NONE)


def _minutes_by_start(values: Sequence[str], moments: list[datetime]) -> list[int]:
    """Return the minute of each time; texts with an equal start have an equal one."""
    starts = [value[:_TO_MINUTE] for value in values]
    some = dict(zip(starts, moments, strict=True))
    minutes = {start: minute_of_time(_in_utc(moment)) for start, moment in some.items()}
    return list(map(minutes.__getitem__, starts))


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_QUICK: dict[type, Any] = {float: _of_seconds, int: _of_seconds, str: _of_texts}
