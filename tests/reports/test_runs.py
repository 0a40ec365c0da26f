"""A run as reports know it, read from run.json."""

from typing import Any

import pytest

from securenet_obs.reports.runs import MAX_REASON, read_runs
from tests.reports.conftest import make_run


def test_a_run_has_its_facts() -> None:
    """Verdict, checks, first failing check, day, page and the durations that checks observed."""
    run = make_run(25, fail=0, seconds=2.5)
    assert (run.verdict, run.passed, run.failed, run.failing) == ("failed", 1, 1, "it arrives")
    assert (run.day, run.seconds, run.target) == ("2026-08-02", 2.5, "staging.env")
    assert run.page == "report/runs/command-25--01_a_claim.html"
    assert run.latencies == {"it is fast": 0.25}


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        ("0.042 s", {"c": 0.042}),
        ("1 s ago", {"c": 1.0}),
        ("redis-down: 0.157 s, beat: 1 s", {"c: redis-down": 0.157, "c: beat": 1.0}),
        ("3 of 4 s", {}),
        ("1 s, 2 others", {}),
        ("s", {}),
        ("", {}),
    ],
)
def test_durations_are_read_from_observed_values(observed: str, expected: dict[str, float]) -> None:
    """A value counts if all of it is a duration, with or without a name."""
    check = {"name": "c", "outcome": "passed", "expected": "", "observed": observed}
    checks = {"passed": 1, "failed": 0, "skipped": 0, "rows": [check]}
    assert make_run(checks=checks).latencies == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"run": "../x"},
        {"run": ".x"},
        {"run": None},
        {"checks": None},
        {"started": "x"},
        {"seconds": "x"},
    ],
)
def test_an_object_that_is_not_a_run_is_left_out(changed: dict[str, Any]) -> None:
    """Also one whose name would leave the site's folder; the others are read."""
    row = {
        "run": "a", "notebook": "a", "verdict": "passed", "started": "2026-01-01T00:00:00Z",
        "checks": {"passed": 0, "failed": 0, "skipped": 0, "rows": []},
    }  # fmt: skip
    broken = row | changed
    assert [run.run for run, _ in read_runs("c", {"runs": [broken, 7, row]})] == ["a"]
    assert list(read_runs("c", {"runs": "x"})) == []


def test_a_run_that_was_never_judged_is_interrupted() -> None:
    """A long reason is cut; a kind that is not recorded follows from the folder."""
    run = make_run(verdict=None, reason="x" * 999, kind=None, path="runbooks/a.ipynb")
    assert (run.verdict, len(run.reason), run.kind) == ("interrupted", MAX_REASON, "runbook")
    assert not run.is_judged
