"""Exercises tell right from wrong by the facts of the run, and count no answer as skipped."""

from pathlib import Path

import pandas as pd
import pytest

from securenet_obs.checks import Checks
from securenet_obs.probes.errors.arrivals import Arrival
from securenet_obs.probes.errors.events import ErrorEvent, Frame
from securenet_obs.probes.scenarios.hops import HOPS
from securenet_obs.settings import Settings
from securenet_obs.walkthrough import Exercises, GameDay

FRAME = Frame(
    function="fail_on_purpose", module=None, filename=None, lineno=1, in_app=True, vars=None
)
EVENT = ErrorEvent("a" * 32, "Boom", "local", "r@1", {}, [FRAME], {})
SENT = {"request_id": "r" * 32, "trace_id": "e" * 32}


@pytest.fixture
def checks() -> Checks:
    """Return checks without any."""
    return Checks()


@pytest.fixture
def exercises(checks: Checks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Exercises:
    """Return the exercises about a request with all hops but one."""
    monkeypatch.setenv("SECURENET_OBS_EVIDENCE_ROOT", str(tmp_path))
    hops = pd.DataFrame({"hop": HOPS, "found": [True] * (len(HOPS) - 1) + [False]})
    game_day = GameDay(Settings(), {})
    arrivals = [Arrival("API", EVENT), Arrival("child", None)]
    return Exercises(checks, hops=hops, arrivals=arrivals, sent=SENT, game_day=game_day)


@pytest.mark.parametrize(
    ("number", "answer", "outcome"),
    [
        (1, "task_failed", "passed"),
        (1, "task_started", "failed"),
        (1, "", "skipped"),
        (2, SENT["request_id"], "passed"),
        (2, SENT["trace_id"], "passed"),
        (2, "a" * 32, "failed"),
        (3, "fail_on_purpose", "passed"),
        (3, "fail_on_purpose()", "passed"),
        (3, "diagnose", "failed"),
        (4, len(HOPS) - 1, "passed"),
        (4, len(HOPS), "failed"),
        (4, True, "failed"),
        (4, None, "skipped"),
    ],
)
def test_an_answer_is_judged(
    number: int, answer: object, outcome: str, exercises: Exercises, checks: Checks
) -> None:
    """No message has the right answer; a skipped one names the hint."""
    exercises.judge(number, answer)
    (check,) = checks
    assert check.outcome == outcome
    right = {"task_failed", "fail_on_purpose", *SENT.values()} - {str(answer).rstrip("()")}
    assert not any(word in f"{check.expected}{check.reason}" for word in right)
    if outcome == "skipped":
        assert f"exercises.hint({number})" in check.reason


@pytest.mark.parametrize("number", range(1, 6))
def test_every_exercise_has_a_hint(
    number: int, exercises: Exercises, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hint leads to the answer without it."""
    exercises.hint(number)
    shown = capsys.readouterr().out
    assert shown.startswith(f"hint {number}  ")
    assert not any(word in shown for word in ("task_failed", "fail_on_purpose"))


def test_a_game_day_that_has_not_begun_is_skipped(exercises: Exercises, checks: Checks) -> None:
    """The verdict of a first run is not red."""
    exercises.game_day.begin(wanted=False)
    exercises.judge_game_day()
    assert [check.outcome for check in checks] == ["skipped"]
