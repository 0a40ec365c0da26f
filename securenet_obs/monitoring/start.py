"""Starts everything a process needs to be observed, in the right order."""

from securenet_obs.monitoring.logs import configure_structlog
from securenet_obs.monitoring.sentry import init_sentry
from securenet_obs.settings import Settings

NOTEBOOK = "securenet-notebook"
"""The service under which a notebook logs and reports its errors."""


def start_monitoring(settings: Settings, service: str) -> None:
    """Let a service log JSON lines, its prints included, and send its errors to Sentry.

    Args:
        settings: the target's.
        service: which process this is, unless SERVICE_NAME says otherwise.

    Raises:
        SettingsError: the DSN cannot be used, or is empty in production.
    """
    if "service_name" not in settings.model_fields_set:
        settings = settings.model_copy(update={"service_name": service})
    _start(settings, prints=True)


def start_notebook_monitoring(settings: Settings) -> None:
    """Let a notebook do the same; what its reader sees are prints as they are, and warnings.

    Raises:
        SettingsError: the DSN cannot be used, or is empty in production.
    """
    changed = {"service_name": NOTEBOOK, "log_level": "WARNING"}
    _start(settings.model_copy(update=changed), prints=False)


def _start(settings: Settings, *, prints: bool) -> None:
    configure_structlog(settings, prints=prints)
    init_sentry(
        settings.sentry_dsn,
        settings.environment,
        release=settings.sentry_release,
        service=settings.service_name,
        traces_sample_rate=settings.sentry_traces_sample_rate,
        traces_rates=settings.traces_rates,
    )
