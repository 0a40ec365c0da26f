"""The result of a drill, as a table and as data."""

import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from securenet_obs.drills import DrillResult, render_drill_table, serialise_drill_result

GOOD = DrillResult(
    "worker-killed",
    accepted=500,
    in_flight=400,
    recovered_s=12.34,
    validations={"03_celery_round_trips_tasks": "failed"},
)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "passed"),
        ({"lost": ("a-task",)}, "failed"),
        ({"doubled": ("a-task",)}, "failed"),
        ({"recovered_s": None}, "failed"),
        ({"problems": ("it ran on",)}, "failed"),
        ({"unnoticed": ("02_logs_are_structured_json",)}, "failed"),
        ({"validations": {}}, "passed"),
        ({"skipped": "not here"}, "skipped"),
    ],
)
def test_any_problem_is_a_failure(change: dict[str, Any], verdict: str) -> None:
    """A lost or doubled batch, a problem or a missing recovery fails the drill."""
    assert replace(GOOD, **change).verdict == verdict


def render(result: DrillResult) -> str:
    """Return the rendered table with one result."""
    console = Console(width=200)
    with console.capture() as text:
        console.print(render_drill_table([result]))
    return text.get()


def test_table_has_a_row_for_each_drill() -> None:
    """A row has accepted, lost, doubled, recovery and the verdicts during the fault."""
    head, row = render(GOOD).splitlines()[:2]
    columns = ("drill", "accepted", "lost", "doubled", "recovery s")
    assert all(name in head for name in (*columns, "during the fault", "verdict"))
    assert row.split() == [
        *("worker-killed", "500", "0", "0", "12.3", "03", "failed", "passed"),
    ]


def test_table_lists_lost_tasks() -> None:
    """The first ids of lost tasks are listed below the table."""
    table = render(replace(GOOD, lost=tuple(f"id-{number}" for number in range(9))))
    assert "worker-killed: lost: id-0, id-1, id-2 and 6 more" in table


def test_skipped_drill_has_a_reason() -> None:
    """The reason is listed below the table, unchanged."""
    table = render(DrillResult("clock-off", skipped="[not] here"))
    assert table.splitlines()[1].split() == ["clock-off", *"-----", "skipped"]
    assert "clock-off: [not] here" in table


def test_data_is_json() -> None:
    """Every field and the verdict are included."""
    data = json.loads(json.dumps(serialise_drill_result(GOOD)))
    assert (data["drill"], data["verdict"], data["in_flight"]) == ("worker-killed", "passed", 400)
