"""Selects the reader of traces and check-ins for a target; refuses where none are stored."""

from typing import NoReturn

from securenet_obs.errors import NotStoredError
from securenet_obs.probes.telemetry.readers import TelemetryReader
from securenet_obs.probes.telemetry.relay import RelayReader
from securenet_obs.probes.telemetry.sentry import SentryReader
from securenet_obs.settings import Settings


class BugsinkReader:
    """A Bugsink without a relay: it answers 200 to transactions and check-ins, and drops them."""

    stored_kinds: frozenset[str] = frozenset()

    def find_transactions(self, trace_id: str, deadline_s: float, *, expected: int = 1) -> NoReturn:
        """Refuse; see `TelemetryReader.find_transactions`."""
        raise NotStoredError(
            "Bugsink drops transactions; put a relay in front of it and set SENTRY_RELAY_URL."
        )

    def check_ins(self, monitor: str, deadline_s: float) -> NoReturn:
        """Refuse; see `TelemetryReader.check_ins`."""
        raise NotStoredError(
            "Bugsink drops check-ins; put a relay in front of it and set SENTRY_RELAY_URL."
        )


def open_telemetry(settings: Settings) -> TelemetryReader:
    """Return the reader of the target's relay, else of its Sentry, without connecting.

    Raises:
        SettingsError: a setting that this backend needs is missing.
    """
    if settings.sentry_backend != "bugsink":
        return SentryReader(settings)
    return RelayReader(settings) if settings.sentry_relay_url else BugsinkReader()
