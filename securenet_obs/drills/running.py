"""Runs a drill: stack, load, fault, validations, recovery, count; deletes files if it passes."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from securenet_obs.drills.catalog import DRILLS
from securenet_obs.drills.drill import Drill, DrillResult, ValidationOutcome
from securenet_obs.drills.faults.signals import pause
from securenet_obs.drills.load import Load, Trickle
from securenet_obs.drills.queues import redeliver_unacknowledged, wait_for_empty_queues
from securenet_obs.drills.tally import tally
from securenet_obs.errors import StackError
from securenet_obs.processes.polling import Deadline, poll_to_zero, poll_until
from securenet_obs.stack.local_stack import LocalStack, StoreKind
from securenet_obs.store import create_store_engine

TASKS = 500
"""Batches that are in flight when a drill's fault is injected."""

SETTLE_S = 60.0
"""Seconds after the fault without a counted batch, after which the uncounted ones are lost.

The outbox publishes a lost message again after half of it.
"""

# Shares of the tasks to submit before the fault, when some finish already, and during it.
_SHARE_BEFORE = 1.15
_SHARE_DURING = 0.2
_SHARE_DONE = 0.05
_START_S = 20.0

ValidationRunner = Callable[[str, Sequence[str], Mapping[str, str]], ValidationOutcome]
"""Runs a notebook with parameters (`name=value`) against a target, and returns its outcome."""

Report = Callable[[str], None]
"""Receives the progress of a drill, one sentence at a time."""


def run_drill(
    name: str,
    *,
    run_validation: ValidationRunner,
    root: Path | None = None,
    cache: Path | None = None,
    store: StoreKind = "sqlite",
    tasks: int = TASKS,
    min_duration_s: float | None = None,
    pythons: Mapping[str, str] | None = None,
    report: Report = lambda _sentence: None,
) -> DrillResult:
    """Run a drill on a stack of its own; the stack's files are kept unless it passes.

    Args:
        name: name of a drill in `DRILLS`.
        run_validation: runs the validations during the fault.
        root: folder of all local state, as for `LocalStack`.
        cache: folder of the shared Bugsink installation, `root` by default.
        store: database of the stack's store.
        tasks: batches in flight when the fault is injected; more are submitted during it.
        min_duration_s: minimum duration of the fault in seconds; by default the drill's own.
        pythons: service -> its interpreter, as for `LocalStack`.
        report: receives the progress.

    Raises:
        StackError: the drill does not exist, or the stack does not become ready.
    """
    drill = _find_drill(name)
    if reason := drill.skip_reason():
        return DrillResult(name, skipped=reason)
    if min_duration_s is not None:
        drill = replace(drill, min_duration_s=min_duration_s)
    stack = LocalStack(
        f"drill-{name}", root, cache=cache, store=store, report=report, pythons=pythons
    )
    with stack:
        result = run_drill_on(
            stack, drill, run_validation=run_validation, tasks=tasks, report=report
        )
    if result.verdict == "passed":
        shutil.rmtree(stack.folder)
    else:
        report(f"{name}: failed; the logs stay in {stack.folder}")
    return result


def run_drill_on(
    stack: LocalStack,
    drill: Drill,
    *,
    run_validation: ValidationRunner,
    tasks: int = TASKS,
    report: Report,
) -> DrillResult:
    """Run a drill on a running stack, which is not usable afterwards if the drill has a setup."""
    run = _DrillRun(stack, drill, run_validation, report)
    try:
        run.run(tasks)
    except StackError as error:
        return replace(run.result(), problems=(str(error),))
    else:
        return run.result()
    finally:
        run.close()


def _find_drill(name: str) -> Drill:
    if name not in DRILLS:
        raise StackError(f"{name!r} is not a drill; the drills are {', '.join(DRILLS)}.")
    return DRILLS[name]


class _DrillRun:
    """One execution of a drill on a stack."""

    def __init__(
        self, stack: LocalStack, drill: Drill, run_validation: ValidationRunner, report: Report
    ) -> None:
        self._stack = stack
        self._drill = drill
        self._validate = run_validation
        self._report = report
        self._load = Load(stack.environment)
        self._engine: Engine = create_store_engine(stack.environment["DATABASE_URL"])
        self._result_so_far = DrillResult(drill.name)

    def run(self, tasks: int) -> None:
        """Run the drill to its end.

        Raises:
            StackError: a part is not in the required state, or no task was in flight.
        """
        with self._drill.setup(self._stack) as place:
            self._fill_queues(int(tasks * _SHARE_BEFORE))
            self._update(in_flight=len(self._find_uncounted()))
            self._report_progress(
                f"{self._result_so_far.in_flight} tasks in flight; injecting the fault"
            )
            with Trickle(self._load, int(tasks * _SHARE_DURING)) as trickle:
                injected_at, held = time.monotonic(), Deadline.after(self._drill.min_duration_s)
                with self._drill.fault(place):
                    if self._drill.harmless:
                        self._finish(trickle, injected_at)
                    self._run_validations()
                    time.sleep(held.left_s)
                    removed_at = time.monotonic()
                if not self._drill.harmless:
                    self._finish(trickle, removed_at)
            self._redeliver()
            self._update(doubled=tuple(self._drill.find_other_doubled(self._stack)))

    def result(self) -> DrillResult:
        """Return the result so far."""
        submitted = self._load.submitted
        answers = [batch.outcome for batch in submitted]
        counted = tally(self._engine, submitted)
        return replace(
            self._result_so_far,
            accepted=answers.count("accepted"),
            refused=answers.count("refused"),
            unknown=answers.count("unknown"),
            lost=counted.lost,
            doubled=counted.doubled + self._result_so_far.doubled,
        )

    def close(self) -> None:
        """Close the connections to the store."""
        self._engine.dispose()

    def _fill_queues(self, count: int) -> None:
        """Submit while the worker is paused, then wait until it has begun."""
        with pause(self._stack.parts["worker"]):
            self._load.submit(count)
        max_uncounted = count * (1 - _SHARE_DONE)
        left = poll_until(
            lambda: len(self._find_uncounted()),
            lambda left: left <= max_uncounted,
            deadline_s=_START_S,
            interval_s=0.02,
        )
        if not 0 < left <= max_uncounted:
            raise StackError(
                f"{left} of {count} tasks were in flight before the fault; some must be, and the "
                "worker must have begun."
            )

    def _run_validations(self) -> None:
        """Run the validations that must notice the fault."""
        for alarm in self._drill.expected_alarms:
            outcome = self._validate(alarm.notebook, alarm.parameters, self._stack.environment)
            self._report_progress(f"{alarm.notebook} during the fault: {outcome.verdict}")
            self._update(
                validations={**self._result_so_far.validations, alarm.notebook: outcome.verdict}
            )
            if not alarm.is_raised_by(outcome):
                self._update(unnoticed=(*self._result_so_far.unnoticed, alarm.notebook))

    def _finish(self, trickle: Trickle, since: float) -> None:
        """Submit the remaining batches, and wait until every accepted batch is counted."""
        self._update(slowest_answer_s=trickle.finish())
        left = poll_to_zero(lambda: len(self._find_uncounted()), stall_s=SETTLE_S, interval_s=0.1)
        if left:
            self._report_progress(f"{left} tasks are not counted, and none was for {SETTLE_S:g} s")
            return
        self._update(recovered_s=time.monotonic() - since)
        self._report_progress(f"all counted after {self._result_so_far.recovered_s:.1f} s")

    def _redeliver(self) -> None:
        """Redeliver unacknowledged messages: idempotent tasks must not count them twice."""
        count = redeliver_unacknowledged(self._stack.environment)
        wait_for_empty_queues(self._stack.environment)
        self._report_progress(f"{count} unacknowledged messages were redelivered")

    def _update(self, **changes: Any) -> None:
        self._result_so_far = replace(self._result_so_far, **changes)

    def _report_progress(self, sentence: str) -> None:
        self._report(f"{self._drill.name}: {sentence}")

    def _find_uncounted(self) -> tuple[str, ...]:
        return tally(self._engine, self._load.submitted).lost
