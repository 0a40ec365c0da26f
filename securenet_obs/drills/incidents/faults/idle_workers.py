"""Faults of a worker that answers pings: without consumers, or with suspended children."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from celery import Celery

from securenet_obs.drills.faults.signals import find_children
from securenet_obs.drills.load import Load
from securenet_obs.errors import StackError
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.readiness import WORKER
from securenet_obs.workers.names import DIRECT_PREFIX, QUEUES

_ANSWER_S = 2.0
_BACKLOG = 12
_EVERY_S = 0.5


@contextmanager
def cancel_consumers(stack: LocalStack) -> Iterator[None]:
    """Let the worker consume no queue, as after a reconnect that lost its consumers; tasks arrive.

    Raises:
        StackError: the worker still consumes a queue.
    """
    with Celery(broker=stack.environment["REDIS_URL"], set_as_current=False) as app:
        for queue in (*QUEUES, DIRECT_PREFIX + WORKER):
            app.control.cancel_consumer(queue, destination=[WORKER], reply=True)
        if not poll_until(lambda: _consumes_nothing(app), deadline_s=10.0):
            raise StackError(f"{WORKER} still consumes a queue.")
    with _renewed_worker(stack), _arrivals(stack):
        yield


@contextmanager
def suspend_children(stack: LocalStack) -> Iterator[None]:
    """Suspend the worker's children: its main process answers, takes tasks, and executes none."""
    children = find_children(stack.parts["worker"])
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    try:
        with _renewed_worker(stack), _arrivals(stack):
            yield
    finally:
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _consumes_nothing(app: Celery) -> bool:
    answers = app.control.inspect([WORKER], timeout=_ANSWER_S).active_queues() or {}
    return answers.get(WORKER) == []


@contextmanager
def _renewed_worker(stack: LocalStack) -> Iterator[None]:
    """Restart the worker after the block, unless the runbook has."""
    pid = stack.parts["worker"].pid
    try:
        yield
    finally:
        if not stack.parts["worker"].is_running() or stack.parts["worker"].pid == pid:
            stack.restart_part("worker")


@contextmanager
def _arrivals(stack: LocalStack) -> Iterator[None]:
    """Submit a backlog, and two batches a second during the block."""
    load = Load(stack.environment)
    load.submit(_BACKLOG)
    over = threading.Event()
    arguments = (1_000_000, over, _EVERY_S)
    sender = threading.Thread(target=load.trickle, args=arguments, name="arrivals")
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()
