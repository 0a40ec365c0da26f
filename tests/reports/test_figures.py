"""Figures: median, 95th percentile, first failing checks by frequency."""

import statistics

from securenet_obs.reports.figures import (
    LAST,
    collect_latencies,
    count_first_failures,
    summarise,
    summarise_durations,
    summarise_latencies,
)
from tests.reports.conftest import make_run


def test_median_and_percentile() -> None:
    """They are those of the definition; one value is both, and no value has none."""
    values = [float(number) for number in range(100, -1, -1)]
    figure = summarise(values)
    assert figure is not None
    assert (figure.number, figure.median, figure.p95, figure.last) == (101, 50.0, 95.0, 0.0)
    assert summarise([4.0]) == type(figure)(1, 4.0, 4.0, 4.0)
    assert summarise([]) is None


def test_durations_are_those_of_the_last_judged_runs() -> None:
    """Interrupted runs and older ones do not count."""
    runs = [make_run(0, seconds=999.0)] + [make_run(n, seconds=float(n)) for n in range(LAST)]
    runs.append(make_run(LAST, seconds=777.0, verdict="interrupted"))
    figure = summarise_durations(runs)
    assert figure is not None
    assert (figure.number, figure.last) == (LAST, LAST - 1)
    assert figure.median == statistics.median(range(LAST))


def test_latencies_are_by_check() -> None:
    """Each check that observed a duration has its own."""
    runs = [make_run(0), make_run(1)]
    assert [seconds for _, seconds in collect_latencies(runs)["it is fast"]] == [0.25, 0.25]
    assert {name: row.p95 for name, row in summarise_latencies(runs).items()} == {
        "it is fast": 0.25
    }


def test_first_failing_checks_are_counted() -> None:
    """A run counts once, for its first failing check, or else for its verdict and cell."""
    runs = [make_run(n, fail=place) for n, place in enumerate((0, 1, 1))]
    runs += [make_run(3), make_run(4, verdict="timeout", cell=5), make_run(5, verdict="skipped")]
    rows = count_first_failures(runs)
    found = [(row.check, row.verdict, row.number, row.share) for row in rows]
    assert found[0] == ("it is fast", "failed", 2, 0.5)
    assert sorted(found[1:]) == [("", "timeout", 1, 0.25), ("it arrives", "failed", 1, 0.25)]
    assert rows[0].latest == runs[2]
