"""Celery application of validation workers: its queue alone, one run at a time, and its schedule.

    celery --app securenet_obs.distributed.worker.application worker --queues validation --beat

It shares with SecureNet's own application what makes workers robust, but no queue and no database.
"""

from typing import Any

from celery import Celery, bootsteps, signals

from securenet_obs.distributed.configuration import configure
from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.presence import PRESENCE_S, announce, withdraw
from securenet_obs.monitoring import flush_sentry, start_monitoring
from securenet_obs.monitoring.task_telemetry import report_failure
from securenet_obs.monitoring.worker_messages import log_worker_messages
from securenet_obs.settings import Settings, get_settings
from securenet_obs.workers.celery_fixes.shutdown import connect_shutdown
from securenet_obs.workers.celery_fixes.transport import install_transport

_SERVICE = "securenet-validation"


class ValidationCelery(Celery):  # type: ignore[misc] # Celery has no types
    """Celery application with JSON logs from the first line of a worker, and no banner.

    Upstream: documented extension points; it stays.
    """

    def Worker(self, *args: Any, **options: Any) -> Any:  # noqa: N802 the name is Celery's
        """Return a worker; monitoring starts before its pool forks."""
        settings = get_settings()
        start_monitoring(settings, _SERVICE, settings.target_release)
        log_worker_messages()
        return super().Worker(*args, **{**options, "quiet": True})

    def Beat(self, *args: Any, **options: Any) -> Any:  # noqa: N802 the name is Celery's
        """Return a beat; monitoring starts before it runs."""
        start_monitoring(get_settings(), f"{_SERVICE}-beat")
        return super().Beat(*args, **{**options, "quiet": True})


def _create(settings: Settings) -> Celery:
    app = ValidationCelery(
        "securenet-validation", include=["securenet_obs.distributed.worker.tasks"]
    )
    app.steps["consumer"].add(Presence)
    broker = settings.validation_broker.get_secret_value()
    return configure(app, broker, settings.validation_schedule)


def _keep_log_handlers(**_: object) -> None:
    """Do nothing: with a connected receiver, Celery does not replace the log handlers."""


class Presence(bootsteps.StartStopStep):  # type: ignore[misc] # Celery has no types
    """Shows that the event loop runs, from each connection on: Celery forgets timers with one.

    Upstream: a documented extension point; it stays.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, parent: Any) -> None:
        """Give signs of life; `parent` is the worker's consumer."""
        client = connect(parent.app.conf.broker_url)
        announce(client, parent.hostname)
        parent.timer.call_repeatedly(PRESENCE_S, announce, (client, parent.hostname))


def _withdraw(sender: Any, **_: object) -> None:
    withdraw(connect(validation_app.conf.broker_url), sender.hostname)


def _flush(**_: object) -> None:
    flush_sentry()


install_transport()
validation_app = _create(get_settings())
connect_shutdown()
signals.setup_logging.connect(_keep_log_handlers)
signals.task_failure.connect(report_failure)
signals.worker_process_shutdown.connect(_flush)
signals.worker_shutdown.connect(_flush)
signals.worker_shutdown.connect(_withdraw)
