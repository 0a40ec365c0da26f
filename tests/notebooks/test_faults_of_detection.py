"""The validation of detection runs on local stacks only."""

from securenet_obs.runner.record.verdict import Verdict
from tests.notebooks.runs import Run

DETECTION = "10_detection_is_right"


def test_any_other_target_than_a_local_stack_is_refused(run_notebook: Run) -> None:
    """The notebook changes the store of its target."""
    done = run_notebook(DETECTION, environment={"ENVIRONMENT": "production"})
    assert (done.verdict, done.red) == (Verdict.ERROR, set())
    assert "on local stacks only" in done.text
