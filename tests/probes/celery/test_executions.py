"""Runs are grouped by task, the earliest first; a retry or a single start is no repetition."""

import pandas as pd
import pytest

from securenet_obs.probes.celery import executions
from securenet_obs.probes.celery.executions import (
    Execution,
    count_repeated_starts,
    read_executions,
)
from securenet_obs.settings import Settings
from tests.conftest import RedisServer


def active(task_id: str, pid: int | None, started: float | None) -> dict[str, object]:
    """Return a task as a worker reports it."""
    info = {"redelivered": pid == 8}
    return {
        "id": task_id,
        "name": "scan",
        "worker_pid": pid,
        "time_start": started,
        "delivery_info": info,
    }


def test_runs_are_grouped_by_task(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that has not started yet has neither process nor time."""
    answers = {"a": [active("t1", 8, 20.0), active("t2", None, None)], "b": [active("t1", 7, 10.0)]}
    monkeypatch.setattr(executions, "query_workers", lambda *_: [answers])
    settings = Settings(**{name.lower(): value for name, value in redis_server.environment.items()})
    assert read_executions(settings) == {
        "t1": [
            Execution("t1", "scan", "b", 7, 10.0, False),
            Execution("t1", "scan", "a", 8, 20.0, True),
        ],
        "t2": [Execution("t2", "scan", "a", 0, 0.0, False)],
    }


def start(task_id: str, retries: int = 0, event: str = "task_started") -> dict[str, object]:
    """Return a log line of a task."""
    return {"event": event, "task_id": task_id, "task": "scan", "retries": retries}


def test_starts_are_counted_by_task_and_retry() -> None:
    """A third start is more than a second one."""
    lines = [
        start("once"),
        start("retried"),
        start("retried", 1),
        start("ended", event="task_failed"),
    ]
    lines += [start("twice")] * 2 + [start("thrice")] * 3 + [{"event": "x"}]
    assert count_repeated_starts(pd.DataFrame(lines)).to_dict("records") == [
        {"task_id": "thrice", "task": "scan", "starts": 3},
        {"task_id": "twice", "task": "scan", "starts": 2},
    ]


def test_logs_without_starts_have_none() -> None:
    """Their columns may be missing."""
    assert count_repeated_starts(pd.DataFrame({"event": ["x"]})).empty
    assert list(count_repeated_starts(pd.DataFrame())) == ["task_id", "task", "starts"]
