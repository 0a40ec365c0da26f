"""Counts the tasks of this process, and their wait and run times; starts its recorder."""

import atexit
import time
from typing import Any

from celery import signals

from securenet_obs.monitoring.metrics.definitions import TASK_RUN, TASK_WAIT, TASKS
from securenet_obs.monitoring.metrics.recorder import MetricsRecorder
from securenet_obs.monitoring.metrics.tally import TALLY
from securenet_obs.settings import get_settings
from securenet_obs.workers.durations import waited_ms

_started_at: dict[str, float] = {}
_recorder: MetricsRecorder | None = None


def connect_metrics() -> None:
    """Count every task from now on, and record the counts of each child of a worker."""
    signals.task_prerun.connect(_count_start)
    signals.task_postrun.connect(_count_end)
    signals.task_failure.connect(_count_lost)
    signals.worker_process_init.connect(_record_child)
    # A child of the prefork pool leaves by os._exit.
    signals.worker_process_shutdown.connect(stop_recording)
    signals.worker_shutdown.connect(stop_recording)


def start_recording(service: str) -> None:
    """Record the metrics of this process, by the name of its service, from now on."""
    global _recorder
    settings = get_settings()
    name = settings.service_name if "service_name" in settings.model_fields_set else service
    _recorder = MetricsRecorder(settings.results.get_secret_value(), name)
    _recorder.start()


def stop_recording(**_: object) -> None:
    """Record the metrics of this process at its end."""
    if _recorder is not None:
        _recorder.stop()


# Before Sentry registers its flush, so that it runs after it: the flush answers the last events.
atexit.register(stop_recording)


def _record_child(**_: object) -> None:
    _started_at.clear()
    start_recording("securenet-worker")


def _count_start(task_id: str, task: Any, **_: object) -> None:
    if task.request.is_eager:
        return
    _started_at[task_id] = time.perf_counter()
    wait_ms = waited_ms(task.request, time.time())
    if wait_ms is not None:
        TALLY.observe(TASK_WAIT, task.name, value=wait_ms / 1e3)


def _count_end(task_id: str, task: Any, state: str | None = None, **_: object) -> None:
    started_at = _started_at.pop(task_id, None)
    if started_at is not None:
        TALLY.observe(TASK_RUN, task.name, value=time.perf_counter() - started_at)
        TALLY.increment(TASKS, task.name, str(state).lower())


def _count_lost(task_id: str, sender: Any, **_: object) -> None:
    """Count a failure that only the worker's parent process reports: the child is gone."""
    if task_id not in _started_at:
        TALLY.increment(TASKS, sender.name, "failure")
