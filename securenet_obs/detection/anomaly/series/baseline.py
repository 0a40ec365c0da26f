"""The robust baseline: distance of a value from the median in robust standard deviations."""

from typing import NamedTuple

from securenet_obs.detection.anomaly.series.window import Window

LIMIT = 6.0
"""Robust standard deviations from which a value is an anomaly."""

MIN_VALUES = 10
"""Number of values that a baseline needs."""

# Converts a median absolute deviation to the standard deviation of a normal distribution.
_MAD_TO_SIGMA = 1.4826

# Of a series with more than half equal values the deviation is 0.
_SHARE_OF_MEDIAN = 0.1 / LIMIT


class Distance(NamedTuple):
    """A value's distance from the median of others, in robust standard deviations, signed."""

    sigmas: float
    median: float
    values: int


def distance(value: float, others: Window) -> Distance | None:
    """Return the distance of a value from others; None if they are too few."""
    if len(others) < MIN_VALUES:
        return None
    median = others.median()
    scale = max(others.deviation() * _MAD_TO_SIGMA, abs(median) * _SHARE_OF_MEDIAN, 1e-9)
    return Distance((value - median) / scale, median, len(others))
