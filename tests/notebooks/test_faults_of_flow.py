"""Faults of secrets and tenants that no broken part makes: parameters, and a run's evidence."""

from pathlib import Path

import pytest

from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack
from tests.notebooks.runs import Run

SECRETS = "05_secrets_stay_out"
TENANTS = "06_tenants_stay_apart"
UNMASKED = """
from securenet_obs.runner.evidence import masking

masking.Masker.exact = masking.Masker.text = masking.Masker.source = lambda self, text: text
masking.redact = lambda value: value
"""
"""Start-up file of a run that stores its evidence unmasked."""


def test_without_a_fault_no_secret_is_in_the_evidence(run_notebook: Run) -> None:
    """The same stack passes without a fault, with the check that papermill skips."""
    done = run_notebook(SECRETS)
    assert (done.verdict, done.red) == (Verdict.PASSED, set())


def test_evidence_that_is_not_masked_is_noticed(tmp_path: Path, run_notebook: Run) -> None:
    """A run searches its own evidence for secrets before it ends."""
    (tmp_path / "sitecustomize.py").write_text(UNMASKED)
    done = run_notebook(SECRETS, environment={"PYTHONPATH": str(tmp_path)}, cold=True)
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no secret is in this run's evidence"})


@pytest.mark.slow
def test_a_sink_that_cannot_be_searched_is_noticed(stack: LocalStack, run_notebook: Run) -> None:
    """Without the API's log, no line with a secret could be found."""
    source = f"log_source={stack.environment['LOG_SOURCE']}/beat.log"
    done = run_notebook(SECRETS, "deadline_s=2", source)
    assert done.red == {"every sink was searched"}


@pytest.mark.slow
def test_tenants_that_are_served_in_turn_prove_nothing(run_notebook: Run) -> None:
    """Tenants can be mixed only while both are served."""
    done = run_notebook(TENANTS, "at_once=1", "rounds=2")
    assert done.red == {"both tenants were served at the same time"}
