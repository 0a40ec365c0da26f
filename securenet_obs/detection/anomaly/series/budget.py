"""The alarm budget of a series: a threshold that follows from the alarms so far."""

from dataclasses import dataclass
from typing import Any

_WEEK_S = 7 * 86_400.0

# An alarm raises the threshold by this; the time in which one is due lowers it by as much. The
# number of alarms then differs from the budget by the change of the threshold over this, at most.
# Source: Gibbs and Candes, "Adaptive Conformal Inference Under Distribution Shift", 2021.
_STEP = 0.2

LOWEST, _HIGHEST = -4.0, 3.0
_FIRST = 0.25


@dataclass
class AlarmBudget:
    """Threshold of a detector that is to raise so many alarms a week."""

    per_week: float
    threshold: float = _FIRST
    latest_s: float | None = None

    def advance(self, moment_s: float) -> float:
        """Return the threshold at a time; it falls while no alarm is raised."""
        if self.latest_s is None:
            self.latest_s = moment_s
        due = self.per_week * max(0.0, moment_s - self.latest_s) / _WEEK_S
        self.threshold = max(LOWEST, self.threshold - _STEP * due)
        self.latest_s = max(self.latest_s, moment_s)
        return self.threshold

    def spend(self) -> None:
        """Raise the threshold after an alarm."""
        self.threshold = min(_HIGHEST, self.threshold + _STEP)

    def as_json(self) -> dict[str, Any]:
        """Return the arguments that restore this object."""
        return {
            "per_week": self.per_week,
            "threshold": self.threshold,
            "latest_s": self.latest_s,
        }
