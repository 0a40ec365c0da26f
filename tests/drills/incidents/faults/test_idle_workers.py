"""Faults of idle workers leave a worker that executes tasks; the runbook's test uses them."""

import pytest

from securenet_obs.drills.incidents.faults.idle_workers import cancel_consumers
from securenet_obs.probes.health.worker import probe_worker
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack
from securenet_obs.stack.parts.readiness import WORKER


@pytest.mark.slow
def test_a_worker_without_consumers_works_again_after_the_block(stack: LocalStack) -> None:
    """Also if no runbook has restarted it."""
    settings = Settings(**{name.lower(): value for name, value in stack.environment.items()})
    with cancel_consumers(stack):
        assert "although the worker answers" in probe_worker(settings, WORKER, 0.5).observed
    assert probe_worker(settings, WORKER, 60.0).is_healthy
