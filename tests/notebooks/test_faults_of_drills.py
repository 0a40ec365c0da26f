"""The faults of what drills find: each is told to 09 as the command would, for none can be made."""

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
"""Check -> what a drill has found that turns it red."""

INSTEAD = """
import sys
if "drill" in sys.orig_argv:
    from securenet_obs import drills
    whole = dict(accepted=9, in_flight=8, recovered_s=1.0)
    drills.run_drill = lambda name, **_: drills.DrillResult(name, **{**whole, **%r})
"""


@pytest.mark.parametrize("check", FOUND)
def test_what_a_drill_finds_turns_its_check_red(
    check: str, tmp_path: Path, warm: Callable[[], str], run_notebook: Run
) -> None:
    """One thing found, one red check."""
    (tmp_path / "sitecustomize.py").write_text(INSTEAD % FOUND[check])
    # The command would start a server of its own for validations that it is not going to run.
    done = run_notebook(DRILLS, environment={"PYTHONPATH": str(tmp_path), SOCKET: warm()})
    assert (done.verdict, done.red) == (Verdict.FAILED, {check})


def test_every_check_has_a_fault() -> None:
    """A check that cannot fail is a defect."""
    assert set(FOUND) == set(find(PROJECT, DRILLS).declared.checks)


def test_any_other_target_than_a_local_stack_is_refused(run_notebook: Run) -> None:
    """Nothing is broken for the sake of an environment that it says nothing about."""
    done = run_notebook(DRILLS, environment={"ENVIRONMENT": "production"})
    assert (done.verdict, done.red) == (Verdict.ERROR, set())
    assert "drills run on local stacks only" in done.text
