"""Selects the reader of error events, or of issues, for a target's Sentry backend."""

from securenet_obs.probes.errors.bugsink import BugsinkEvents
from securenet_obs.probes.errors.bugsink_issues import BugsinkIssues
from securenet_obs.probes.errors.events import ErrorBackend
from securenet_obs.probes.errors.issues import Issues
from securenet_obs.probes.errors.sentry import GlitchTipEvents, SentryEvents
from securenet_obs.probes.errors.sentry_issues import SentryIssues
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


def open_issues(settings: Settings) -> Issues:
    """Return the reader of issues of the backend that `SENTRY_BACKEND` names, without connecting.

    Raises:
        SettingsError: a setting that this backend needs is missing.
    """
    if settings.sentry_backend == "bugsink":
        return BugsinkIssues(settings)
    return SentryIssues(settings)
