"""The matrix of notebooks and days."""

from securenet_obs.reports.matrix import DAYS, build_matrix, count_not_passed
from tests.reports.conftest import make_run


def test_a_day_has_its_worst_verdict() -> None:
    """The cell links to the latest run with it, and has the counts in words."""
    runs = [make_run(0, fail=0), make_run(1, fail=0), make_run(2), make_run(24)]
    matrix = build_matrix({runs[0].group: runs})
    (cells,) = matrix.rows.values()
    assert len(cells) == len(matrix.days) == DAYS
    assert matrix.days[:2] == ("2026-08-02", "2026-08-01")
    second, first = cells[:2]
    assert first is not None
    assert second is not None
    assert first.run == runs[1]
    assert first.description == "failed, 1 of 3 runs passed"
    assert second.description == "passed"
    assert set(cells[2:]) == {None}


def test_a_notebook_without_a_recent_run_has_no_row() -> None:
    """Its latest verdict is in the other table."""
    old, new = make_run(0, notebook="old"), make_run(24 * DAYS)
    assert list(build_matrix({old.group: [old], new.group: [new]}).rows) == [new.group]
    assert build_matrix({}).days == ()


def test_failures_are_counted_by_day() -> None:
    """Runs that judged nothing do not count."""
    runs = [make_run(0, fail=0), make_run(1), make_run(2, verdict="interrupted"), make_run(24)]
    days = ("2026-08-01", "2026-08-02")
    assert count_not_passed(runs, days) == {"2026-08-01": 1, "2026-08-02": 0}
