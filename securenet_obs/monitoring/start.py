"""Sets up logging and Sentry for a service or a notebook, in the right order."""

from securenet_obs.monitoring.logs.setup import configure_structlog
from securenet_obs.monitoring.releases import default_release
from securenet_obs.monitoring.sentry.client import init_sentry
from securenet_obs.settings import Settings

NOTEBOOK = "securenet-notebook"
"""Service name of a notebook in its log lines and error events."""


def start_monitoring(settings: Settings, service: str, release: str | None = None) -> None:
    """Set up JSON logs, including prints, and Sentry for a service.

    Args:
        settings: settings of the target.
        service: name of this process, unless SERVICE_NAME is set.
        release: its release, unless SENTRY_RELEASE is set; by default the version of the installed
            package that has the service's name.

    Raises:
        SettingsError: the DSN cannot be used, or is empty in production.
    """
    given = {"service_name": service, "sentry_release": release or default_release(service)}
    changed = {name: given[name] for name in given.keys() - settings.model_fields_set}
    _start(settings.model_copy(update=changed), prints=True)


def start_notebook_monitoring(settings: Settings) -> None:
    """Set up logs and Sentry for a notebook; prints stay unchanged, logs begin at level warning.

    A notebook is not traced: the service that it calls makes its own decision.

    Raises:
        SettingsError: the DSN cannot be used, or is empty in production.
    """
    changed: dict[str, object] = {"service_name": NOTEBOOK, "log_level": "WARNING"}
    changed["sentry_release"] = settings.target_release
    changed |= {"sentry_traces_sample_rate": 0.0, "sentry_traces_rates": ""}
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
