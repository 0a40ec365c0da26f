"""Starts everything a process needs to be observed, in the right order."""

from securenet_obs.monitoring.logs import configure_structlog
from securenet_obs.monitoring.sentry import init_sentry
from securenet_obs.settings import Settings


def start_monitoring(settings: Settings, service: str, *, prints: bool = True) -> None:
    """Let this process log JSON lines and send its errors to Sentry.

    Args:
        settings: the target's.
        service: which process this is, unless SERVICE_NAME says otherwise.
        prints: whether what is printed becomes a line too; in a notebook a person reads it.

    Raises:
        SettingsError: the DSN cannot be used, or is empty in production.
    """
    if "service_name" not in settings.model_fields_set:
        settings = settings.model_copy(update={"service_name": service})
    configure_structlog(settings, prints=prints)
    init_sentry(
        settings.sentry_dsn,
        settings.environment,
        release=settings.sentry_release,
        service=settings.service_name,
        traces_sample_rate=settings.sentry_traces_sample_rate,
    )
