"""Tasks that run twice at once: finds them, decides, verifies that each runs once."""

from collections.abc import Iterator, Sequence
from functools import partial

import pandas as pd

from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.tasks import revoke_run
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.celery.broker import BrokerProbe
from securenet_obs.probes.celery.executions import (
    ANSWER_S,
    Execution,
    count_repeated_starts,
    read_executions,
)
from securenet_obs.probes.celery.tasks import TaskProbe
from securenet_obs.probes.logs.frame import log_frame
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

_COLUMNS = ["task_id", "task", "starts"]


class TasksRunTwice:
    """The symptom of tasks with several runs, and of timeouts that cause them.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do.

    Args:
        settings: those of the target.
        deadline_s: seconds to wait for the end of an extra run, or for a worker's restart.
    """

    def __init__(self, settings: Settings, *, deadline_s: float = 20.0) -> None:
        self._settings = settings
        self._deadline_s = deadline_s
        self._doubled: list[Sequence[Execution]] = []
        self._limits = pd.DataFrame()

    def look(self) -> pd.DataFrame:
        """Ask the workers for the tasks that they run now.

        Returns:
            A row for each run of a task with several: `task_id`, `task`, `worker`, `process`,
            `started` (UTC), `redelivered`.
        """
        self._doubled = self._find_doubled()
        rows = [
            (run.task_id, run.task, run.worker, run.pid, run.started, run.redelivered)
            for runs in self._doubled
            for run in runs
        ]
        columns = ["task_id", "task", "worker", "process", "started", "redelivered"]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.assign(started=pd.to_datetime(frame["started"], unit="s", utc=True))

    @property
    def doubled(self) -> int:
        """Number of tasks with several runs; `look` comes first."""
        return len(self._doubled)

    def limits(self) -> pd.DataFrame:
        """Ask the workers for their limits.

        Returns:
            A row for each worker: `worker`, `hard_limit_s` (NaN for none), `visibility_timeout_s`.
        """
        self._limits = self._read_limits()
        return self._limits

    def starts(self, source: str) -> pd.DataFrame:
        """Return the tasks that the logs show as started more than once; no rows without logs.

        A task that ran while its worker was lost is among them: it was started again.

        Args:
            source: file, folder or glob of log files; empty to read none.

        Raises:
            NotFoundError: the source does not exist, or holds no log file.
        """
        if not source:
            return pd.DataFrame(columns=_COLUMNS)
        return count_repeated_starts(log_frame(source).frame)

    def decide(self) -> list[Row]:
        """Return the decision table; `look` and `limits` come first."""
        return [*self._decide_on_runs(), *self._decide_on_limits()]

    def _decide_on_runs(self) -> Iterator[Row]:
        for first, *extra in self._doubled:
            for run in extra:
                cause = (
                    "redelivered: its worker was lost, or its visibility timeout has passed"
                    if run.redelivered or first.redelivered
                    else "not redelivered: its message was sent twice"
                )
                yield Row(
                    f"task {run.task_id} runs twice at once, now in {run.worker} ({run.pid})",
                    True,
                    f"it is {run.task}; its first run is in {first.worker} ({first.pid}); {cause}",
                    revoke_run(self._settings, run, partial(self._read_state, run)),
                )
        if not self._doubled:
            yield Row("a task runs twice at once", False, "each running task has one run")

    def _read_state(self, run: Execution) -> dict[str, str]:
        """Return the runs of a task: once one has ended, the other is not extra any more."""
        runs = read_executions(self._settings).get(run.task_id, ())
        places = ", ".join(f"{each.worker} ({each.pid})" for each in runs)
        return {"task": run.task_id, "runs in": places or "no process"}

    def _decide_on_limits(self) -> Iterator[Row]:
        short = self._limits[_are_short(self._limits)]
        for _, row in short.iterrows():
            worker, limit_s = str(row["worker"]), row["hard_limit_s"]
            longest = "no limit" if limit_s != limit_s else f"a limit of {limit_s:g} s"
            yield Row(
                f"the visibility timeout of {worker} is too short",
                True,
                f"{row['visibility_timeout_s']:g} s, and its tasks have {longest}: one that runs "
                "longer is delivered again",
                named_action(
                    self._settings,
                    "raise_visibility_timeout",
                    f"start {worker} with a visibility timeout above its tasks' limit, and every "
                    "other worker, too: the shortest one counts",
                    lambda: self._read_timeouts(),
                    worker=worker,
                ),
            )
        if short.empty:
            yield Row(
                "a visibility timeout is too short",
                False,
                f"{len(self._limits)} workers answer, each with a timeout above its limit",
            )

    def _read_timeouts(self) -> dict[str, str]:
        limits = self._read_limits()
        return {
            str(row["worker"]): f"{row['visibility_timeout_s']:g} s" for _, row in limits.iterrows()
        }

    def verify_runs(self) -> Finding:
        """Verify that no task runs twice, and that each one that did goes on, or has succeeded."""
        before = {runs[0].task_id for runs in self._doubled}
        problems = poll_until(
            lambda: self._find_problems(before),
            lambda rows: not rows,
            deadline_s=self._deadline_s,
        )
        observed = f"twice before: {len(before)}; after: {'; '.join(problems) or 'each runs once'}"
        return Finding(not problems, "each task runs once, or has succeeded", observed)

    def _find_problems(self, before: set[str]) -> list[str]:
        now = read_executions(self._settings)
        twice = [f"{task_id} runs {len(runs)} times" for task_id, runs in now.items() if runs[1:]]
        probe = TaskProbe(self._settings)
        ended = {task_id: probe.task_state(task_id) for task_id in before - now.keys()}
        lost = [f"{task_id} is {state}" for task_id, state in ended.items() if state != "SUCCESS"]
        return [*twice, *lost]

    def verify_limits(self) -> Finding:
        """Verify that the visibility timeout of each worker is longer than its tasks may run."""
        after = poll_until(
            self._read_limits,
            lambda rows: not rows.empty and not _are_short(rows).any(),
            deadline_s=self._deadline_s,
        )
        shown = "; ".join(
            f"{row['worker']}: {row['visibility_timeout_s']:g} s, limit {row['hard_limit_s']:g} s"
            for _, row in after.iterrows()
        )
        passed = not after.empty and not _are_short(after).any()
        return Finding(passed, "each timeout is above the limit", shown or "no worker answers")

    def _find_doubled(self) -> list[Sequence[Execution]]:
        return [runs for runs in read_executions(self._settings).values() if len(runs) > 1]

    def _read_limits(self) -> pd.DataFrame:
        workers = BrokerProbe(self._settings).workers(ANSWER_S)
        return workers[["worker", "hard_limit_s", "visibility_timeout_s"]]


def _are_short(limits: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether each visibility timeout is too short; NaN, no limit, makes any too short."""
    return ~(limits["visibility_timeout_s"] > limits["hard_limit_s"])
