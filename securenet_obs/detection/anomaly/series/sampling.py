"""The sampling step of a series: seconds between its values, learned from past intervals only."""

from statistics import median

DAY_S = 86_400.0

_INTERVALS = 51
_CHANGE = 1.25
"""Factor by which the median interval must change before the step does."""


class Sampling:
    """Learns the step as the median of the latest intervals; 300 s until there is an interval."""

    def __init__(self, step_s: float = 300.0, intervals: list[float] | None = None) -> None:
        self.step_s = step_s
        self._intervals = intervals or []

    def learn(self, interval_s: float) -> bool:
        """Learn from an interval, and return whether the step has changed."""
        if interval_s <= 0:
            return False
        intervals = self._intervals
        intervals.append(interval_s)
        number = len(intervals)
        if number < 2 * _INTERVALS and number not in {1, 4, 16, _INTERVALS}:
            return False
        del intervals[:-_INTERVALS]
        return self._follow(median(intervals))

    def _follow(self, step_s: float) -> bool:
        changed = max(step_s / self.step_s, self.step_s / step_s) > _CHANGE
        if changed:
            self.step_s = step_s
        return changed

    def as_json(self) -> dict[str, object]:
        """Return the arguments that restore this object."""
        return {"step_s": self.step_s, "intervals": list(self._intervals)}

    def points_in(self, seconds: float, at_least: int) -> int:
        """Return the number of values in so many seconds."""
        return max(at_least, round(seconds / self.step_s))
