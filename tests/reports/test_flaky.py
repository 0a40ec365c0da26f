"""Flaky notebooks: the verdict changed under equal conditions, among the last 20 judged runs."""

import pytest

from securenet_obs.reports.flaky import LAST, find_flaky
from securenet_obs.reports.runs import ReportedRun
from tests.reports.conftest import make_run

PASSED, FAILED = {}, {"fail": 0}  # type: ignore[var-annotated]


def runs_of(*rows: dict[str, object]) -> list[ReportedRun]:
    """Return runs an hour apart."""
    return [make_run(number, **row) for number, row in enumerate(rows)]


def test_a_verdict_that_changes_without_a_cause_is_flaky() -> None:
    """The latest change is shown with the runs before and after it."""
    runs = runs_of(PASSED, FAILED, PASSED, PASSED)
    (flaky,) = find_flaky([runs])
    assert (flaky.changes, flaky.runs) == (2, 4)
    assert (flaky.before, flaky.after) == (runs[1], runs[2])


@pytest.mark.parametrize(
    "cause",
    [
        {"manifest": {"commit": "another"}},
        {"manifest": {"target": {"name": "staging.env", "LOG_LEVEL": "DEBUG"}}},
        {"sources": "another"},
        {"parameters": {"deadline_s": 60.0}},
        {"limits": {"deadline_s": 480.0, "cell_deadline_s": 120.0}},
    ],
)
def test_a_change_with_a_cause_is_not_flaky(cause: dict[str, object]) -> None:
    """Code, settings, parameters; a raised deadline is a change as well."""
    assert find_flaky([runs_of(FAILED, FAILED, cause, cause)]) == []


def test_a_cause_that_is_taken_back_explains_no_change() -> None:
    """The runs before and after it had equal conditions."""
    cause = {"sources": "another"}
    (flaky,) = find_flaky([runs_of(PASSED, cause, FAILED)])
    assert flaky.changes == 1
    assert find_flaky([runs_of(PASSED, cause | FAILED, PASSED)]) == []


def test_only_the_last_runs_count() -> None:
    """A change before them is forgotten."""
    assert find_flaky([runs_of(FAILED, *[PASSED] * LAST)]) == []
    assert len(find_flaky([runs_of(FAILED, *[PASSED] * (LAST - 1))])) == 1


def test_runs_that_judged_nothing_do_not_count() -> None:
    """A person's Ctrl-C or a target without the need is no verdict on the target."""
    stopped, skipped = {"verdict": "interrupted"}, {"verdict": "skipped"}
    assert find_flaky([runs_of(PASSED, stopped, skipped, PASSED)]) == []


def test_the_most_unstable_comes_first() -> None:
    """Notebooks are sorted by the number of changes."""
    calm = [make_run(number, notebook="a", **each) for number, each in enumerate([PASSED, FAILED])]
    wild = [make_run(n, notebook="b", **each) for n, each in enumerate([PASSED, FAILED, PASSED])]
    assert [row.after.notebook for row in find_flaky([calm, wild])] == ["b", "a"]
