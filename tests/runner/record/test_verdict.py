"""Verdicts: their exit codes, the worst of several, and the precedence of their causes."""

from typing import Any

import pytest

from securenet_obs.errors import (
    EvidenceError,
    EvidenceNotFoundError,
    ForbiddenError,
    NotebookError,
    NotebookNotFoundError,
    ParametersError,
    RefusedError,
    SettingsError,
    StackError,
    UnreachableError,
)
from securenet_obs.runner.record.runs import CommandRecord
from securenet_obs.runner.record.verdict import Verdict, exit_code_for, judge, worst

STARTED = {"event": "run_started", "run": "r", "kind": "validation", "declared": ["a"]}
PASSED = {"event": "check", "run": "r", "cell": 1, "name": "a", "outcome": "passed"}
FAILED = {**PASSED, "outcome": "failed"}


def judged(*events: dict[str, Any], **started: Any) -> str:
    """Return the verdict for these events of a run."""
    rows = [{**STARTED, **started}, *({"run": "r", **event} for event in events)]
    return str(judge(CommandRecord().fold(rows).runs[0]).verdict)


def error(name: str, message: str = "") -> dict[str, Any]:
    return {"event": "cell_error", "cell": 2, "name": name, "message": message}


def swallowed(name: str, message: str = "") -> dict[str, Any]:
    return {**error(name, message), "event": "swallowed"}


def read_back(reason: str) -> dict[str, Any]:
    return {"event": "parameters_read", "cell": 1, "names": ["n"], "reason": reason}


ENDED = {"event": "ended"}


def test_exit_codes_are_those_of_the_design() -> None:
    """Each verdict has the exit code that DESIGN promises."""
    assert {str(verdict): verdict.exit_code for verdict in Verdict} == {
        "passed": 0, "skipped": 0, "failed": 1, "bad_parameters": 2, "error": 3, "timeout": 4,
        "kernel_died": 5, "refused": 6, "unreachable": 6, "interrupted": 130,
    }  # fmt: skip


def test_the_worst_of_several_counts() -> None:
    """The highest exit code is the worst; no runs at all count as passed."""
    assert worst([Verdict.PASSED, Verdict.UNREACHABLE, Verdict.FAILED]) == Verdict.UNREACHABLE
    assert worst([Verdict.INTERRUPTED, Verdict.KERNEL_DIED]) == Verdict.INTERRUPTED
    assert worst([]) == Verdict.PASSED


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["skipped", "passed"], "passed"),
        (["passed", "skipped"], "passed"),
        (["skipped", "failed", "skipped"], "failed"),
        (["skipped"], "error"),
        (["skipped", "skipped"], "error"),
    ],
)
def test_a_skipped_run_neither_passes_nor_fails_a_command(
    verdicts: list[str], expected: str
) -> None:
    """A skipped run does not count beside others; a command of skipped runs alone is an error."""
    assert worst(map(Verdict, verdicts)) == expected


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([PASSED, ENDED], "passed"),
        ([{"event": "skipped", "reason": "x"}], "skipped"),
        ([{"event": "skipped", "reason": "x"}, {"event": "unwritable", "reason": "y"}], "error"),
        ([FAILED, ENDED], "failed"),
        ([ENDED], "failed"),
        ([PASSED], "error"),
        ([PASSED, {"event": "child_exited", "fate": "exit status 1"}], "error"),
        ([FAILED, error("ChecksFailedError"), ENDED], "failed"),
        ([FAILED, error("ValueError"), ENDED], "error"),
        ([FAILED, error("UnreachableError"), ENDED], "unreachable"),
        ([FAILED, error("RefusedError"), ENDED], "refused"),
        ([FAILED, error("ForbiddenError"), ENDED], "refused"),
        ([PASSED, error("SystemExit", "0"), ENDED], "error"),
        ([error("KeyboardInterrupt"), {"event": "timeout", "reason": "x"}, ENDED], "timeout"),
        ([{"event": "kernel_died", "reason": "x"}], "kernel_died"),
        ([PASSED, ENDED, {"event": "interrupted", "reason": "x"}], "interrupted"),
        ([{"event": "timeout", "reason": "x"}, {"event": "interrupted", "reason": "y"}], "timeout"),
        ([PASSED, ENDED, {"event": "unwritable", "reason": "full"}], "error"),
        ([PASSED, swallowed("ValueError"), ENDED], "error"),
        ([PASSED, swallowed("UnreachableError"), ENDED], "unreachable"),
        ([PASSED, read_back(""), ENDED], "passed"),
        ([PASSED, read_back("n differs"), ENDED], "error"),
        ([FAILED, read_back("n differs"), ENDED], "error"),
        ([read_back("n differs"), {"event": "interrupted", "reason": "x"}], "interrupted"),
    ],
)
def test_the_cause_of_a_stop_precedes_failed_checks(
    events: list[dict[str, Any]], expected: str
) -> None:
    """A run that did not finish is never judged by its checks."""
    assert judged(*events) == expected


def test_a_foreign_notebook_passes_without_a_check_and_may_leave_cleanly() -> None:
    """`--plain` requires no check, and `sys.exit()` is a normal end, as in papermill."""
    plain = {"kind": "plain", "declared": []}
    assert judged(ENDED, **plain) == "passed"
    assert judged(error("SystemExit", "0"), ENDED, **plain) == "passed"
    assert judged(error("SystemExit", "1"), ENDED, **plain) == "error"


def test_a_validation_without_a_check_is_an_error_and_a_runbook_is_not() -> None:
    """A validation must judge a check; a runbook need not."""
    assert judged(ENDED, declared=[]) == "error"
    assert judged(ENDED, declared=[], kind="runbook") == "passed"


def test_a_clean_exit_does_not_hide_a_swallowed_error() -> None:
    """`sys.exit(0)` after an error that IPython swallowed is an error."""
    plain = {"kind": "plain", "declared": []}
    events = [swallowed("ValueError", "no"), error("SystemExit", "0"), ENDED]
    assert judged(*events, **plain) == "error"
    assert judged(*reversed(events[:2]), ENDED, **plain) == "error"


def test_parameters_that_were_to_be_read_back_and_were_not_are_an_error() -> None:
    """A missing read-back is an error; a cell that failed before it has its own verdict."""
    compared = {"compared": ["n"]}
    assert judged(PASSED, ENDED, **compared) == "error"
    assert judged(PASSED, read_back(""), ENDED, **compared) == "passed"
    assert judged(error("UnreachableError"), ENDED, **compared) == "unreachable"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotebookError("x"), 2),
        (NotebookNotFoundError("x"), 2),
        (ParametersError("x"), 2),
        (SettingsError("x"), 2),
        (EvidenceNotFoundError("x"), 2),
        (EvidenceError("x"), 3),
        (StackError("x"), 3),
        (ForbiddenError("x"), 6),
        (RefusedError("x"), 6),
        (UnreachableError("x"), 6),
    ],
)
def test_a_wrong_input_is_exit_code_2(error: Exception, code: int) -> None:
    """A user's wrong input exits with 2; failures of the machine or the target do not."""
    assert exit_code_for(error) == code


def test_a_failed_run_points_at_the_cell_of_its_first_failed_check() -> None:
    """The cell is that of the first failed check; without one it is the cell that raised."""
    concluded = {**error("ChecksFailedError", "1 of 1 checks failed: a"), "cell": 9}
    for events, cell, reason in (
        ([FAILED, concluded], 1, "failed: a"),
        ([PASSED, concluded], 9, "ChecksFailedError: 1 of 1 checks failed: a"),
    ):
        rows = [STARTED, *({"run": "r", **event} for event in events)]
        judgement = judge(CommandRecord().fold(rows).runs[0])
        assert (judgement.verdict, judgement.cell, judgement.reason) == ("failed", cell, reason)
