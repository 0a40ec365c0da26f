"""Explains an anomaly in words: observed, expected, by how much, compared with which time."""

from collections.abc import Iterable
from datetime import UTC, datetime

from securenet_obs.detection.anomaly.series.baseline import Distance
from securenet_obs.detection.anomaly.series.extremes import Excess

# Kind of a deviation -> the names of a positive and of a negative one.
_NAMES = {
    "distance": ("rise above the day's median", "fall below the day's median"),
    "spread": ("rise above the day's usual spread", "fall below the day's usual spread"),
    "shift": ("rise of an hour's mean", "fall of an hour's mean"),
    "jump": ("jump up from the value before", "jump down from the value before"),
    "time of day": ("excess over the same time of day", "deficit to the same time of day"),
    "time of week": (
        "excess over the same time of the week",
        "deficit to the same time of the week",
    ),
    "hour of week": (
        "excess over the same hour of the week",
        "deficit to the same hour of the week",
    ),
    "quiet": ("steadiness of an hour", "steadiness of an hour"),
}


def explain(excesses: Iterable[Excess]) -> tuple[str, float]:
    """Return one sentence on the excess with the largest weight, and its expected value."""
    excess = max(excesses, key=lambda excess: excess.weight)
    deviation = excess.deviation
    name = _NAMES[deviation.kind][deviation.size < 0]
    values = _values(deviation.observed, deviation.expected)
    return f"{_comparison(excess, name)}: {values}", deviation.expected


def explain_distance(distance: Distance, value: float) -> str:
    """Return one sentence on a value that is far from the median of the values before it."""
    side = "above" if distance.sigmas > 0 else "below"
    return (
        f"{abs(distance.sigmas):.1f} robust standard deviations {side} the median of"
        f" {distance.values} values: {_values(value, distance.median)}"
    )


def _comparison(excess: Excess, name: str) -> str:
    if excess.before_s is None:
        return f"First {name} in {_days(excess.days)}"
    before = datetime.fromtimestamp(excess.before_s, UTC)
    return (
        f"{excess.ratio:.1f} times the largest {name} in {_days(excess.days)},"
        f" that of {before:%Y-%m-%d %H:%M}"
    )


def _days(days: float) -> str:
    return f"{days:.0f} days" if days >= 2 else f"{days * 24:.0f} hours"


def _values(observed: float, expected: float) -> str:
    return f"observed {_number(observed)}, expected {_number(expected)}"


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"
