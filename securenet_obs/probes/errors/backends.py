"""Selects the reader of error events for a target's Sentry backend."""

from securenet_obs.probes.errors.bugsink import BugsinkEvents
from securenet_obs.probes.errors.events import ErrorBackend
from securenet_obs.probes.errors.sentry import GlitchTipEvents, SentryEvents
from securenet_obs.settings import Settings


def open_error_events(settings: Settings) -> ErrorBackend:
    """Return the reader of the backend that `SENTRY_BACKEND` names, without connecting.

    Raises:
        SettingsError: a setting that this backend needs is missing.
    """
    if settings.sentry_backend == "bugsink":
        return BugsinkEvents(settings)
    if settings.sentry_backend == "glitchtip":
        return GlitchTipEvents(settings)
    return SentryEvents(settings)
