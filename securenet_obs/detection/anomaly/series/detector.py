"""Judges the values of one series one after another, each by the values before it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from securenet_obs.detection.anomaly.series.baseline import LIMIT, Distance, distance
from securenet_obs.detection.anomaly.series.budget import LOWEST, AlarmBudget
from securenet_obs.detection.anomaly.series.deviations import Deviations
from securenet_obs.detection.anomaly.series.extremes import CONSTANTS, Constants, Excess, Extremes
from securenet_obs.detection.anomaly.series.reasons import explain, explain_distance

NO_VALUE = "no value"
"""Reason of a point that cannot be judged."""

_SILENT_SCORE = 0.49
_LEAST_SILENT_POINTS = 3


@dataclass(frozen=True)
class Judgement:
    """Judgement of one value.

    `strength` is the logarithm of the ratio to the largest deviations so far, 0 for an ordinary
    value; `score` is 0 to 1, an anomaly from 0.5. Only an anomaly has a `reason`, and the
    `expected` value that it names.
    """

    strength: float = 0.0
    anomaly: bool = False
    score: float = 0.0
    reason: str = ""
    expected: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return `score`, `anomaly` and `reason`."""
        return {"score": round(self.score, 4), "anomaly": self.anomaly, "reason": self.reason}


_ORDINARY = Judgement()
_MISSING = Judgement(reason=NO_VALUE)


class SeriesDetector:
    """Detects the anomalies of a series, value after value.

    With a number of alarms a week the threshold follows from the alarms so far, instead of that of
    the constants; the first day of a series has no alarms then.
    """

    def __init__(
        self, constants: Constants = CONSTANTS, alarms_per_week: float | None = None
    ) -> None:
        self._constants = constants
        self._budget = None if alarms_per_week is None else AlarmBudget(alarms_per_week)
        self._deviations = Deviations()
        self._extremes = Extremes(constants, least=0.0 if self._budget is None else LOWEST)
        self._days = 0.0
        self._silent_until = 0.0

    def judge(self, moment_s: float, value: float | None, *, rises_only: bool = False) -> Judgement:
        """Judge a value by the values before it, then learn it.

        Args:
            moment_s: time of the value in seconds since 1970.
            value: a finite number; None is a missing value, which is not learned.
            rises_only: a smaller value than usual is ordinary, as of a minute that is not over.
        """
        if value is None or not math.isfinite(value):
            return _MISSING
        unusual = self._distance(value)
        deviations = self._deviations.measure(moment_s, value)
        self._days += 1 / self._deviations.day.size
        excesses = self._extremes.compare(deviations, self._days, moment_s)
        if rises_only:
            excesses = [excess for excess in excesses if excess.deviation.is_rise]
            unusual = unusual if unusual and unusual.sigmas > 0 else None
        if self._budget is not None:
            return self._within_budget(self._budget, excesses, moment_s)
        if unusual is not None:
            strength = abs(unusual.sigmas) / LIMIT * self._constants.threshold
            return self._judgement(
                strength, lambda: (explain_distance(unusual, value), unusual.median)
            )
        strength = math.hypot(*(excess.weight for excess in excesses))
        return self._judgement(strength, lambda: explain(excesses))

    def expected(self, moment_s: float) -> float | None:
        """Return the value that is expected at a time; None without values."""
        return self._deviations.expected(moment_s)

    def speak(self) -> None:
        """End the silence after an anomaly."""
        self._silent_until = 0.0

    def _distance(self, value: float) -> Distance | None:
        """Return the distance from the baseline, which judges the first values of a series."""
        if self._days >= self._constants.first_days:
            return None
        return distance(value, self._deviations.day)

    def _judgement(self, strength: float, explain: Callable[[], tuple[str, float]]) -> Judgement:
        if strength == 0:
            return _ORDINARY
        score = 1 - 0.5 ** (strength / self._constants.threshold)
        if strength < self._constants.threshold:
            return Judgement(strength, False, score)
        if self._days < self._silent_until:
            return Judgement(strength, False, _SILENT_SCORE)
        self._be_silent()
        return Judgement(strength, True, score, *explain())

    def _within_budget(
        self, budget: AlarmBudget, excesses: list[Excess], moment_s: float
    ) -> Judgement:
        """Judge by the threshold of the budget; the strength is that of the largest deviation."""
        threshold = budget.advance(moment_s)
        if not excesses:
            return _ORDINARY
        strength = max(excess.weight for excess in excesses)
        score = 1 / (1 + math.exp(threshold - strength))
        if strength < threshold:
            return Judgement(strength, False, score)
        if self._days < self._silent_until:
            return Judgement(strength, False, _SILENT_SCORE)
        self._be_silent()
        budget.spend()
        return Judgement(strength, True, score, *explain(excesses))

    def _be_silent(self) -> None:
        point_days = 1 / self._deviations.day.size
        silence = max(self._constants.silence_days, _LEAST_SILENT_POINTS * point_days)
        # Half a point less, so that rounding does not move the end by one.
        self._silent_until = self._days + silence - point_days / 2

    def as_json(self) -> dict[str, Any]:
        """Return the state of the detector as JSON values; `restored` continues with it."""
        return {
            "days": self._days,
            "silent_until": self._silent_until,
            "deviations": self._deviations.as_json(),
            "largest": self._extremes.as_json(),
            "budget": self._budget and self._budget.as_json(),
        }

    @classmethod
    def restored(
        cls, state: Mapping[str, Any], constants: Constants = CONSTANTS
    ) -> "SeriesDetector":
        """Return a detector that continues where another one was."""
        budget = state["budget"]
        detector = cls(constants, budget and budget["per_week"])
        detector._budget = budget and AlarmBudget(**budget)
        detector._days, detector._silent_until = state["days"], state["silent_until"]
        detector._deviations = Deviations.restored(state["deviations"])
        least = LOWEST if budget else 0.0
        detector._extremes = Extremes(constants, state["largest"], least)
        return detector
