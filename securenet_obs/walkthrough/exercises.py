"""Exercises of the walkthrough: judges answers by the facts of this run; gives hints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from securenet_obs.checks import Checks
from securenet_obs.oncall.shown import show_rows
from securenet_obs.probes.errors.arrivals import Arrival
from securenet_obs.walkthrough.game_day import GameDay

if TYPE_CHECKING:
    import pandas as pd

CHILD_FAILED = "task_failed"
"""Log event of a failed task."""


@dataclass(frozen=True)
class Exercise:
    """One exercise: the name of its check, the answer that is expected in words, and a hint."""

    check: str
    expected: str
    hint: str
    is_right: Callable[[Any], bool]


class Exercises:
    """The exercises about one request; answers are judged by the facts of this run.

    Args:
        checks: the checks of the notebook.
        hops: from `wait_for_hops`.
        arrivals: the error events that were read back, the API's first.
        sent: the ids of the request by their names.
        game_day: the last exercise.
    """

    def __init__(
        self,
        checks: Checks,
        *,
        hops: "pd.DataFrame",
        arrivals: Sequence[Arrival],
        sent: Mapping[str, str],
        game_day: GameDay,
    ) -> None:
        self._checks = checks
        self.game_day = game_day
        frames = arrivals[0].event.frames if arrivals and arrivals[0].event else []
        innermost = str(frames[-1]["function"]) if frames else ""
        linking = {sent["request_id"], sent["trace_id"]}
        found = int(hops.found.sum())
        self._exercises = {
            1: Exercise(
                "exercise 1: the line of the failure",
                "the value of the field event in the line of the child's failure",
                "Look at the table of lines: the line has the level error, and a worker wrote it.",
                lambda answer: answer == CHILD_FAILED,
            ),
            2: Exercise(
                "exercise 2: the id that links",
                "an id that the API, both tasks and both events carry",
                "Compare the columns of the table of hops: one id differs from task to task, and "
                "another is the same in every row.",
                lambda answer: answer in linking,
            ),
            3: Exercise(
                "exercise 3: the function that raised",
                "the name of the innermost function of the stack trace",
                "Open the event of the API in the dashboard. The innermost function is the one "
                "with the statement `raise`; its module is securenet_obs.monitoring.diagnostics.",
                lambda answer: bool(innermost) and str(answer).removesuffix("()") == innermost,
            ),
            4: Exercise(
                "exercise 4: an observed value",
                "the number of hops that were found, counted by code",
                "`hops.found` is a column of True and False; its method `sum` counts the True.",
                lambda answer: not isinstance(answer, bool) and answer == found,
            ),
        }

    def judge(self, number: int, answer: object) -> None:
        """Judge the answer to an exercise; an empty one is a skipped check.

        Args:
            number: 1 to 4.
            answer: None or an empty text for none.
        """
        exercise = self._exercises[number]
        if answer is None or answer == "":
            self._skip(exercise.check, number)
            return
        self._checks.record(
            exercise.check,
            exercise.is_right(answer),
            expected=exercise.expected,
            observed=answer,
            is_of_target=False,
        )

    def hint(self, number: int) -> None:
        """Show the hint to an exercise."""
        hint = self._exercises[number].hint if number in self._exercises else GameDay.HINT
        show_rows([(f"hint {number}", hint)])

    def judge_game_day(self) -> None:
        """Judge whether the runbook has brought the worker back; skip it before the game day."""
        check = "exercise 5: the worker is back"
        if not self.game_day.has_begun:
            self._skip(check, 5)
            return
        passed, observed = self.game_day.observe()
        self._checks.record(check, passed, expected=GameDay.EXPECTED, observed=observed)

    def _skip(self, check: str, number: int) -> None:
        reason = f"not answered yet; exercises.hint({number}) helps"
        self._checks.skip(check, reason=reason)
