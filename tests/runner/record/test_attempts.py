"""Attempts: the last of an order counts, and a notebook that never started has not passed."""

from typing import Any

from securenet_obs.runner.record.attempts import attempts, never_started, overall
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.verdict import Verdict


def record(run: str, verdict: str = "", first: str = "") -> RunRecord:
    started: dict[str, Any] = {"notebook": first or run, "first": first or run}
    return RunRecord(run, started, judged={"verdict": verdict} if verdict else None)


def test_the_last_attempt_of_an_order_counts() -> None:
    """A retry that passed makes the order pass, whatever ran in between."""
    runs = [record("a", "failed"), record("b", "passed"), record("a2", "passed", "a")]
    groups = attempts(runs)
    assert [group.final.run for group in groups] == ["a2", "b"]
    assert [row.run for row in groups[0].earlier] == ["a"]
    assert overall(runs, {}) == Verdict.PASSED
    assert overall(runs[:2], {}) == Verdict.FAILED


def test_a_run_without_a_verdict_and_a_notebook_never_started_are_interrupted() -> None:
    """A killed command is interrupted, even if all of its finished runs passed."""
    assert overall([record("a", "passed"), record("b")], {}) == Verdict.INTERRUPTED
    planned = {"planned": [{"path": "/x/a.ipynb"}, {"path": "/y/a.ipynb"}, {"path": "b.ipynb"}]}
    runs = [record("a", "passed"), record("b", "passed")]
    assert never_started(runs, planned) == ["a"]
    assert overall(runs, planned) == Verdict.INTERRUPTED
    assert overall([], planned) == Verdict.INTERRUPTED


def test_evidence_that_cannot_be_written_is_an_error() -> None:
    """A passed run is an error if its evidence cannot be written."""
    assert overall([record("a", "passed")], {}, "disk full") == Verdict.ERROR
