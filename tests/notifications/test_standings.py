"""Standings: a change is due once, after its minimum duration, and survives commands."""

import json
from pathlib import Path

import pytest

from securenet_obs.errors import NotificationError
from securenet_obs.notifications import standings as module
from securenet_obs.notifications.standings import (
    STANDINGS_FILE,
    Standing,
    advance,
    is_due,
    open_standings,
    read_standings,
)


def due_at(verdicts: str, *, after_s: float = 0.0) -> list[int]:
    """Return the numbers of the runs after which a notification is sent, one run a minute.

    A letter is a run: p passed, f failed, t timeout.
    """
    names = {"p": "passed", "f": "failed", "t": "timeout"}
    standing, sent = None, []
    for number, letter in enumerate(verdicts):
        standing = advance(standing, names[letter], 60.0 * number)
        if is_due(standing, 60.0 * number, after_s):
            sent.append(number)
            standing = Standing(standing.verdict, standing.since, standing.runs, standing.verdict)
    return sent


@pytest.mark.parametrize(
    ("verdicts", "after_s", "sent"),
    [
        ("pppp", 0, []),
        ("ppffff", 0, [2]),
        ("ppffffpp", 0, [2, 6]),
        # A first run that fails is a change: nothing has passed before.
        ("ffp", 0, [0, 2]),
        # Another verdict that is not `passed` is no reason for a second notification.
        ("pftft", 0, [1]),
        # A flicker that is shorter than the minimum duration is never notified.
        ("pfpfpfp", 61, []),
        ("pfffp", 120, [3]),
        ("pfffpp", 60, [2, 5]),
    ],
)
def test_a_change_is_notified_once_after_its_minimum_duration(
    verdicts: str, after_s: float, sent: list[int]
) -> None:
    """Not on every failure."""
    assert due_at(verdicts, after_s=after_s) == sent


def test_standings_survive_commands_and_broken_files(tmp_path: Path) -> None:
    """Each notebook has one for each target; a row of another shape is left out."""
    with open_standings(tmp_path) as standings:
        change = standings.take("n", "staging.env", "failed", 1.0)
        standings.take("n", "production.env", "passed", 1.0)
        standings.mark_notified([change])
    with open_standings(tmp_path) as standings:
        again = standings.take("n", "staging.env", "failed", 2.0)
    assert again.before is not None
    assert again.now == Standing("failed", 1.0, 2, "failed", 2.0)
    assert read_standings(tmp_path).rows.keys() == {"n on staging.env", "n on production.env"}
    rows = json.loads((tmp_path / STANDINGS_FILE).read_text())
    (tmp_path / STANDINGS_FILE).write_text(json.dumps({**rows, "x": 3, "y": {"verdict": 1}}))
    assert read_standings(tmp_path).rows.keys() == {"n on staging.env", "n on production.env"}
    (tmp_path / STANDINGS_FILE).write_text("{")
    assert read_standings(tmp_path).rows == {}


def test_standings_that_another_command_holds_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commands would both notify the same change."""
    monkeypatch.setattr(module, "LOCK_WAIT_S", 0.1)
    with open_standings(tmp_path), pytest.raises(NotificationError, match="another command holds"):
        open_standings(tmp_path).__enter__()


def test_a_command_that_is_closed_late_changes_nothing(tmp_path: Path) -> None:
    """A newer run has been counted: an older failure would be notified as if it were now."""
    with open_standings(tmp_path) as standings:
        standings.take("n", "staging", "passed", 60.0)
        standings.take("n", "staging", "passed", 120.0)
        assert standings.take("n", "staging", "failed", 90.0) is None
    assert read_standings(tmp_path).rows["n on staging"].verdict == "passed"
    assert read_standings(tmp_path).rows["n on staging"].last == 120.0
