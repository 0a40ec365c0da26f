"""Plants a series of bytes by the minute: a daily course with noise, later a spike and a shift."""

import math
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

STEP = timedelta(minutes=10)
START = pd.Timestamp("2026-03-02", tz="UTC")

_POINTS_PER_DAY = 144
_LEVEL, _COURSE, _NOISE = 1_000_000, 0.4, 20_000
# Two of the next day's points: one value three times as high, and two hours with more bytes.
_SPIKE, _SPIKE_FACTOR = 20, 3
_SHIFT, _SHIFT_BYTES = range(80, 92), 1_500_000

_SEED = 2


def generate_series(days: int) -> pd.DataFrame:
    """Return a history of so many days, and the day after it with a spike and a shift.

    The noise is the same each time.

    Returns:
        A row for each ten minutes (UTC, in the index): `octets`, `usual` (without what is planted)
        and `planted` ("spike", "shift" or "").
    """
    chance = random.Random(_SEED)  # noqa: S311 # not secrecy
    first = days * _POINTS_PER_DAY
    rows = [_row(number, number - first, chance) for number in range(first + _POINTS_PER_DAY)]
    index = pd.date_range(START, periods=len(rows), freq=STEP, name="minute")
    return pd.DataFrame(rows, index=index)


def _row(number: int, of_last_day: int, chance: random.Random) -> dict[str, Any]:
    course = 1 + _COURSE * math.sin(number * 2 * math.pi / _POINTS_PER_DAY)
    usual = round(_LEVEL * course + chance.gauss(0, _NOISE))
    if of_last_day == _SPIKE:
        return {"octets": _SPIKE_FACTOR * usual, "usual": usual, "planted": "spike"}
    if of_last_day in _SHIFT:
        return {"octets": usual + _SHIFT_BYTES, "usual": usual, "planted": "shift"}
    return {"octets": usual, "usual": usual, "planted": ""}


def as_records(series: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a record of network logs for each row of a series."""
    flow = {"src_ip": "192.0.2.1", "dest_ip": "198.51.100.7", "dest_port": 443, "proto": "tcp"}
    return [
        {"timestamp": at.isoformat(), "bytes": int(octets), **flow}
        for at, octets in zip(pd.DatetimeIndex(series.index), series.octets, strict=True)
    ]


def tabulate_anomalies(anomalies: Sequence[dict[str, Any]], series: pd.DataFrame) -> pd.DataFrame:
    """Return the anomalies of a task's result beside the planted ones at their times.

    Returns:
        A row for each: `minute` (UTC), `metric`, `planted`, `observed`, `expected` and `reason`.
    """
    rows = []
    for anomaly in anomalies:
        at = pd.Timestamp(datetime.fromisoformat(anomaly["timestamp"]))
        planted = series.planted.get(at, "") or "nothing"
        kept = {name: anomaly[name] for name in ("observed", "expected", "reason")}
        rows.append({"minute": at, "metric": anomaly["metric"], "planted": planted, **kept})
    columns = ["minute", "metric", "planted", "observed", "expected", "reason"]
    return pd.DataFrame(rows, columns=columns)


def find_unexplained(anomalies: pd.DataFrame, series: pd.DataFrame) -> list[str]:
    """Return the planted events whose explanation lacks a fact.

    A reason has the observed and the expected value. The observed one is that of the series, and
    exceeds the expected one by half at least.
    """
    rows = anomalies.to_dict("records")
    return [row["planted"] for row in rows if not _is_explained(row, series)]


def _is_explained(row: dict[Any, Any], series: pd.DataFrame) -> bool:
    names_both = "observed" in row["reason"] and "expected" in row["reason"]
    is_planted = row["observed"] == series.octets.get(row["minute"])
    return bool(names_both and is_planted and row["observed"] > 1.5 * row["expected"])
