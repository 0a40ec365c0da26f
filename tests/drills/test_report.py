"""A drill's result says what is wrong, in the table and as data."""

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
def test_anything_wrong_is_a_failure(change: dict[str, Any], verdict: str) -> None:
    """Nothing may be lost, doubled or a problem, and everything must have been counted in time."""
    assert replace(GOOD, **change).verdict == verdict


def shown(result: DrillResult) -> str:
    """Return the table with one result as a person reads it."""
    console = Console(width=200)
    with console.capture() as text:
        console.print(render_drill_table([result]))
    return text.get()


def test_the_table_has_a_row_for_each_drill() -> None:
    """A row tells what was accepted, lost, doubled, when it recovered, and who noticed."""
    head, row = shown(GOOD).splitlines()[:2]
    columns = ("drill", "accepted", "lost", "doubled", "recovery s")
    assert all(name in head for name in (*columns, "during the fault", "verdict"))
    assert row.split() == [
        *("worker-killed", "500", "0", "0", "12.3", "03", "failed", "passed"),
    ]


def test_the_table_names_what_is_missing() -> None:
    """The ids of tasks that were lost stand below the table, the first of them."""
    table = shown(replace(GOOD, lost=tuple(f"id-{number}" for number in range(9))))
    assert "worker-killed: lost: id-0, id-1, id-2 and 6 more" in table


def test_a_skipped_drill_says_why() -> None:
    """The reason stands below the table, as it is."""
    table = shown(DrillResult("clock-off", skipped="[not] here"))
    assert table.splitlines()[1].split() == ["clock-off", *"-----", "skipped"]
    assert "clock-off: [not] here" in table


def test_the_data_is_json() -> None:
    """Every field and the verdict are there, for a program."""
    data = json.loads(json.dumps(serialise_drill_result(GOOD)))
    assert (data["drill"], data["verdict"], data["in_flight"]) == ("worker-killed", "passed", 400)
