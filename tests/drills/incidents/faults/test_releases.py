"""A broken release fails in its block, and the former one runs after it."""

import pytest

from securenet_obs.drills.incidents.faults import releases
from securenet_obs.drills.load import Load
from securenet_obs.probes.logs.outcomes import read_releases
from securenet_obs.stack import LocalStack


@pytest.mark.slow
def test_the_former_release_runs_after_the_block(stack: LocalStack) -> None:
    """Also if no runbook has rolled it back."""
    log = str(stack.parts["api"].log)
    former = read_releases(log)
    with releases.release_broken_api(stack):
        assert read_releases(log) == {"securenet-api": releases.BROKEN}
    assert stack.parts["api"].is_running()
    load = Load(stack.environment)
    load.submit(2)
    assert [row.outcome for row in load.submitted] == ["accepted", "accepted"]
    assert read_releases(log) == former
