"""Change of a history's time zone: hours by which its daily course moved, and the day it did."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from securenet_obs.detection.anomaly.readings import Reading

_DAYS = 7
_HOURS = 24
_CLEAR = 0.3
"""Share of the disagreement of two weeks that may remain once one of them is moved."""

_LEAST_CORRELATION = 0.8
_LEAST_DISAGREEMENT = 0.01

Profile = list[float]
"""Mean value of each hour of the day."""

_Week = Sequence[tuple[datetime, Profile]]


@dataclass(frozen=True)
class TimeShift:
    """The daily course comes `hours` later from the day `since` on; earlier if negative."""

    hours: int
    since: datetime

    def align(self, readings: Iterable[Reading]) -> list[Reading]:
        """Move the readings before the change, so that the daily course is that of today."""
        readings = list(readings)
        delta = timedelta(hours=self.hours)
        before = [Reading(at + delta, value) for at, value in readings if at < self.since]
        after = [reading for reading in readings if reading.at >= self.since]
        return [reading for reading in before if reading.at < self.since] + after


def find_time_shift(readings: Iterable[Reading]) -> TimeShift | None:
    """Return the clearest change between a week and the week after it; None without one."""
    days = _profiles(readings)
    best: tuple[float, TimeShift] | None = None
    for number in range(_DAYS, len(days) - _DAYS + 1):
        before, after = days[number - _DAYS : number], days[number : number + _DAYS]
        found = _compare(before, after)
        if found is not None and (best is None or found[0] < best[0]):
            best = found[0], TimeShift(found[1], days[number][0])
    return best and best[1]


def _profiles(readings: Iterable[Reading]) -> list[tuple[datetime, Profile]]:
    """Return the days with a value in each hour."""
    days: dict[datetime, list[list[float]]] = {}
    for at, value in readings:
        moment = at.astimezone(UTC)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = days.setdefault(midnight, [[] for _ in range(_HOURS)])
        hours[moment.hour].append(value or 0.0)
    return [
        (day, [sum(hour) / len(hour) for hour in hours])
        for day, hours in sorted(days.items())
        if all(hours)
    ]


def _mean(days: _Week) -> Profile:
    return [sum(column) / len(days) for column in zip(*(day[1] for day in days), strict=True)]


def _compare(before: _Week, after: _Week) -> tuple[float, int] | None:
    """Return the share of disagreement that remains at the best shift, and the shift in hours."""
    usual, later = _mean(before), _mean(after)
    hours = _best_hours(usual, later)
    same, best = _correlation(usual, later), _correlation(usual, _moved(later, hours))
    if hours == 0 or best < _LEAST_CORRELATION or 1 - same < _LEAST_DISAGREEMENT:
        return None
    remaining = (1 - best) / (1 - same)
    is_clear = remaining < _CLEAR and _agree(usual, before, 0) and _agree(usual, after, hours)
    return (remaining, (hours + _HOURS // 2) % _HOURS - _HOURS // 2) if is_clear else None


def _agree(usual: Profile, days: _Week, hours: int) -> bool:
    """Return whether all days but one have moved by so many hours."""
    return sum(_best_hours(usual, profile) == hours for _, profile in days) >= _DAYS - 1


def _best_hours(before: Profile, after: Profile) -> int:
    return max(range(_HOURS), key=lambda hours: _correlation(before, _moved(after, hours)))


def _moved(profile: Profile, hours: int) -> Profile:
    return profile[hours:] + profile[:hours]


def _correlation(one: Profile, other: Profile) -> float:
    mean, other_mean = sum(one) / _HOURS, sum(other) / _HOURS
    pairs = [(a - mean, b - other_mean) for a, b in zip(one, other, strict=True)]
    scale = math.sqrt(sum(a * a for a, _ in pairs) * sum(b * b for _, b in pairs))
    return sum(a * b for a, b in pairs) / scale if scale > 0 else 0.0
