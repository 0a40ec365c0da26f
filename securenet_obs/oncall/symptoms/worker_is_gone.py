"""A worker that no longer answers: looks for every known worker, decides, verifies by a canary."""

from collections.abc import Collection

import pandas as pd

from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.log_ends import find_newest_line
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.celery.known_workers import ANSWER_S, KnownWorker, ask_known_workers
from securenet_obs.probes.celery.tasks import TaskProbe
from securenet_obs.probes.health.worker import probe_worker
from securenet_obs.settings import Settings

ERROR = "Unrecoverable error"
"""Beginning of the event that Celery logs when an error ends a worker."""


class WorkerIsGone:
    """The symptom of a worker, or of every worker that Redis knows.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do.

    Args:
        settings: those of the target.
        worker: name of the worker that the alert named; empty for every known one.
        deadline_s: seconds to wait for a canary.
    """

    def __init__(self, settings: Settings, worker: str = "", *, deadline_s: float = 10.0) -> None:
        self._settings = settings
        self._worker = worker
        self._deadline_s = deadline_s
        self._probe = TaskProbe(settings)
        self._known: list[KnownWorker] = []
        self._error = ""

    def look(self) -> pd.DataFrame:
        """Ask every known worker.

        Returns:
            A row for each worker: `worker`, `answers`, `queues`.
        """
        self._known = self._ask()
        self._error = find_newest_line(self._settings, ERROR)
        rows = [(row.name, row.answers, list(row.queues)) for row in self._known]
        return pd.DataFrame(rows, columns=["worker", "answers", "queues"])

    def depths(self) -> pd.Series:
        """Return the depth of each queue."""
        return pd.Series(self._probe.queue_depths(), name="waiting")

    def decide(self) -> list[Row]:
        """Return the decision table; `look` comes first.

        A row for each known worker, and one for queues without a consumer: a worker that was
        stopped in order leaves nothing in Redis.
        """
        rows = [self._decide_on(worker) for worker in self._known]
        if not rows:
            return [self._decide_without_worker()]
        return [*rows, self._decide_on_idle(), self._decide_on_queues()]

    def _decide_on(self, worker: KnownWorker) -> Row:
        step = None
        if not worker.answers:
            step = named_action(
                self._settings,
                "restart_worker",
                f"restart {worker.name}",
                lambda: {worker.name: "answers" if self._answers(worker.name) else "no answer"},
                worker=worker.name,
            )
        answer = f"answers, consumes {', '.join(worker.queues) or 'no queue'}"
        return Row(
            f"{worker.name} is gone",
            not worker.answers,
            answer if worker.answers else self._describe_silence(),
            step,
        )

    def _describe_silence(self) -> str:
        silence = f"no answer to a ping within {ANSWER_S:g} s"
        return f"{silence}; newest error in the logs: {self._error or f'no {ERROR}'}"

    def _list_idle(self) -> list[str]:
        return [row.name for row in self._known if row.answers and not row.queues]

    def _decide_on_idle(self) -> Row:
        """Judge whether a worker consumes nothing: another one beside it would mend nothing."""
        idle = self._list_idle()
        return Row(
            "a worker answers and consumes no queue",
            bool(idle),
            f"workers without a queue: {', '.join(idle) or 'none'}",
            Manual("look at that worker", "securenet-obs run worker_answers_but_does_nothing"),
        )

    def _decide_on_queues(self) -> Row:
        """Judge whether tasks wait without a consumer, although every known worker works."""
        consumed = {queue for row in self._known for queue in row.queues}
        left = self._list_left(consumed)
        works = all(row.answers for row in self._known) and not self._list_idle()
        applies = bool(left) and not self._worker and works
        return Row(
            "a worker was stopped",
            applies,
            f"queues with messages and without a consumer: {', '.join(left) or 'none'}",
            self._start_workers() if applies else None,
        )

    def _list_left(self, consumed: Collection[str]) -> list[str]:
        depths = self._probe.queue_depths()
        return sorted(name for name, depth in depths.items() if depth and name not in consumed)

    def _start_workers(self) -> Step:
        return named_action(
            self._settings,
            "start_workers",
            "start the workers that do not run",
            lambda: {"workers": ", ".join(row.name for row in self._ask()) or "none"},
        )

    def _decide_without_worker(self) -> Row:
        why = f"Redis names none, and none answers; {self._error or f'no {ERROR} in the logs'}"
        return Row("no worker is known", True, why, self._start_workers())

    def verify_answers(self) -> Finding:
        """Verify that every known worker answers."""
        known = self._ask()
        silent = [row.name for row in known if not row.answers]
        observed = f"no answer: {', '.join(silent)}" if silent else f"{len(known)} answer"
        return Finding(bool(known) and not silent, "every known worker answers", observed)

    def verify_canaries(self) -> Finding:
        """Verify that every known worker executes a canary, or is busy with tasks."""
        health = [probe_worker(self._settings, row.name, self._deadline_s) for row in self._ask()]
        return Finding(
            bool(health) and all(row.is_healthy for row in health),
            "every known worker executes a canary",
            "; ".join(row.format() for row in health) or "no worker is known",
        )

    def _ask(self) -> list[KnownWorker]:
        return ask_known_workers(self._settings, self._worker)

    def _answers(self, name: str) -> bool:
        return any(row.answers for row in self._ask() if row.name == name)
