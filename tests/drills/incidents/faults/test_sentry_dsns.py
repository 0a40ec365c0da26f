"""The fault of the worker's DSN is there in its block, and gone after it."""

import pytest

from securenet_obs.drills.incidents.faults.sentry_dsns import give_worker_wrong_dsn
from securenet_obs.probes.logs.losses import read_losses
from securenet_obs.stack import LocalStack


@pytest.mark.slow
def test_the_worker_has_its_dsn_after_the_block(stack: LocalStack) -> None:
    """Also if no runbook has restarted it."""
    log = str(stack.parts["worker"].log)
    with give_worker_wrong_dsn(stack):
        assert [row.reasons for row in read_losses(log, 60)] == ["network_error"]
    assert stack.parts["worker"].is_running()
    assert stack.parts["worker"].environment["SENTRY_DSN"] == stack.environment["SENTRY_DSN"]
    assert [row.reasons for row in read_losses(log, 60)] == [""]
