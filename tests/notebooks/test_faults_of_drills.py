"""Faults in drill results: 09 receives each as the command's output, since none can be caused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.record.verdict import Verdict
from tests.notebooks.faults import Run

PROJECT = Path(__file__).parents[2]
DRILLS = "09_the_stack_survives_faults"

FOUND: dict[str, dict[str, Any]] = {
    "every drill ran": {"skipped": "there is no /dev/full"},
    "no task is lost": {"lost": ("a-task",)},
    "no effect is doubled": {"doubled": ("a-task",)},
    "the stack recovers in time": {"recovered_s": None},
    "no validation passes during a fault": {"unnoticed": ("02_logs_are_structured_json",)},
    "no other problem occurs": {"problems": ("worker ran on for 8 s",)},
}
"""Check -> the drill result that turns it red."""

INSTEAD = """
import sys
if "drill" in sys.orig_argv:
    from securenet_obs import drills
    whole = dict(accepted=9, in_flight=8, recovered_s=1.0)
    drills.run_drill = lambda name, **_: drills.DrillResult(name, **{**whole, **%r})
"""


@pytest.mark.parametrize("check", FOUND)
def test_findings_of_a_drill_turn_their_checks_red(
    check: str, tmp_path: Path, warm: Callable[[], str], run_notebook: Run
) -> None:
    """One problem in a drill's result fails one check."""
    (tmp_path / "sitecustomize.py").write_text(INSTEAD % FOUND[check])
    # The command would start its own server for validations that this test does not run.
    done = run_notebook(DRILLS, environment={"PYTHONPATH": str(tmp_path), SOCKET: warm()})
    assert (done.verdict, done.red) == (Verdict.FAILED, {check})


def test_every_check_has_a_fault() -> None:
    """Every declared check has a fault, since a check that cannot fail is a defect."""
    assert set(FOUND) == set(find(PROJECT, DRILLS).declared.checks)


def test_any_other_target_than_a_local_stack_is_refused(run_notebook: Run) -> None:
    """Drills run on a local stack only: a fault there proves nothing about another environment."""
    done = run_notebook(DRILLS, environment={"ENVIRONMENT": "production"})
    assert (done.verdict, done.red) == (Verdict.ERROR, set())
    assert "drills run on local stacks only" in done.text
