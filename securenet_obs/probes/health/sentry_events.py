"""Health of Sentry: an event with a canary is accepted, and read back."""

import time

from securenet_obs.errors import NotFoundError, SettingsError
from securenet_obs.probes.errors.backends import open_error_events
from securenet_obs.probes.errors.delivery import send_event
from securenet_obs.probes.health.health import Health
from securenet_obs.settings import Settings


def probe_sentry(settings: Settings, deadline_s: float) -> Health:
    """Send an event to the target's Sentry and read it back.

    Each probe stores one event, of level `info`, in one and the same issue.

    Args:
        settings: those of the target.
        deadline_s: seconds to wait until the event can be read.

    Raises:
        SettingsError: SENTRY_DSN is not set, or a setting that the reader needs.
        ForbiddenError: the token may not read events.
        UnreachableError: Sentry's API does not answer.
    """
    dsn = settings.sentry_dsn
    if not dsn:
        raise SettingsError("SENTRY_DSN is not set: no event can be sent.")
    reader = open_error_events(settings)
    began = time.monotonic()
    event_id = send_event(dsn, settings.environment, deadline_s).event_id
    try:
        reader.find(event_id, deadline_s)
    except NotFoundError:
        return Health("sentry", False, f"event {event_id} is not there after {deadline_s:g} s")
    return Health(
        "sentry", True, f"event {event_id} was read back after {time.monotonic() - began:.1f} s"
    )
