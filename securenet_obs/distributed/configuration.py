"""Configuration of the validations' Celery application: one queue, one run at a time, schedule."""

from datetime import UTC, datetime
from typing import Any

from celery import Celery
from celery.schedules import ParseException, crontab
from kombu import Queue

from securenet_obs.distributed.names import DISPATCH
from securenet_obs.errors import SettingsError
from securenet_obs.workers.connections import TIMEOUT_SETTINGS, tls_options
from securenet_obs.workers.names import VALIDATION_QUEUE
from securenet_obs.workers.windows import slots_after

DISPATCH_EXPIRES_S = 600
"""Seconds in which a worker must take the schedule's task; else its runs are missed."""


def configure(app: Celery, broker: str, schedule: str = "") -> Celery:
    """Configure an application for a broker, and return it; nothing is connected.

    Args:
        app: the application.
        broker: URL of a Redis database of its own.
        schedule: crontab of all validations, in UTC; empty for none.

    Raises:
        SettingsError: the crontab cannot be parsed.
    """
    app.conf.update(
        broker_url=broker,
        # The scheduler keeps its lock and its times there; tasks store no result.
        result_backend=broker,
        broker_use_ssl=tls_options(broker),
        redis_backend_use_ssl=tls_options(broker),
        task_serializer="json",
        accept_content=["json"],
        task_queues=[Queue(VALIDATION_QUEUE)],
        task_default_queue=VALIDATION_QUEUE,
        task_create_missing_queues=False,
        task_ignore_result=True,
        **TIMEOUT_SETTINGS,
        **_EXECUTION,
        beat_schedule=_entries(schedule),
        beat_scheduler="securenet_obs.workers.schedule:RecordingScheduler",
        beat_max_loop_interval=5,
    )
    return app


_EXECUTION: dict[str, Any] = {
    "worker_pool": "securenet_obs.workers.celery_fixes.pool:TaskPool",
    "worker_consumer": "securenet_obs.workers.celery_fixes.consumer:WaitingConsumer",
    # A run of a lost worker is delivered again; the runs themselves count their starts.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_concurrency": 1,
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 200,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "enable_utc": True,
    "timezone": "UTC",
}


def parse_schedule(text: str) -> crontab:
    """Return the schedule of a crontab.

    Raises:
        SettingsError: it cannot be parsed.
    """
    try:
        schedule = crontab.from_string(text)
        next(slots_after(schedule, datetime.now(UTC)))
    except RuntimeError as error:
        raise SettingsError(
            f"VALIDATION_SCHEDULE: no day is one of `{text}`; it is a crontab of minute, hour, "
            "day, month and weekday, such as `0 3 * * *`."
        ) from error
    except (ParseException, ValueError) as error:
        raise SettingsError(
            f"VALIDATION_SCHEDULE: {error}; it is a crontab of five fields, such as `0 3 * * *`."
        ) from error
    return schedule


def _entries(schedule: str) -> dict[str, Any]:
    if not schedule:
        return {}
    options = {"queue": VALIDATION_QUEUE, "expires": DISPATCH_EXPIRES_S}
    # The worker that takes the task need not have the schedule itself.
    words = {"schedule": schedule}
    entry = {"task": DISPATCH, "schedule": parse_schedule(schedule)}
    return {"validations": {**entry, "kwargs": words, "options": options}}
