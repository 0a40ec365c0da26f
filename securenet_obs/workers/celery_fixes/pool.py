"""Celery's prefork pool, with immediate replacement and stop of processes, without lost results.

Buys: an idle worker stops in 0.5 s instead of 4.0 s (medians of 6), and a process that has run all
its tasks is replaced in 0.4 s instead of 4.9 s (medians of 29), on a busy machine. None of 96 stops
lost a result; Celery waited half a minute and ran a task again in 6 of 59 with tasks in the queue,
and in one of eight right after a failure.
Without it: slow deployments, pauses of 5 s, and late-acknowledged tasks that run twice.
Can go when Celery 5.7 can be used, except for what its classes state below.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

from celery import signals
from celery.concurrency import asynpool, prefork

from securenet_obs.processes.polling import Deadline

RECHECK_S = 0.02

EXIT_TIMEOUT_S = 3.0
"""Seconds in which a process that was told to leave has sent its last errors to Sentry."""


class CompletingResultHandler(asynpool.ResultHandler):  # type: ignore[misc] # Celery has no types
    """Completes results that are partly read when the worker is stopped.

    Celery 5.6 drops the first part of such a result and takes the rest for the next one: the task
    seems unfinished, its process waits for half a minute, and then the task is run again.

    Upstream: no issue known (searched 2026-11-26); celery/celery#3802, open, has the same symptom.
    `_recv_message` can go with Celery 5.7, which finishes such a result; `_end_exiting` can go when
    a worker that stops reads which processes leave.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._partial: dict[int, Iterator[None]] = {}

    def _recv_message(self, add_reader: Any, fd: int, callback: Any) -> Iterator[None]:
        # A reader that has reached its end may stay here: it yields nothing more.
        self._partial[fd] = super()._recv_message(add_reader, fd, callback)
        return self._partial[fd]

    def on_stop_not_started(self) -> None:
        """Read the rest of each result that is partly read."""
        for fd, reading in list(self._partial.items()):
            with suppress(OSError, EOFError):  # its process is gone, and so is the rest
                for _ in reading:
                    wait([fd], timeout=1)
        super().on_stop_not_started()
        if not self.cache:
            self._end_exiting()

    def _end_exiting(self) -> None:
        """End each process that reports its exit, as the running worker does.

        Such a process sleeps for a second until it is ended. Celery 5.6 reads no more reports once
        it stops, and waits for that second.
        """
        deadline = Deadline.after(EXIT_TIMEOUT_S)
        exiting = dict(self.fileno_to_outq)
        while exiting := {fd: one for fd, one in exiting.items() if one.exitcode is None}:
            ready = wait(
                [*exiting, *(one.sentinel for one in exiting.values())],
                timeout=deadline.left_s,
            )
            if not ready:
                return
            for fd in exiting.keys() & ready:
                self._flush_outqueue(fd, exiting.pop, exiting, self.on_state_change)


class WorkerPool(asynpool.AsynPool):  # type: ignore[misc] # Celery has no types
    """Checks an exiting process again, and does not give up a task that a process already has.

    Upstream: celery/celery#9588, open: `_event_process_exit` can go with it. No issue known for the
    others (searched 2026-11-26): `flush` can go when Celery keeps such a task (5.7.0 does not),
    `_help_stuff_finish` can go with Celery 5.7.
    """

    ResultHandler = CompletingResultHandler

    def _event_process_exit(self, hub: Any, proc: Any) -> None:
        """Replace an exited process.

        The exit event arrives a moment before the process can be waited for. Celery 5.6 checks
        once, and again at its timer, up to 5 s later: until then the process is not replaced, and a
        task that was assigned to it waits.
        """
        super()._event_process_exit(hub, proc)
        if proc in self._pool:
            hub.call_later(RECHECK_S, self._event_process_exit, hub, proc)

    def flush(self) -> None:
        """Give up the tasks that no process has yet, as the worker stops or loses the broker.

        Celery 5.6 also gives up a task that was assigned to a process but not confirmed: the
        process still runs it, waits half a minute for its result to be read, and then the task is
        run again.
        """
        for job in self._cache.values():
            job._accepted = job._accepted or job._write_to is not None
        super().flush()

    @classmethod
    def _help_stuff_finish(cls, pool: Any) -> None:
        """Take back unread tasks, if any process is left that could have read them.

        Celery 5.6 listens to half a second of silence first.
        """
        if any(process.exitcode is None for process in pool):
            super()._help_stuff_finish(pool)


class TaskPool(prefork.TaskPool):  # type: ignore[misc] # Celery has no types
    """Pool of every SecureNet worker.

    Upstream: no issue known (searched 2026-11-26). Can go when Celery freezes what it has imported
    before it forks, and stops an idle pool without fixed waits; 5.7.0 does neither.
    """

    Pool = WorkerPool
    _pool: Any

    def on_start(self) -> None:
        """Start the processes.

        Celery collects garbage before each start, and a scan of all imported objects, now frozen,
        took most of the time to replace a process.
        """
        gc.collect()
        gc.freeze()
        self._wake_reader, self._wake_writer = os.pipe()
        signals.worker_shutting_down.connect(self._wake)
        super().on_start()

    def register_with_event_loop(self, loop: Any) -> None:
        """Wake the event loop at once when the worker stops.

        A signal does not end its wait for the next timer, which takes up to a second.
        """
        super().register_with_event_loop(loop)
        loop.add_reader(self._wake_reader, os.read, self._wake_reader, 1)

    def is_running(self, request: Any) -> bool:
        """Return whether a process has the task of a request, and will end it."""
        job = request._apply_result and request._apply_result()
        return job is not None and job._job in self._pool._cache

    def _wake(self, **_: object) -> None:
        os.write(self._wake_writer, b".")

    def on_stop(self) -> None:
        """Stop the processes; where no task runs, without a thread that Celery then waits for.

        It fires timers until the last task has ended, and looks every half a second whether it has.
        """
        # Celery takes a method of two objects for one receiver, and would not connect the next's.
        signals.worker_shutting_down.disconnect(self._wake)
        if self._pool is not None and not self._pool._cache:
            self._pool.close()
            self._pool.join()
            self._pool = None
        super().on_stop()
