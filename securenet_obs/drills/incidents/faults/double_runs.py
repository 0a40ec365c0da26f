"""Faults of tasks that run twice: a message that was sent twice, a short visibility timeout."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery

from securenet_obs.errors import StackError
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.readiness import WORKER
from securenet_obs.stack.parts.services import build_worker_command

SHORT_S = 300
"""Visibility timeout in seconds: half of a task's limit."""

SLOW = "slow"
"""First part of a canary that takes long."""

_LONG_S = 3600
# It must not be imported here: Python would warn on its log that it is both imported and run.
_PROGRAM = "securenet_obs.drills.incidents.programs.lingering_worker"
_TASK = "securenet_obs.workers.tasks.echo_canary"
_ANSWER_S = 1.0
_DEADLINE_S = 30.0


@contextmanager
def send_twice(stack: LocalStack) -> Iterator[None]:
    """Let a slow task run twice at once: its sender has sent it again after a lost answer.

    Raises:
        StackError: it does not run twice.
    """
    with _lingering_worker(stack, _LONG_S):
        with Celery(broker=stack.environment["REDIS_URL"], set_as_current=False) as app:
            task_id = str(uuid.uuid4())
            for _ in range(2):
                app.send_task(_TASK, [f"{SLOW}-{task_id}"], task_id=task_id, queue="canary")
            if not poll_until(lambda: _count_runs(app, task_id) == 2, deadline_s=_DEADLINE_S):
                raise StackError(f"The task {task_id} does not run twice.")
        yield


@contextmanager
def shorten_timeout(stack: LocalStack) -> Iterator[None]:
    """Run the worker with a visibility timeout that its tasks may exceed."""
    with _lingering_worker(stack, SHORT_S):
        yield


@contextmanager
def _lingering_worker(stack: LocalStack, timeout_s: int) -> Iterator[None]:
    command = [sys.executable, "-m", _PROGRAM, str(timeout_s), *build_worker_command()[2:]]
    stack.restart_part("worker", command=command)
    try:
        yield
    finally:
        stack.restart_part("worker")


def _count_runs(app: Celery, task_id: str) -> int:
    answers = app.control.inspect([WORKER], timeout=_ANSWER_S).active() or {}
    return sum(task["id"] == task_id for task in answers.get(WORKER, ()))
