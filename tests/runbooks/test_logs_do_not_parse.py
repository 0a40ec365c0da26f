"""The runbook for logs that do not parse leads from a process in another format to JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from securenet_obs.drills.incidents import Proof
from securenet_obs.runner.record.verdict import Verdict


def test_it_switches_the_format_back(prove_runbook: Callable[[str], Proof]) -> None:
    """Its row applies alone, the confirmed restart is done, and new lines are JSON."""
    proof = prove_runbook("logs-in-console-format")
    assert (proof.problem, proof.outcome) == ("", "passed")


def test_a_healthy_stack_needs_no_action(run_notebook: Callable[..., Any]) -> None:
    """No row applies, no action is offered, and the run passes."""
    done = run_notebook("logs_do_not_parse")
    assert (done.verdict, done.red) == (Verdict.PASSED, set())
    assert "DRY RUN" not in done.text


def test_lines_of_another_program_are_left_to_a_person(
    run_notebook: Callable[..., Any], tmp_path: Path
) -> None:
    """The run ends open, with the command that lists the lines."""
    (tmp_path / "worker.log").write_text("Segmentation fault\n")
    done = run_notebook("logs_do_not_parse", f"source={tmp_path / 'worker.log'}")
    assert (done.verdict, done.red) == (Verdict.FAILED, {"no step is open"})
    assert "securenet-obs logs check" in done.text
