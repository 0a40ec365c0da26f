"""Faults of tasks that run twice; the runbook's test uses both."""

from securenet_obs.drills.incidents.faults.double_runs import SHORT_S
from securenet_obs.workers.celery_app import TASK_TIME_LIMIT_S


def test_the_short_timeout_is_below_the_limit() -> None:
    """Otherwise no task would be delivered again while it runs."""
    assert SHORT_S < TASK_TIME_LIMIT_S
