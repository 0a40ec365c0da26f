"""Fixtures of the notebooks' tests: the session's stack, broken by a known fault for a block."""

from collections.abc import Mapping, Sequence

import pytest

from securenet_obs.drills import ValidationOutcome, ValidationRunner
from tests.notebooks.runs import Run


@pytest.fixture
def run_validation(run_notebook: Run) -> ValidationRunner:
    """Return the session's runner in the form that rehearsals of faults expect."""

    def run(
        notebook: str, parameters: Sequence[str], target: Mapping[str, str]
    ) -> ValidationOutcome:
        done = run_notebook(notebook, *parameters, environment=target)
        return ValidationOutcome(done.verdict.value, frozenset(done.red))

    return run
