"""Kills a worker's process after it has stored or counted a range, before it acknowledges the task.

A worker that imports this module executes the orders in the folder `KILLS`, each once. An order is
a file; its name is a point, the process to kill and the start of the range: `stored-child-4096`.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import signals

from securenet_obs.workers import tasks

STORED = "stored"
"""The range is stored, its transaction has ended, and the file is not counted by it."""

COUNTED = "counted"
"""The task has ended; its message is not acknowledged, and its result is not stored."""

CHILD, WORKER = "child", "worker"
"""The process of the pool that executes the task; and the worker's main process with it."""

_store_range = tasks.store_range
_finish = tasks.finish
_starts: list[int] = []


def store_range(session: Any, tenant_id: str, digest: str, start: int, partial: Any) -> bool:
    """Store a range, and note its start."""
    _starts[:] = [start]
    return _store_range(session, tenant_id, digest, start, partial)


def finish(session: Any, tenant_id: str, digest: str) -> Any:
    """Count the file, unless the process is to be killed before."""
    _kill_if_ordered(STORED, _starts[0])
    return _finish(session, tenant_id, digest)


def after_task(args: Any, **_: object) -> None:
    """Kill the process after a task of a range, if that is ordered."""
    if len(args) > 3:
        _kill_if_ordered(COUNTED, args[3])


def _kill_if_ordered(point: str, start: int) -> None:
    for process in (CHILD, WORKER):
        with suppress(FileNotFoundError):
            # Only one process can remove it.
            Path(os.environ["KILLS"], f"{point}-{process}-{start}").unlink()
            if process == WORKER:
                os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)


tasks.store_range = store_range
tasks.finish = finish
signals.task_postrun.connect(after_task)
