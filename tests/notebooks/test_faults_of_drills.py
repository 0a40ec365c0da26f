"""Faults in drill results: 09 receives each as the command's output, since none can be caused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.record.verdict import Verdict
from tests.notebooks.runs import Run

PROJECT = Path(__file__).parents[2]
DRILLS = "09_the_stack_survives_faults"

SKIPPED = ({"skipped": "there is no /dev/full"}, {"every drill ran"})
BROKEN = (
    {
        "lost": ("a-task",),
        "doubled": ("a-task",),
        "recovered_s": None,
        "unnoticed": ("02_logs_are_structured_json",),
        "problems": ("worker ran on for 8 s",),
    },
    {
        "no task is lost",
        "no effect is doubled",
        "the stack recovers in time",
        "no validation passes during a fault",
        "no other problem occurs",
    },
)
"""Fields of a drill result, and the checks that they turn red."""

INSTEAD = """
import sys
if "drill" in sys.orig_argv:
    from securenet_obs import drills
    whole = dict(accepted=9, in_flight=8, recovered_s=1.0)
    drills.run_drill = lambda name, **_: drills.DrillResult(name, **{**whole, **%r})
"""


@pytest.mark.parametrize(("found", "red"), [SKIPPED, BROKEN], ids=["skipped", "broken"])
def test_findings_of_a_drill_turn_their_checks_red(
    found: dict[str, Any],
    red: set[str],
    tmp_path: Path,
    warm: Callable[[], str],
    run_notebook: Run,
) -> None:
    """Problems in a drill's result fail their checks, and no others."""
    (tmp_path / "sitecustomize.py").write_text(INSTEAD % found)
    # The command would start its own server for validations that this test does not run.
    done = run_notebook(DRILLS, environment={"PYTHONPATH": str(tmp_path), SOCKET: warm()})
    assert (done.verdict, done.red) == (Verdict.FAILED, red)


def test_every_check_has_a_fault() -> None:
    """Every declared check has a fault, since a check that cannot fail is a defect."""
    assert SKIPPED[1] | BROKEN[1] == set(find(PROJECT, DRILLS).declared.checks)


def test_any_other_target_than_a_local_stack_is_refused(run_notebook: Run) -> None:
    """Drills run on a local stack only: a fault there proves nothing about another environment."""
    done = run_notebook(DRILLS, environment={"ENVIRONMENT": "production"})
    assert (done.verdict, done.red) == (Verdict.ERROR, set())
    assert "drills run on local stacks only" in done.text
