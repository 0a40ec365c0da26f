"""Readings of metrics: reads the metrics of a call as series, in the order of their times."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from securenet_obs.detection.anomaly.moments import parse_moment

_TIMES = ("timestamp", "time", "ts", "at", "minute")
_NAMES = ("metric", "name")
_VALUE = "value"
_STEP = timedelta(minutes=1)


class Reading(NamedTuple):
    """A value of a metric at a time; None is a missing value."""

    at: datetime
    value: float | None


@dataclass
class Readings:
    """Series by metric, in the order of time, and the number of problems by kind."""

    series: dict[str, list[Reading]] = field(default_factory=dict)
    problems: Counter[str] = field(default_factory=Counter)


def read_metrics(metrics: Iterable[object]) -> Readings:
    """Read metrics of a call.

    Args:
        metrics: numbers, which are minutes of one metric, the last one now; or objects with a
            `timestamp`, a `value` and the name of the `metric`. Without `value` each field that is
            a number is a metric of that name.
    """
    metrics = list(metrics)
    first = datetime.now(UTC) - len(metrics) * _STEP
    readings = Readings()
    for number, entry in enumerate(metrics):
        try:
            read = list(_readings(entry, first + number * _STEP))
        except ValueError as error:
            readings.problems[str(error)] += 1
            continue
        for metric, reading in read:
            readings.series.setdefault(metric, []).append(reading)
    for series in readings.series.values():
        _sort(series, readings.problems)
    return readings


def _sort(series: list[Reading], problems: Counter[str]) -> None:
    times = [reading.at for reading in series]
    ordered = sorted(series, key=lambda reading: reading.at)
    if ordered != series:
        problems["not in the order of time"] += 1
    problems.update({"repeated time": len(times) - len(set(times))} if times else {})
    problems.update({"no value": sum(reading.value is None for reading in series)})
    for problem in [name for name, number in problems.items() if number == 0]:
        del problems[problem]
    series[:] = ordered


def _readings(entry: object, default: datetime) -> Iterator[tuple[str, Reading]]:
    if not isinstance(entry, Mapping):
        yield _VALUE, Reading(default, _number(entry))
        return
    at = _time(entry, default)
    if _VALUE in entry:
        yield _metric(entry), Reading(at, _number(entry[_VALUE]))
        return
    fields = [name for name in entry if name not in _TIMES and _is_number(entry[name])]
    if not fields:
        raise ValueError("no value and no numeric field")
    for name in fields:
        yield str(name), Reading(at, _number(entry[name]))


def _metric(entry: Mapping[Any, Any]) -> str:
    return str(next((entry[name] for name in _NAMES if entry.get(name)), _VALUE))


def _time(entry: Mapping[Any, Any], default: datetime) -> datetime:
    written = next((entry[name] for name in _TIMES if entry.get(name) is not None), None)
    if written is None:
        return default
    try:
        return parse_moment(written)
    except ValueError:
        raise ValueError("invalid time") from None


def _number(value: object) -> float | None:
    if value is None:
        return None
    if not _is_number(value):
        raise ValueError("not a number")
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
