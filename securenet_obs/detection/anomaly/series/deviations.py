"""Deviations of a value from earlier ones: of the day, the hour, the same time of day and week."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from securenet_obs.detection.anomaly.series.sampling import DAY_S, Sampling
from securenet_obs.detection.anomaly.series.seasons import Season
from securenet_obs.detection.anomaly.series.window import Window

_SHARE_OF_RANGE = 0.01
"""Share of a series' range that is added to each scale: smaller deviations are noise."""

_QUIETEST = 0.001
"""Mean change, as a share of the range, below which a series is not quieter still."""

_GAP_HOURS = 3
_TINY = 1e-12


class Deviation(NamedTuple):
    """A deviation of one kind; `size` is signed, and is compared with others of its kind only.

    A size up to `noise` is ordinary in any series.
    """

    kind: str
    size: float
    noise: float
    observed: float
    expected: float

    @property
    def is_rise(self) -> bool:
        """Return whether the value is larger than expected."""
        return self.size > 0 and self.kind != "quiet"


class Deviations:
    """Measures each value of a series by the values before it, then learns the value.

    `day` holds the values of the latest day; its size follows the sampling step.
    """

    def __init__(self) -> None:
        self._sampling = Sampling()
        self.day = Window(1)
        self._changes = Window(1)
        self._hour: deque[float] = deque()
        self._hour_changes: deque[float] = deque()
        self._hour_excess: deque[float] = deque()
        self._by_day = Season(DAY_S, keep=7, least=3)
        self._by_week = Season(7 * DAY_S, keep=3, least=1)
        self._lowest = self._highest = 0.0
        self._moment_s: float | None = None
        self._value: float | None = None
        self._follows_closely = False
        self._resize()

    def measure(self, moment_s: float, value: float) -> list[Deviation]:
        """Return the deviations of a value that can be measured yet, and learn the value."""
        if self._value is None:
            self._lowest = self._highest = value
        self._follow(moment_s)
        change = value - (self._value or 0.0) if self._follows_closely else None
        self._hour.append(value)
        if change is not None:
            self._hour_changes.append(abs(change))
        found = [
            *self._from_the_day(value, change),
            *self._from_seasons(moment_s, value),
            *self._quiet(),
        ]
        self._learn(moment_s, value, change)
        return found

    def expected(self, moment_s: float) -> float | None:
        """Return the usual value at a time of the week, else of the day, else the day's median."""
        step_s = self._sampling.step_s
        for season in (self._by_week, self._by_day):
            usual = season.usual(moment_s, step_s)
            if usual is not None:
                return usual
        return self.day.median() if len(self.day) else None

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON values; `restored` continues with it."""
        return {
            "sampling": self._sampling.as_json(),
            "seasons": [self._by_day.as_json(), self._by_week.as_json()],
            "windows": [list(window) for window in self._windows()],
            "lowest": self._lowest,
            "highest": self._highest,
            "moment_s": self._moment_s,
            "value": self._value,
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> "Deviations":
        """Return deviations that continue where others were."""
        deviations = cls()
        deviations._sampling = Sampling(**state["sampling"])
        deviations._resize()
        for window, values in zip(deviations._windows(), state["windows"], strict=True):
            window.extend(values)
        seasons = zip((deviations._by_day, deviations._by_week), state["seasons"], strict=True)
        for season, slots in seasons:
            season.restore(slots)
        deviations._lowest, deviations._highest = state["lowest"], state["highest"]
        deviations._moment_s, deviations._value = state["moment_s"], state["value"]
        return deviations

    def _windows(self) -> tuple[Window | deque[float], ...]:
        return self.day, self._changes, self._hour, self._hour_changes, self._hour_excess

    def _follow(self, moment_s: float) -> None:
        """Learn the sampling step; after a gap forget the latest hour."""
        self._follows_closely = self._value is not None
        if self._moment_s is not None:
            interval_s = moment_s - self._moment_s
            if interval_s > _GAP_HOURS * (self._hour.maxlen or 1) * self._sampling.step_s:
                self._forget_hour()
            elif self._sampling.learn(interval_s):
                self._resize()
        self._moment_s = moment_s

    def _forget_hour(self) -> None:
        self._follows_closely = False
        for latest in (self._hour, self._hour_changes, self._hour_excess):
            latest.clear()

    def _resize(self) -> None:
        """Fit the windows to the sampling step; an hour has at least four values."""
        day, hour = self._sampling.points_in(DAY_S, 8), self._sampling.points_in(DAY_S / 24, 4)
        self.day, self._changes = Window(day, self.day), Window(day, self._changes)
        self._hour = deque(self._hour, hour)
        self._hour_excess = deque(self._hour_excess, hour)
        self._hour_changes = deque(self._hour_changes, 2 * max(hour, 6))

    def _from_the_day(self, value: float, change: float | None) -> Iterator[Deviation]:
        known = self.day.size // 8
        if len(self.day) >= known:
            median = self.day.median()
            yield Deviation("distance", value - median, self._noise(), value, median)
            spread = self.day.deviation() + self._noise()
            yield Deviation("spread", (value - median) / spread, 1.0, value, median)
            if is_full(self._hour):
                mean = mean_of(self._hour)
                yield Deviation("shift", mean - median, self._noise(), mean, median)
        if change is not None and len(self._changes) >= known:
            usual = self._changes.median() + self._noise()
            yield Deviation("jump", change / usual, 1.0, value, self._value or 0.0)

    def _from_seasons(self, moment_s: float, value: float) -> Iterator[Deviation]:
        usual = self._by_day.usual(moment_s, self._sampling.step_s)
        if usual is not None:
            yield Deviation("time of day", value - usual, self._noise(), value, usual)
        usual = self._by_week.usual(moment_s, self._sampling.step_s)
        if usual is not None:
            yield Deviation("time of week", value - usual, self._noise(), value, usual)
            self._hour_excess.append(value - usual)
            if is_full(self._hour_excess):
                excess = mean_of(self._hour_excess)
                yield Deviation("hour of week", excess, self._noise(), usual + excess, usual)

    def _quiet(self) -> Iterator[Deviation]:
        span = self._highest - self._lowest
        if span > 0 and is_full(self._hour_changes):
            mean = mean_of(self._hour_changes)
            steadiness = span / (mean + _QUIETEST * span)
            yield Deviation("quiet", steadiness, 1.0, mean, self._changes.median())

    def _noise(self) -> float:
        return _SHARE_OF_RANGE * (self._highest - self._lowest) + _TINY

    def _learn(self, moment_s: float, value: float, change: float | None) -> None:
        self.day.push(value)
        if change is not None:
            self._changes.push(abs(change))
        self._by_day.learn(moment_s, self._sampling.step_s, value)
        self._by_week.learn(moment_s, self._sampling.step_s, value)
        self._lowest, self._highest = min(self._lowest, value), max(self._highest, value)
        self._value = value


def is_full(latest: deque[float]) -> bool:
    """Return whether a bounded queue holds as many values as it can."""
    return len(latest) == latest.maxlen


def mean_of(latest: deque[float]) -> float:
    """Return the mean of the values."""
    return sum(latest) / len(latest)
