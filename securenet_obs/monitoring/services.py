"""Monitors a FastAPI or a Celery application by one call: start, correlation, task telemetry."""

from functools import partial
from typing import TYPE_CHECKING

from celery import signals

from securenet_obs.monitoring.asgi import CorrelationMiddleware, HttpErrorMiddleware
from securenet_obs.monitoring.sentry.client import flush_sentry
from securenet_obs.monitoring.start import start_monitoring
from securenet_obs.monitoring.task_telemetry import connect_task_signals
from securenet_obs.monitoring.worker_messages import log_worker_messages
from securenet_obs.settings import get_settings

if TYPE_CHECKING:  # a worker does not import the web framework
    from starlette.applications import Starlette


def monitor_fastapi(app: "Starlette", service: str, release: str | None = None) -> None:
    """Monitor this process and the requests of a FastAPI or Starlette application.

    Call it after the application's own middleware was added: the last one added is the outermost.

    Args:
        app: the application.
        service: name of the process in log lines and events, unless SERVICE_NAME is set.
        release: as for `start_monitoring`.

    Raises:
        SettingsError: a setting cannot be used; see `get_settings` and `start_monitoring`.
    """
    start_monitoring(get_settings(), service, release)
    from starlette.middleware import Middleware

    app.user_middleware.append(Middleware(HttpErrorMiddleware))
    app.add_middleware(CorrelationMiddleware)


def monitor_celery(service: str, release: str | None = None) -> None:
    """Monitor the tasks that this process sends, and, in a worker or beat, the process itself.

    Call it where the Celery application is defined. A process that only sends tasks keeps its own
    name: monitoring starts when a worker or beat sets up its logging. A second call changes
    nothing.

    Args:
        service: name of workers and beat in log lines and events, unless SERVICE_NAME is set.
        release: as for `start_monitoring`.
    """
    connect_task_signals()
    connect = partial(signals.setup_logging.connect, weak=False, dispatch_uid=__name__)
    connect(lambda **_: _start(service, release))
    for ended in (signals.worker_process_shutdown, signals.worker_shutdown):
        ended.connect(_flush)


def _start(service: str, release: str | None) -> None:
    start_monitoring(get_settings(), service, release)
    log_worker_messages()


def _flush(**_: object) -> None:
    flush_sentry()
