"""Constants of the detector, the same for every series; chosen on the Numenta benchmark."""

from dataclasses import dataclass


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
