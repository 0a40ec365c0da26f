"""Celery application: configuration, queues, worker pools, beat entries, signals, monitoring."""

import gc
from contextlib import suppress
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab
from kombu import Queue

from securenet_obs.errors import StoreUnavailableError
from securenet_obs.monitoring import flush_sentry, start_monitoring
from securenet_obs.monitoring.task_telemetry import connect_task_signals
from securenet_obs.monitoring.worker_messages import log_worker_messages
from securenet_obs.settings import Settings, get_settings
from securenet_obs.store import check_store, discard_engines
from securenet_obs.workers import retention
from securenet_obs.workers.celery_fixes.requests import connect_start_counts
from securenet_obs.workers.celery_fixes.shutdown import connect_shutdown
from securenet_obs.workers.celery_fixes.transport import install_transport
from securenet_obs.workers.connections import TIMEOUT_SETTINGS, tls_options
from securenet_obs.workers.direct_queue import consume_direct_queue
from securenet_obs.workers.durations import connect_durations
from securenet_obs.workers.metrics.recording import connect_metrics, start_recording
from securenet_obs.workers.names import QUEUES
from securenet_obs.workers.preflight import (
    check_application,
    check_detection,
    check_urls,
    warn_of_eviction,
)
from securenet_obs.workers.results import connect_results

TASKS = "securenet_obs.workers.tasks"

_BACKEND = "securenet_obs.workers.celery_fixes.backend:RedactingBackend"

TASK_TIME_LIMIT_S = 600
"""Seconds after which a task is killed."""

_ROUTES = {
    "run_vulnerability_scan": "scans",
    "sync_advisories": "scans",
    "retrain_anomaly_model": "models",
    "process_network_logs": "logs",
    "process_log_file": "logs",
    "process_log_range": "logs",
    "echo_canary": "canary",
    "raise_diagnostic_error": "default",
    "relay_canary": "default",
    "leak_canary": "default",
    "dispatch_vulnerability_scans": "default",
    "dispatch_model_retraining": "default",
    "dispatch_canaries": "default",
    "republish_submissions": "default",
    "delete_old_rows": "default",
}

POOLS: dict[str, tuple[tuple[str, ...], int]] = {
    "quick": (("default", "logs", "canary"), 4),
    "long": (("scans", "models"), 1),
}
"""Workers of a deployment: name -> queues, and number of tasks that each process reserves.

A worker has one prefetch for all its queues. Short tasks are prefetched, long ones are not: they
would wait behind a long one while another worker is idle.
"""

OUTBOX_INTERVAL_S = 15
"""Seconds between two runs of the outbox, which republishes unfinished batches."""

_BEAT_SCHEDULE = {
    "vulnerability-scan": {
        "task": f"{TASKS}.dispatch_vulnerability_scans",
        "schedule": crontab(minute="0", hour="*/6"),
        "options": {"expires": 3600},
    },
    "ml-model-retrain": {
        "task": f"{TASKS}.dispatch_model_retraining",
        "schedule": crontab(minute="0", hour="2"),
        "options": {"expires": 3600},
    },
    "outbox": {
        "task": f"{TASKS}.republish_submissions",
        "schedule": OUTBOX_INTERVAL_S,
        "options": {"expires": OUTBOX_INTERVAL_S},
    },
    "retention": {
        "task": f"{TASKS}.delete_old_rows",
        "schedule": retention.INTERVAL_S,
        "options": {"expires": retention.INTERVAL_S},
    },
}


def _advisories_entry() -> dict[str, Any]:
    """Return the beat entry that synchronises the advisories, an hour before the daily training."""
    return {
        "task": f"{TASKS}.sync_advisories",
        "schedule": crontab(minute="0", hour="1"),
        "options": {"expires": 3600},
    }


def _schedule(settings: Settings) -> dict[str, Any]:
    """Return the beat entries for these settings."""
    entries = {**_BEAT_SCHEDULE, "schedule-canary": _canary_entry(settings.schedule_canary_s)}
    return entries | ({"advisory-sync": _advisories_entry()} if settings.advisories_source else {})


def _canary_entry(every_s: float) -> dict[str, Any]:
    """Return the beat entry that proves that schedules run, down to a task of each tenant."""
    return {
        "task": f"{TASKS}.dispatch_canaries",
        "schedule": every_s,
        "options": {"expires": every_s},
    }


class SecureNetCelery(Celery):  # type: ignore[misc] # Celery has no types
    """Celery application with JSON logs from the first line of worker and beat, and no banner.

    Upstream: documented extension points; it stays.
    """

    amqp_cls = "securenet_obs.workers.celery_fixes.payload_limit:BoundedAMQP"
    task_cls = "securenet_obs.workers.celery_fixes.requests:SecureNetTask"

    def Worker(self, *args: Any, **options: Any) -> Any:  # noqa: N802 the name is Celery's
        """Return a worker; monitoring starts before its pool forks."""
        settings = get_settings()
        start_monitoring(settings, "securenet-worker", settings.target_release)
        check_application(self)
        check_detection()
        # A store that is away now is awaited by each task.
        with suppress(StoreUnavailableError):
            check_store()
        log_worker_messages()
        worker = super().Worker(*args, **{**options, "quiet": True})
        consume_direct_queue(self, worker.hostname)
        start_recording("securenet-worker")
        return worker

    def Beat(self, *args: Any, **options: Any) -> Any:  # noqa: N802 the name is Celery's
        """Return a beat; monitoring starts before it runs."""
        settings = get_settings()
        start_monitoring(settings, "securenet-beat", settings.target_release)
        check_application(self)
        start_recording("securenet-beat")
        # At its end Python would look for garbage in all that was imported: for half a second.
        gc.freeze()
        return super().Beat(*args, **{**options, "quiet": True})


def create_celery(settings: Settings) -> Celery:
    """Return the application for these settings, without connecting to Redis.

    Raises:
        SettingsError: REDIS_URL or RESULT_URL cannot be used; the message gives the reason.
    """
    check_urls(settings)
    app = SecureNetCelery("securenet", include=[TASKS])
    # Celery reads this from a configuration module only, and this application has none.
    app.loader.override_backends = dict.fromkeys(("redis", "rediss"), _BACKEND)
    app.conf.update(
        broker_url=settings.redis_url.get_secret_value(),
        result_backend=settings.results.get_secret_value(),
        broker_use_ssl=tls_options(settings.redis_url.get_secret_value()),
        redis_backend_use_ssl=tls_options(settings.results.get_secret_value()),
        **_MESSAGE_SETTINGS,
        **TIMEOUT_SETTINGS,
        **_EXECUTION_SETTINGS,
        beat_schedule=_schedule(settings),
        beat_scheduler="securenet_obs.workers.schedule:RecordingScheduler",
        beat_max_loop_interval=5,
    )
    return app


_MESSAGE_SETTINGS: dict[str, Any] = {
    "task_serializer": "json",
    "result_serializer": "json",
    "accept_content": ["json"],
    "task_queues": [Queue(name) for name in QUEUES],
    "task_default_queue": "default",
    "task_create_missing_queues": False,
    "task_routes": {f"{TASKS}.{name}": {"queue": queue} for name, queue in _ROUTES.items()},
    "result_expires": 3600,
    "enable_utc": True,
    "timezone": "UTC",
}

_EXECUTION_SETTINGS: dict[str, Any] = {
    "worker_pool": "securenet_obs.workers.celery_fixes.pool:TaskPool",
    "worker_consumer": "securenet_obs.workers.celery_fixes.consumer:WaitingConsumer",
    "task_acks_late": True,
    # A task is run again if its process was killed, but not forever: SecureNetTask counts.
    "task_reject_on_worker_lost": True,
    # The result that a killed process has still sent is read within milliseconds.
    "worker_lost_wait": 1.0,
    "task_time_limit": TASK_TIME_LIMIT_S,
    "task_soft_time_limit": TASK_TIME_LIMIT_S - 60,
    # Task events and the STARTED state stay off: nothing reads them (each start is logged), and
    # publishing them took a third of a task's time.
    "worker_prefetch_multiplier": 1,
    # Bounds slow memory leaks; a new process costs some 20 ms.
    "worker_max_tasks_per_child": 1_000,
    # KiB, of the peak. A training on 56 days of minutes has one of 354 MiB, and 125 MiB are left.
    "worker_max_memory_per_child": 512 * 1024,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
}


def _keep_log_handlers(**_: object) -> None:
    """Do nothing: with a connected receiver, Celery does not replace the log handlers."""


def _discard_inherited(**_: object) -> None:
    discard_engines()


def _check_eviction(sender: Any, **_: object) -> None:
    warn_of_eviction(sender.app.conf.broker_url)


def _flush(**_: object) -> None:
    flush_sentry()


install_transport()
celery_app = create_celery(get_settings())
connect_task_signals()
connect_results()
connect_durations()
connect_metrics()
connect_start_counts()
connect_shutdown()
signals.worker_ready.connect(_check_eviction)
signals.setup_logging.connect(_keep_log_handlers)
signals.worker_process_init.connect(_discard_inherited)
signals.worker_process_shutdown.connect(_flush)
signals.worker_shutdown.connect(_flush)
