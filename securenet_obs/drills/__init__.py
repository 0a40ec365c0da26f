"""Drills inject a fault into a stack with tasks in flight, then count lost and doubled tasks."""

from securenet_obs.drills.catalog import DRILLS
from securenet_obs.drills.drill import Drill, DrillResult, Look, Said
from securenet_obs.drills.report import drill_data, drill_table
from securenet_obs.drills.running import Judge, drill_on, run_drill

__all__ = [
    "DRILLS",
    "Drill",
    "DrillResult",
    "Judge",
    "Look",
    "Said",
    "drill_data",
    "drill_on",
    "drill_table",
    "run_drill",
]
