"""Doctor: finds what this machine or a target lacks, and the command that mends each lack."""

from securenet_obs.doctor.diagnosis import Diagnosis, count_missing
from securenet_obs.doctor.machine import examine_machine
from securenet_obs.doctor.reachability import examine_parts
from securenet_obs.doctor.target_settings import examine_settings

__all__ = [
    "Diagnosis",
    "count_missing",
    "examine_machine",
    "examine_parts",
    "examine_settings",
]
