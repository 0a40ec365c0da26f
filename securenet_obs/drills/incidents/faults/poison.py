"""Faults of a task that kills its process: without end, or until it is a dead letter."""

import json
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from celery import Celery
from sqlalchemy import delete

from securenet_obs.errors import StackError
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command
from securenet_obs.store import DeadLetter, session_at
from securenet_obs.store.rows import changed_rows

POISON = "poison"
"""First part of a canary that kills the process that executes it."""

# It must not be imported here: Python would warn on its log that it is both imported and run.
_PROGRAM = "securenet_obs.drills.incidents.programs.poisoned_worker"
_TASK = "securenet_obs.workers.tasks.echo_canary"
STARTS_KEY = "securenet:starts:{}"
"""Key in the result database with a task's id: its unfinished starts after the first."""

_ENDED = frozenset({"FAILURE", "REVOKED"})
_WITHOUT_END = 1_000_000
_OFTEN = 3
_TWICE = 2
"""Starts of a task that is buried: a task that the restart of the worker interrupts ends with its
second."""

_DEADLINE_S = 60.0


@contextmanager
def loop_poison(stack: LocalStack) -> Iterator[None]:
    """Let a task kill its process again and again, by a worker that does not bound its starts.

    Raises:
        StackError: the task was not started three times.
    """
    with _forgotten_letter(stack) as task_id, _poisoned_worker(stack, _WITHOUT_END):
        _send(stack, task_id)
        with redis.Redis.from_url(stack.environment["RESULT_URL"]) as results:
            key = STARTS_KEY.format(task_id)
            if not poll_until(
                lambda: int(results.get(key) or 0) >= _OFTEN,
                deadline_s=_DEADLINE_S,
            ):
                raise StackError(f"The poisonous task {task_id} was not started {_OFTEN} times.")
        yield


@contextmanager
def _forgotten_letter(stack: LocalStack) -> Iterator[str]:
    """Yield the id of a task; after the block, wait for its end and delete its dead letter.

    The whole worker that replaces the poisoned one records it.
    """
    task_id = str(uuid.uuid4())
    try:
        yield task_id
    finally:
        # The letter of a failed task follows its result.
        if _wait_for_end(stack, task_id) == "FAILURE" and not poll_until(
            lambda: _delete_letter(stack, task_id), deadline_s=_DEADLINE_S
        ):
            raise StackError(f"The poisonous task {task_id} has left no dead letter.")


def _delete_letter(stack: LocalStack, task_id: str) -> bool:
    """Delete the dead letter of a task; return whether there was one."""
    with session_at(stack.environment["DATABASE_URL"]) as session:
        letters = delete(DeadLetter).where(DeadLetter.task_id == task_id)
        return changed_rows(session.execute(letters)) > 0


@contextmanager
def bury_poison(stack: LocalStack) -> Iterator[str]:
    """Let a task kill its process until it is a dead letter; yield its id, with a whole worker."""
    task_id = str(uuid.uuid4())
    with _poisoned_worker(stack, _TWICE):
        _send(stack, task_id)
        _wait_for_end(stack, task_id)
    yield task_id


@contextmanager
def _poisoned_worker(stack: LocalStack, most_starts: int) -> Iterator[None]:
    command = [sys.executable, "-m", _PROGRAM, str(most_starts), *build_worker_command()[2:]]
    stack.restart_part("worker", command=command)
    try:
        yield
    finally:
        stack.restart_part("worker")


def _send(stack: LocalStack, task_id: str) -> None:
    with Celery(broker=stack.environment["REDIS_URL"], set_as_current=False) as app:
        app.send_task(_TASK, [f"{POISON}-{task_id}"], task_id=task_id, queue="canary")


def _wait_for_end(stack: LocalStack, task_id: str) -> str:
    """Wait until a task has ended, and return its state; one that runs has a result, too."""
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as results:

        def read_state() -> str:
            stored: Any = results.get(f"celery-task-meta-{task_id}")
            return str(json.loads(stored)["status"]) if stored else ""

        state = poll_until(read_state, _ENDED.__contains__, deadline_s=_DEADLINE_S)
    if state not in _ENDED:
        raise StackError(f"The poisonous task {task_id} has not failed.")
    return state
