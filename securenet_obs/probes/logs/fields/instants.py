"""Points in time as seconds and nanoseconds since 1970, and the column that holds them exactly."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999, as seconds since 1970; Python's datetime has no others."""

_NS_SECONDS = 9_223_372_036
"""Seconds around 1970 that 64 bits of nanoseconds hold: the years 1678 to 2261."""

Integers = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Instants(NamedTuple):
    """A point in time for each row where `is_known`."""

    seconds: Integers
    nanoseconds: Integers
    is_known: Mask


def build_time_column(instants: Instants) -> pd.Series:
    """Return the times in UTC: datetime64[us], or datetime64[ns] if one of them needs it.

    If one of them needs nanoseconds and one lies outside of the years 1678 to 2261, which 64 bits
    do not hold together, the column consists of `pd.Timestamp` objects, each with its own unit.
    """
    seconds, nanoseconds, is_known = instants
    if not (nanoseconds[is_known] % 1000).any():
        return _build(seconds * 10**6 + nanoseconds // 1000, is_known, "us")
    if (np.abs(seconds[is_known]) < _NS_SECONDS).all():
        seconds = np.where(is_known, seconds, 0)
        return _build(seconds * 10**9 + nanoseconds, is_known, "ns")
    rows = zip(seconds.tolist(), nanoseconds.tolist(), is_known.tolist(), strict=True)
    return pd.Series([_build_timestamp(*row) for row in rows], dtype=object)


def _build(numbers: Integers, is_known: Mask, unit: str) -> pd.Series:
    times = numbers.astype(f"datetime64[{unit}]")
    times[~is_known] = np.datetime64("NaT")
    return pd.Series(times).dt.tz_localize("UTC")


def _build_timestamp(seconds: int, nanoseconds: int, is_known: bool) -> Any:
    if not is_known:
        return pd.NaT
    if abs(seconds) < _NS_SECONDS:
        return pd.Timestamp(seconds * 10**9 + nanoseconds, unit="ns", tz="UTC")
    # pandas has no nanoseconds for such a year.
    return pd.Timestamp(np.datetime64(seconds * 10**6 + nanoseconds // 1000, "us"), tz="UTC")
