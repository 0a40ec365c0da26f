"""The largest deviation of each kind so far, slowly forgotten; how far a new one exceeds it."""

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

from securenet_obs.detection.anomaly.series.deviations import Deviation

_MOST = 3.0
"""Largest logarithm of a ratio that counts: 20 times the largest deviation so far."""


@dataclass(frozen=True)
class Constants:
    """Constants of the detector; `python -m tests.detection.anomaly.table` shows their worth.

    Attributes:
        threshold: strength from which a value is an anomaly; 0.25 is 1.28 times the largest so far.
        forgetting: decrease of the logarithm of a largest deviation in a day of values.
        first_days: days of values until a kind of deviation counts.
        young_days: days of values until it counts in full.
        youth: factor of the logarithm of its age in `young_days`, by which it counts less before.
        silence_days: days of values after an anomaly without another one.
    """

    threshold: float = 0.25
    forgetting: float = 0.007
    first_days: float = 1.0
    young_days: float = 3.0
    youth: float = 0.6
    silence_days: float = 0.05


CONSTANTS = Constants()


class Excess(NamedTuple):
    """A deviation beyond the largest so far of its kind.

    `weight` is the logarithm of the `ratio` of both, less for a young kind. `before_s` is the time
    of the largest so far in seconds since 1970, None if it was noise. `days` of values have been
    compared.
    """

    deviation: Deviation
    ratio: float
    weight: float
    days: float
    before_s: float | None


@dataclass
class _Largest:
    """Largest deviation of one kind and direction; `scaled` makes up for the forgetting."""

    since_days: float
    scaled: float = 0.0
    moment_s: float = 0.0


class Extremes:
    """The largest deviations of one series.

    A new deviation counts if its weight is more than `least`; 0 is the largest so far.
    """

    def __init__(
        self,
        constants: Constants = CONSTANTS,
        rows: Iterable[Iterable[Any]] = (),
        least: float = 0.0,
    ) -> None:
        self._constants = constants
        self._least, self._least_ratio = least, math.exp(least)
        self._largest = {(kind, rises): _Largest(*rest) for kind, rises, *rest in map(list, rows)}

    def compare(
        self, deviations: Iterable[Deviation], days: float, moment_s: float
    ) -> list[Excess]:
        """Return the deviations of more than the least weight, and remember the largest.

        Args:
            deviations: those of one value.
            days: days of values so far.
            moment_s: time of the value.
        """
        growth = math.exp(self._constants.forgetting * days)
        found = []
        for deviation in deviations:
            key = (deviation.kind, deviation.size > 0)
            largest = self._largest.get(key) or self._begin(key, days)
            scaled = abs(deviation.size) * growth
            if scaled > self._least_ratio * largest.scaled:
                noise = deviation.noise * growth
                if scaled > noise:
                    found.append(self._excess(deviation, scaled, noise, largest, days))
                if scaled > largest.scaled:
                    largest.scaled, largest.moment_s = scaled, moment_s
        return [excess for excess in found if excess.weight > self._least]

    def as_json(self) -> list[list[Any]]:
        """Return the `rows` that restore this object."""
        return [[*key, *astuple(largest)] for key, largest in self._largest.items()]

    def _begin(self, key: tuple[str, bool], days: float) -> _Largest:
        for rises in (True, False):
            self._largest[key[0], rises] = _Largest(days)
        return self._largest[key]

    def _excess(
        self, deviation: Deviation, scaled: float, noise: float, largest: _Largest, days: float
    ) -> Excess:
        age = days - largest.since_days
        ratio = scaled / max(largest.scaled, noise)
        before_s = largest.moment_s if largest.scaled > noise else None
        return Excess(deviation, ratio, self._weight(ratio, age), age, before_s)

    def _weight(self, ratio: float, age_days: float) -> float:
        if age_days < self._constants.first_days:
            return -math.inf
        youth = self._constants.youth * math.log(age_days / self._constants.young_days)
        return min(_MOST, math.log(ratio)) + min(0.0, youth)
