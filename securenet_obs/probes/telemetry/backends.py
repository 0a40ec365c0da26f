"""Selects the reader of traces and check-ins for a target; refuses where none are stored."""

from typing import NoReturn

from securenet_obs.errors import NotStoredError
from securenet_obs.probes.telemetry.readers import TelemetryReader
from securenet_obs.probes.telemetry.relay import RelayReader
from securenet_obs.probes.telemetry.sentry import SentryReader
from securenet_obs.settings import Settings

_REMEDY = "put a relay in front of it and set SENTRY_RELAY_URL."


class ErrorsOnlyReader:
    """A backend that answers 200 to transactions and check-ins, and cannot return them."""

    stored_kinds: frozenset[str] = frozenset()
    refusal: str

    def find_transactions(self, trace_id: str, deadline_s: float, *, expected: int = 1) -> NoReturn:
        """Refuse; see `TelemetryReader.find_transactions`."""
        raise NotStoredError(f"{self.refusal.format('transactions')}; {_REMEDY}")

    def check_ins(self, monitor: str, deadline_s: float) -> NoReturn:
        """Refuse; see `TelemetryReader.check_ins`."""
        raise NotStoredError(f"{self.refusal.format('check-ins')}; {_REMEDY}")


class BugsinkReader(ErrorsOnlyReader):
    """A Bugsink without a relay."""

    refusal = "Bugsink drops {}"


class GlitchTipReader(ErrorsOnlyReader):
    """A GlitchTip without a relay: it sums transactions up, and its monitors are of URLs."""

    refusal = "GlitchTip's API has no {}"


def open_telemetry(settings: Settings) -> TelemetryReader:
    """Return the reader of the target's relay, else of its Sentry, without connecting.

    Raises:
        SettingsError: a setting that this backend needs is missing.
    """
    if settings.sentry_backend == "sentry":
        return SentryReader(settings)
    if settings.sentry_relay_url:
        return RelayReader(settings)
    return BugsinkReader() if settings.sentry_backend == "bugsink" else GlitchTipReader()
