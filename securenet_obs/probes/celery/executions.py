"""Executions: the runs of tasks that workers report now, and the starts that logs record."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from securenet_obs.probes.celery.client import open_inspector, query_workers
from securenet_obs.settings import Settings

ANSWER_S = 2.0
"""Seconds to wait for the answers of all workers."""

_STARTED = "task_started"


@dataclass(frozen=True)
class Execution:
    """One run of a task.

    Args:
        task_id: its id.
        task: its name.
        worker: name of the worker.
        pid: number of the process that runs it, on the worker's host.
        started: Unix seconds of its start; 0 before it.
        redelivered: whether its message was delivered again.
    """

    task_id: str
    task: str
    worker: str
    pid: int
    started: float
    redelivered: bool


def read_executions(settings: Settings) -> Mapping[str, Sequence[Execution]]:
    """Return task id -> its runs now, the earliest first.

    Raises:
        UnreachableError, ForbiddenError, RefusedError: as every probe.
    """
    with open_inspector(settings, ANSWER_S) as inspect:
        (active,) = query_workers(inspect, "active")
    found: defaultdict[str, list[Execution]] = defaultdict(list)
    for worker, tasks in active.items():
        for task in tasks:
            found[task["id"]].append(_read(worker, task))
    return {
        task_id: sorted(runs, key=lambda run: (run.started, run.worker, run.pid))
        for task_id, runs in found.items()
    }


def _read(worker: str, task: Mapping[str, Any]) -> Execution:
    return Execution(
        task["id"],
        task["name"],
        worker,
        int(task["worker_pid"] or 0),
        float(task["time_start"] or 0),
        bool((task.get("delivery_info") or {}).get("redelivered")),
    )


def count_repeated_starts(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the tasks that log lines show as started more than once; a retry is no repetition.

    Args:
        lines: log lines; those of starts have `event`, `task`, `task_id`, `retries`.

    Returns:
        A row for each, most starts first: `task_id`, `task`, `starts`.
    """
    wanted = lines.reindex(columns=["event", "task_id", "task", "retries"])
    started = wanted[wanted["event"] == _STARTED].astype({"retries": str})
    counts = started.groupby(["task_id", "task", "retries"]).size()
    starts = counts.groupby(["task_id", "task"]).max().rename("starts").reset_index()
    return starts[starts["starts"] > 1].sort_values("starts", ascending=False, ignore_index=True)
