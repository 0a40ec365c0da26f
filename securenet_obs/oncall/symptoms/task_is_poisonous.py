"""A task that kills its process, and is delivered again: finds it, decides, verifies."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd

from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.actions.tasks import requeue_letters, revoke_task
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.celery.known_workers import ask_known_workers
from securenet_obs.probes.celery.repeated_starts import RepeatedTask, find_repeated_tasks
from securenet_obs.probes.celery.tasks import TaskProbe
from securenet_obs.probes.health.worker import probe_worker
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.workers.dead_letters import Letter, list_letters, show_letter
from securenet_obs.workers.letter_filter import LetterFilter

LEAST_STARTS = 3
"""Starts that make a task suspect: one that ran while its worker was restarted has two."""

_LOST = "worker_lost"
_MAX_LETTERS = 1_000
_MAX_SHOWN = 20


class TaskIsPoisonous:
    """The symptom of tasks that kill their process.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do, and
    StoreUnavailableError.

    Args:
        settings: those of the target.
        requeue_task: name, or its last part, of the tasks to send again once their cause is
            mended; empty for none.
        within_h: age in hours of the oldest dead letter that counts.
        deadline_s: seconds to wait for a task's end, or for a canary.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        requeue_task: str = "",
        within_h: float = 24.0,
        deadline_s: float = 20.0,
    ) -> None:
        self._settings = settings
        self._requeue_task = requeue_task
        self._within = timedelta(hours=within_h)
        self._deadline_s = deadline_s
        self._probe = TaskProbe(settings)
        self._loops: list[RepeatedTask] = []
        self._letters: list[Letter] = []

    def look(self) -> pd.DataFrame:
        """Find the tasks that are started again and again.

        Returns:
            A row for each: `task_id`, `task`, `starts`, `tenant`, `place`.
        """
        self._loops = self._find_loops()
        rows = [
            (row.task_id, row.task, row.starts, row.tenant_id, row.place) for row in self._loops
        ]
        return pd.DataFrame(rows, columns=["task_id", "task", "starts", "tenant", "place"])

    def letters(self) -> pd.DataFrame:
        """Read the open dead letters of tasks that lost their process, the most recent first.

        Returns:
            A row for each of the first 20: `id`, `task`, `tenant`, `times`, `last` (UTC), `error`.
        """
        self._letters = self._read_letters()
        rows = [
            (row.id, row.task, row.tenant_id or "", row.times, row.last_at, row.error)
            for row in self._letters[:_MAX_SHOWN]
        ]
        return pd.DataFrame(rows, columns=["id", "task", "tenant", "times", "last", "error"])

    @property
    def looping(self) -> int:
        """Number of tasks that are started again and again; `look` comes first."""
        return len(self._loops)

    def decide(self) -> list[Row]:
        """Return the decision table; `look` and `letters` come first."""
        rows = [self._decide_on(loop) for loop in self._loops]
        return [*(rows or [self._without_loop()]), *self._decide_on_letters()]

    def _decide_on(self, loop: RepeatedTask) -> Row:
        tenant = f" of tenant {loop.tenant_id}" if loop.tenant_id else ""
        return Row(
            f"task {loop.task_id} is started again and again",
            True,
            f"{loop.task}{tenant}: {loop.starts} starts without an end, now {loop.place}",
            revoke_task(self._settings, loop.task_id, loop.task),
        )

    def _without_loop(self) -> Row:
        why = f"no task that is left has {LEAST_STARTS} starts without an end"
        return Row("a task is started again and again", False, why)

    def _decide_on_letters(self) -> Sequence[Row]:
        chosen = self._choose()
        others = [letter for letter in self._letters if letter not in chosen]
        names = sorted({letter.task for letter in others})
        wanted = (
            f"task {self._requeue_task}" if self._requeue_task else "no task: requeue_task is empty"
        )
        return [
            Row(
                "dead letters whose cause is mended",
                bool(chosen),
                f"{len(chosen)} letters, of {wanted}",
                requeue_letters(chosen, wanted),
            ),
            Row(
                "dead letters of tasks that lost their process",
                bool(others),
                f"{len(others)} letters: {', '.join(names) or 'none'}",
                self._inspect(others),
            ),
        ]

    def _choose(self) -> list[Letter]:
        """Return the letters of the wanted task that can be sent again."""
        wanted = self._requeue_task
        return [
            letter
            for letter in self._letters
            if wanted and not letter.redacted and wanted in (letter.task, _last_part(letter.task))
        ]

    def _inspect(self, letters: Sequence[Letter]) -> Manual:
        if not letters:
            return Manual("list the dead letters", "securenet-obs dead-letters list --open")
        first = letters[0]
        if first.redacted:
            return Manual(
                "read its arguments, and send it from its source",
                f"securenet-obs dead-letters show {first.id}",
                "a secret in its arguments was masked, so it cannot be sent again from here",
            )
        return Manual(
            f"read letter {first.id} (securenet-obs dead-letters show {first.id}), mend the cause, "
            "and send the tasks again",
            f"securenet-obs run task_is_poisonous -p requeue_task={_last_part(first.task)}",
            "a person must know that the cause is mended",
        )

    def verify_loops(self) -> Finding:
        """Verify that no message is left of the tasks that were started again and again."""
        before = {loop.task_id for loop in self._loops}

        def find_left() -> list[RepeatedTask]:
            return [loop for loop in self._find_loops() if loop.task_id in before]

        left = poll_until(find_left, lambda rows: not rows, deadline_s=self._deadline_s)
        again = "; ".join(f"{row.task_id}: {row.starts} starts, {row.place}" for row in left)
        observed = f"{len(before)} before; after: {again or 'none is left'}"
        return Finding(not left, "no message of them is left", observed)

    def verify_requeued(self) -> Finding:
        """Verify that no task that was sent again has become a dead letter again, or still runs."""
        chosen = self._choose()

        def read() -> list[str]:
            return [problem for row in chosen if (problem := self._describe(row))]

        problems = poll_until(read, lambda rows: not rows, deadline_s=self._deadline_s)
        observed = "; ".join(problems) or f"{len(chosen)} were sent again, all succeeded"
        return Finding(not problems, "each task that was sent again succeeds", observed)

    def _describe(self, letter: Letter) -> str:
        """Return the problem of a task that was sent again; empty if it has succeeded."""
        now = show_letter(letter.id)
        state = self._probe.task_state(letter.task_id)
        if now.times > letter.times:
            return f"{letter.task_id} is a dead letter again: {now.error}"
        return "" if state == "SUCCESS" else f"{letter.task_id} is {state}"

    def verify_canaries(self) -> Finding:
        """Verify that every worker executes a canary, or is busy with tasks."""
        names = [row.name for row in ask_known_workers(self._settings) if row.answers]
        health = [probe_worker(self._settings, name, self._deadline_s) for name in names]
        return Finding(
            bool(health) and all(row.is_healthy for row in health),
            "every worker executes a canary",
            "; ".join(row.format() for row in health) or "no worker answers",
        )

    def _find_loops(self) -> list[RepeatedTask]:
        return find_repeated_tasks(self._settings, self._probe.queue_names(), LEAST_STARTS)

    def _read_letters(self) -> list[Letter]:
        since = datetime.now(UTC) - self._within
        letters = list_letters(_MAX_LETTERS, LetterFilter(is_open=True))
        return [row for row in letters if row.reason == _LOST and row.last_at >= since]


def _last_part(task: str) -> str:
    return task.rpartition(".")[2]
