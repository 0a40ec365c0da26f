"""Compares the timestamps of log lines with the wall clock."""

import math
from collections.abc import Mapping

import pandas as pd


def measure_clock_difference_s(
    lines: pd.DataFrame, windows: Mapping[str, tuple[pd.Timestamp, pd.Timestamp]]
) -> float:
    """Return how many seconds the farthest timestamp lies outside of its service's window.

    Args:
        lines: log lines with `service` and `timestamp`, as `log_frame` reads them.
        windows: service -> the times between which its lines were written, by our clock.

    Returns:
        0 if every timestamp is within its window; NaN without lines of these services, or if one
        of them has no timestamp with a time zone.
    """
    outside = [
        _seconds_outside(lines.loc[lines.service == service, "timestamp"], *window)
        for service, window in windows.items()
    ]
    seconds = pd.concat(outside)
    return float(seconds.max()) if len(seconds) and seconds.notna().all() else math.nan


def _seconds_outside(times: pd.Series, first: pd.Timestamp, last: pd.Timestamp) -> pd.Series:
    # A year beyond nanoseconds, beside a time that has them, makes a column of objects.
    times = times.astype("datetime64[us, UTC]")
    early, late = (first - times).dt.total_seconds(), (times - last).dt.total_seconds()
    # A missing time stays missing: it is later than both.
    outside: pd.Series = early.where(early >= late, late).clip(lower=0)
    return outside
