"""Parses timestamps and levels of log records, and finds misspelt ones."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

Cells: TypeAlias = np.ndarray[Any, np.dtype[np.object_]]
"""Values of one field, a cell per record; None where a record lacks it."""

LEVELS = ("debug", "info", "warning", "error", "critical")
"""The levels of SecureNet's logs, least severe first."""

_LEVEL_OF: dict[object, str] = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
    "critical": "critical",
    "trace": "debug",
    "notice": "info",
    "warn": "warning",
    "err": "error",
    "fatal": "critical",
    "crit": "critical",
    "alert": "critical",
    "emergency": "critical",
    # bunyan and pino write numbers
    10: "debug",
    20: "debug",
    30: "info",
    40: "warning",
    50: "error",
    60: "critical",
}

_AS_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_ZONE = re.compile(r"[\d.][+-]\d\d:?\d\d$")


def parse_timestamps(values: Cells) -> pd.Series:
    """Parse times to datetime64[us, UTC]: ISO 8601 with a zone, or a number since 1970.

    Numbers are seconds, or milli-, micro- or nanoseconds if seconds would be centuries away. Any
    other value becomes NaT; so does a time without a zone, which is ambiguous.
    """
    series = pd.Series(values, dtype=object)
    has_zone = _build_mask(values, lambda text: text[-1:] == "Z" or _ZONE.search(text) is not None)
    parsed = pd.to_datetime(series.where(has_zone), format="ISO8601", utc=True, errors="coerce")
    parsed = parsed.dt.as_unit("us")
    rest = series[~has_zone]
    numbers = rest[rest.map(type).isin([int, float])]
    if len(numbers):
        parsed = parsed.fillna(_parse_numbers(numbers.astype("float64")).reindex(parsed.index))
    return parsed


def find_time_problems(values: Cells, times: pd.Series) -> pd.Series:
    """Return the problem of each written time, missing where it is correct.

    SecureNet writes RFC 3339 in UTC with microseconds and a Z: 2026-01-31T23:59:59.000000Z.
    """
    series = pd.Series(values, dtype=object)
    is_valid = (
        _build_mask(values, lambda text: _AS_WRITTEN.fullmatch(text) is not None) & times.notna()
    )
    odd = zip(series[~is_valid], times[~is_valid], strict=True)
    problems = [_describe_time_problem(value, time) for value, time in odd]
    return pd.Series(problems, index=series.index[~is_valid], dtype=object).reindex(series.index)


def parse_levels(values: Cells) -> pd.Series:
    """Parse levels to an ordered category, from any case, abbreviations and bunyan's numbers."""
    return pd.Series(
        pd.Categorical([_parse_level(value) for value in values], categories=LEVELS, ordered=True)
    )


def find_level_problems(values: Cells) -> pd.Series:
    """Return the problem of each written level, missing where it is correct."""
    return pd.Series([_describe_level_problem(value) for value in values], dtype=object)


def _build_mask(values: Cells, holds: Callable[[str], bool]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return a mask of the cells that are strings for which `holds` is true."""
    return np.fromiter((type(v) is str and holds(v) for v in values), bool, len(values))


def _parse_numbers(numbers: pd.Series) -> pd.Series:
    size = numbers.abs()
    unit = np.select([size > 1e17, size > 1e14, size > 1e11], [1e9, 1e6, 1e3], 1.0)
    times: pd.Series = pd.to_datetime(numbers / unit, unit="s", utc=True, errors="coerce")
    return times.astype("datetime64[us, UTC]")


def _describe_time_problem(value: object, time: Any) -> str:
    if value is None:
        return "missing"
    if not isinstance(value, str):
        return "not text"
    if pd.isna(time):
        naive = pd.notna(pd.to_datetime(f"{value}Z", format="ISO8601", errors="coerce"))
        return "no time zone" if naive else "not a timestamp"
    return "no microseconds" if value.endswith("Z") else "an offset instead of Z"


def _parse_level(value: object) -> str | None:
    if isinstance(value, str):
        return _LEVEL_OF.get(value.lower())
    return _LEVEL_OF.get(value) if isinstance(value, int) else None


def _describe_level_problem(value: object) -> str | None:
    if value is None:
        return "missing"
    if isinstance(value, str) and value in LEVELS:
        return None
    return "unknown level" if _parse_level(value) is None else "not in SecureNet's spelling"
