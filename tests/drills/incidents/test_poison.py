"""Faults of poisonous tasks leave a whole worker; the runbook's test uses both."""

from securenet_obs.drills.incidents import poison
from securenet_obs.workers.celery_fixes.requests import STARTS_KEY


def test_the_key_is_that_of_the_workers() -> None:
    """Otherwise the fault would wait for nothing."""
    assert STARTS_KEY.format(task_id="t1") == poison.STARTS_KEY.format("t1")
