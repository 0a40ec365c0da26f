"""Drills inject faults into a stack under load, run validations, count lost and doubled tasks."""

from securenet_obs.drills.catalog import DRILLS
from securenet_obs.drills.drill import Drill, DrillResult, ExpectedAlarm, ValidationOutcome
from securenet_obs.drills.report import render_drill_table, serialise_drill_result
from securenet_obs.drills.running import ValidationRunner, run_drill, run_drill_on

__all__ = [
    "DRILLS",
    "Drill",
    "DrillResult",
    "ExpectedAlarm",
    "ValidationOutcome",
    "ValidationRunner",
    "render_drill_table",
    "run_drill",
    "run_drill_on",
    "serialise_drill_result",
]
