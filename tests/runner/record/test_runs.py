"""Records: the state of each run, folded from the journal's events in their order."""

from typing import Any

from securenet_obs.runner.record.runs import CommandRecord


def test_a_failed_check_cannot_be_judged_away() -> None:
    """A check that is judged again keeps its place, and a failure with its cell."""
    started = {"event": "run_started", "run": "r", "kind": "validation", "declared": []}
    rows = [
        {"event": "check", "run": "r", "cell": 1, "name": "a", "outcome": "failed"},
        {"event": "check", "run": "r", "cell": 1, "name": "b", "outcome": "passed"},
        {"event": "check", "run": "r", "cell": 2, "name": "a", "outcome": "passed"},
        {"event": "check", "run": "r", "cell": 3, "name": "b", "outcome": "failed"},
        {"event": "check", "run": "another", "cell": 2, "name": "c", "outcome": "failed"},
    ]
    (record,) = CommandRecord().fold([started, *rows]).runs
    assert [(row.name, row.outcome) for row in record.checks] == [("a", "failed"), ("b", "failed")]
    assert (record.cell_of("a"), record.cell_of("b")) == (1, 3)


def test_an_event_that_is_not_ours_is_passed_over() -> None:
    """Foreign events, which a notebook can write to its journal, are ignored."""
    foreign: list[dict[str, Any]] = [
        {"event": "run_started"}, {"event": "cell_started", "run": "r"},
        {"event": "cell_finished", "run": "r", "cell": []}, {"event": "ended", "run": []},
        {"event": "check", "run": "r", "name": "x"},
    ]  # fmt: skip
    (record,) = CommandRecord().fold([{"event": "run_started", "run": "r"}, *foreign]).runs
    assert (record.run, record.cell, record.checks, record.ended) == ("r", None, [], False)


def test_a_record_grows_with_its_events() -> None:
    """Later events update the same run; the first `opened` has the facts."""
    record = CommandRecord()
    started = {"event": "run_started", "run": "r", "kind": "plain", "declared": []}
    run = record.fold([{"event": "opened", "id": "1"}, started]).run("r")
    assert (record.opened["id"], run.cell, record.closed) == ("1", None, False)
    record.fold([{"event": "cell_started", "run": "r", "cell": 1}, {"event": "opened", "id": "2"}])
    assert (record.opened["id"], run.cell) == ("1", 1)
    record.fold([{"event": "closed"}])
    assert record.closed
    assert record.runs == [run]
