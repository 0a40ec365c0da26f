"""Celery's prefork pool, which replaces a process as soon as that is gone, and loses no result."""

import gc
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

from celery.concurrency import asynpool, prefork

LOOK_AGAIN_S = 0.02


class Results(asynpool.ResultHandler):  # type: ignore[misc] # Celery has no types
    """Reads to its end what it has begun to read when the worker is told to stop.

    Celery 5.6 forgets the beginning of such a result and takes the rest for the next one: the task
    seems unfinished, its process waits for half a minute, and then the task is run once more.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._begun: dict[int, Iterator[None]] = {}

    def _recv_message(self, add_reader: Any, fd: int, callback: Any) -> Iterator[None]:
        # Of one that was read to its end nothing more will be asked for.
        self._begun[fd] = super()._recv_message(add_reader, fd, callback)
        return self._begun[fd]

    def on_stop_not_started(self) -> None:
        """Read what the processes still have to tell."""
        for fd, reading in list(self._begun.items()):
            with suppress(OSError, EOFError):  # its process is gone, and so is the rest
                for _ in reading:
                    wait([fd], timeout=1)
        super().on_stop_not_started()


class Processes(asynpool.AsynPool):  # type: ignore[misc] # Celery has no types
    """Looks again at a process that is about to be gone, and gives up no task that one has."""

    ResultHandler = Results

    def _event_process_exit(self, hub: Any, proc: Any) -> None:
        """Have the process's place taken.

        What tells of an exit comes a moment before the process can be waited for. Celery 5.6 looks
        once, and again at its timer, up to 5 s later: until then nobody takes the place, and a task
        that was handed to the process waits (Celery's issue 9588).
        """
        super()._event_process_exit(hub, proc)
        if proc in self._pool:
            hub.call_later(LOOK_AGAIN_S, self._event_process_exit, hub, proc)

    def flush(self) -> None:
        """Give up the tasks that no process has yet, as the worker stops or loses the broker.

        Celery 5.6 also gives up a task that a process was handed and has not confirmed: the process
        runs it all the same, waits for half a minute until somebody has read the result, and then
        the task is run once more.
        """
        for job in self._cache.values():
            job._accepted = job._accepted or job._write_to is not None
        super().flush()


class TaskPool(prefork.TaskPool):  # type: ignore[misc] # Celery has no types
    """The pool of every worker of ours."""

    Pool = Processes

    def on_start(self) -> None:
        """Start the processes.

        Celery collects garbage before each one, and a look at all that was imported took most of
        the time in which a process was replaced.
        """
        gc.collect()
        gc.freeze()
        super().on_start()
