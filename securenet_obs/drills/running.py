"""Runs one drill: load, fault, validations during the fault, recovery, count."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import not_
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from securenet_obs.drills.catalog import DRILLS
from securenet_obs.drills.drill import Drill, DrillResult, Said
from securenet_obs.drills.load import Load, Trickle
from securenet_obs.drills.queues import await_empty_queues, deliver_again
from securenet_obs.drills.signals import paused
from securenet_obs.drills.tally import tally
from securenet_obs.errors import StackError
from securenet_obs.processes.polling import Deadline, poll_until
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.store import create_store_engine

TASKS = 500
"""Batches that are in flight when a drill's fault is injected."""

SETTLE_S = 60.0
"""Seconds in which every accepted batch must be counted after the fault."""

# Shares of the tasks to submit before the fault, when some finish already, and during it.
_BEFORE = 1.15
_MEANWHILE = 0.2
_BUSY = 0.05
_BUSY_S = 20.0

Judge = Callable[[str, Sequence[str], Mapping[str, str]], Said]
"""Runs a notebook with parameters (`name=value`) against a target, and returns its outcome."""

Report = Callable[[str], None]
"""Receives the progress of a drill, one sentence at a time."""


def run_drill(
    name: str,
    *,
    judge: Judge,
    root: Path | None = None,
    cache: Path | None = None,
    tasks: int = TASKS,
    holds_s: float | None = None,
    report: Report = lambda _sentence: None,
) -> DrillResult:
    """Run a drill on a stack of its own; the stack's files are kept unless it passes.

    Args:
        name: name of a drill in `DRILLS`.
        judge: runs the validations during the fault.
        root: folder of all local state, as for `LocalStack`.
        cache: folder of the shared Bugsink installation, `root` by default.
        tasks: batches in flight when the fault is injected; more are submitted during it.
        holds_s: minimum duration of the fault in seconds; by default the drill's own.
        report: receives the progress.

    Raises:
        StackError: the drill does not exist, or the stack does not become ready.
    """
    drill = _named(name)
    if reason := drill.impossible():
        return DrillResult(name, skipped=reason)
    if holds_s is not None:
        drill = replace(drill, holds_s=holds_s)
    stack = LocalStack(f"drill-{name}", root, cache=cache, report=report)
    with stack:
        result = drill_on(stack, drill, judge=judge, tasks=tasks, report=report)
    if result.verdict == "passed":
        shutil.rmtree(stack.folder)
    else:
        report(f"{name}: failed; the logs stay in {stack.folder}")
    return result


def drill_on(
    stack: LocalStack, drill: Drill, *, judge: Judge, tasks: int = TASKS, report: Report
) -> DrillResult:
    """Run a drill on a running stack, which is not usable afterwards if the drill has a setting."""
    course = _Course(stack, drill, judge, report)
    try:
        course.run(tasks)
    except StackError as error:
        return replace(course.result(), problems=(str(error),))
    else:
        return course.result()
    finally:
        course.close()


def _named(name: str) -> Drill:
    if name not in DRILLS:
        raise StackError(f"There is no drill {name!r}; there are {', '.join(DRILLS)}.")
    return DRILLS[name]


class _Course:
    """One execution of a drill on a stack."""

    def __init__(self, stack: LocalStack, drill: Drill, judge: Judge, report: Report) -> None:
        self._stack = stack
        self._drill = drill
        self._judge = judge
        self._report = report
        self._load = Load(stack.environment)
        self._engine: Engine = create_store_engine(stack.environment["DATABASE_URL"])
        self._found = DrillResult(drill.name)

    def run(self, tasks: int) -> None:
        """Run the drill to its end.

        Raises:
            StackError: a part is not in the required state, or no task was in flight.
        """
        with self._drill.setting(self._stack) as place:
            self._get_busy(int(tasks * _BEFORE))
            self._note(in_flight=len(self._uncounted()))
            self._tell(f"{self._found.in_flight} tasks in flight; the fault is put in")
            with Trickle(self._load, int(tasks * _MEANWHILE)) as trickle:
                struck, held = time.monotonic(), Deadline.after(self._drill.holds_s)
                with self._drill.fault(place):
                    if self._drill.harmless:
                        self._finish(trickle, struck)
                    self._look()
                    time.sleep(held.left_s)
                    out = time.monotonic()
                if not self._drill.harmless:
                    self._finish(trickle, out)
            self._deliver_again()
            self._note(doubled=tuple(self._drill.also_doubled(self._stack)))

    def result(self) -> DrillResult:
        """Return the result so far."""
        submitted = self._load.submitted
        answers = [batch.answer for batch in submitted]
        counted = tally(self._engine, submitted)
        return replace(
            self._found,
            accepted=answers.count("accepted"),
            refused=answers.count("refused"),
            unknown=answers.count("unknown"),
            lost=counted.lost,
            doubled=counted.doubled + self._found.doubled,
        )

    def close(self) -> None:
        """Close the connections to the store."""
        self._engine.dispose()

    def _get_busy(self, count: int) -> None:
        """Submit while the worker is paused, then wait until it has begun."""
        with paused(self._stack.parts["worker"]):
            self._load.submit(count)
        most_left = count * (1 - _BUSY)
        left = poll_until(
            lambda: len(self._uncounted()),
            lambda left: left <= most_left,
            deadline_s=_BUSY_S,
            interval_s=0.02,
        )
        if not 0 < left <= most_left:
            raise StackError(
                f"Of {count} tasks {left} were in flight when the fault should have been put in; "
                "there must be some, with the worker at work."
            )

    def _look(self) -> None:
        """Run the validations that must notice the fault."""
        for look in self._drill.looks:
            said = self._judge(look.notebook, look.parameters, self._stack.environment)
            self._tell(f"{look.notebook} says meanwhile: {said.verdict}")
            self._note(validations={**self._found.validations, look.notebook: said.verdict})
            if not look.noticed(said):
                self._note(unnoticed=(*self._found.unnoticed, look.notebook))

    def _finish(self, trickle: Trickle, since: float) -> None:
        """Submit the remaining batches, and wait until every accepted batch is counted."""
        self._note(slowest_answer_s=trickle.finish())
        uncounted = poll_until(self._uncounted, not_, deadline_s=SETTLE_S, interval_s=0.1)
        if uncounted:
            self._tell(f"{len(uncounted)} tasks are not counted after {SETTLE_S:g} s")
            return
        self._note(recovered_s=time.monotonic() - since)
        self._tell(f"all counted after {self._found.recovered_s:.1f} s")

    def _deliver_again(self) -> None:
        """Redeliver unacknowledged messages: idempotent tasks must not count them twice."""
        count = deliver_again(self._stack.environment)
        await_empty_queues(self._stack.environment)
        self._tell(f"{count} unacknowledged messages were delivered again")

    def _note(self, **found: Any) -> None:
        self._found = replace(self._found, **found)

    def _tell(self, sentence: str) -> None:
        self._report(f"{self._drill.name}: {sentence}")

    def _uncounted(self) -> tuple[str, ...]:
        return tally(self._engine, self._load.submitted).lost
