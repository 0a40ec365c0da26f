"""Doubt: is a validation worth anything? Which of the known faults does it notice?"""

from securenet_obs.drills.doubt.catalog import FAULTS, KNOWN_FAULTS
from securenet_obs.drills.doubt.doubting import Doubt, Rehearsal, doubt, rehearse
from securenet_obs.drills.doubt.known_fault import Alarm, KnownFault

__all__ = [
    "FAULTS",
    "KNOWN_FAULTS",
    "Alarm",
    "Doubt",
    "KnownFault",
    "Rehearsal",
    "doubt",
    "rehearse",
]
