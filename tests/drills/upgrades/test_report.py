"""The report of a rehearsed upgrade: a table at 80 columns, and the same as plain data."""

import json

from rich.console import Console

from securenet_obs.drills.upgrades import Rehearsal, Trial, render_rehearsal, serialise_rehearsal

MOVED = {"kombu": ("5.6.2", "5.7.0"), "six": ("", "1.17")}
TODAY = (Trial("today", "validation a", "passed"), Trial("today", "drill c", "passed"))


def render(*trials: Trial) -> list[str]:
    """Return the lines of the table."""
    console = Console(width=80, record=True)
    console.print(render_rehearsal(Rehearsal(MOVED, trials)))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_the_table_has_a_column_for_each_combination() -> None:
    """A trial that did not take place is a dash; the moved packages come before the failures."""
    lines = render(*TODAY, Trial("all new", "drill c", "failed", "lost: 3"))
    assert [line.split() for line in lines[:3]] == [
        ["today", "all", "new"],
        ["validation", "a", "passed", "-"],
        ["drill", "c", "passed", "failed"],
    ]
    assert lines[3:] == [
        "kombu 5.6.2 -> 5.7.0",
        "six (not installed) -> 1.17",
        "broken:",
        "drill c, all new: lost: 3",
    ]


def test_an_upgrade_without_failures_has_its_own_sentence() -> None:
    """It is the last line."""
    assert render(*TODAY)[-1] == "nothing broke"


def test_what_does_not_pass_today_is_not_judged() -> None:
    """That nothing broke would be more than is known."""
    trials = (
        *TODAY,
        Trial("today", "drill d", "failed", "lost: 1"),
        Trial("all new", "drill d", "x"),
    )
    assert render(*trials)[-3:] == [
        "not judged, bad today:",
        "drill d, today: lost: 1",
        "nothing broke",
    ]


def test_the_data_has_the_same() -> None:
    """For a pipeline."""
    rehearsal = Rehearsal(MOVED, (*TODAY, Trial("all new", "drill c", "failed", "lost: 3")))
    data = json.loads(json.dumps(serialise_rehearsal(rehearsal)))
    assert data["moved"]["kombu"] == {"before": "5.6.2", "after": "5.7.0"}
    assert data["trials"][-1:] == data["broken"]
    assert data["broken"][0]["remark"] == "lost: 3"
    assert data["unjudged"] == []
