"""The settings select the reader; a Bugsink without a relay stores nothing."""

from typing import Any

import pytest

from securenet_obs.errors import NotStoredError
from securenet_obs.probes.telemetry.backends import BugsinkReader, GlitchTipReader, open_telemetry
from securenet_obs.probes.telemetry.relay import RelayReader
from securenet_obs.probes.telemetry.sentry import SentryReader
from securenet_obs.settings import Settings

GIVEN = {"sentry_org": "acme", "sentry_auth_token": "t0ken"}
RELAY = {"sentry_relay_url": "http://127.0.0.1:9"}


def test_the_settings_select_the_reader() -> None:
    """A relay stands before Bugsink or GlitchTip; Sentry needs none."""
    for kind, settings in {
        SentryReader: {"sentry_backend": "sentry", **RELAY},
        RelayReader: {"sentry_backend": "bugsink", **RELAY},
        BugsinkReader: {"sentry_backend": "bugsink"},
        GlitchTipReader: {"sentry_backend": "glitchtip"},
    }.items():
        assert type(open_telemetry(Settings(**GIVEN, **settings))) is kind


def test_a_relay_before_glitchtip_is_read() -> None:
    """It stores the data that the backend drops, whichever this is."""
    reader = open_telemetry(Settings(sentry_backend="glitchtip", **GIVEN, **RELAY))
    assert type(reader) is RelayReader


@pytest.mark.parametrize("backend", ["bugsink", "glitchtip"])
def test_a_backend_of_errors_without_a_relay_refuses_at_once(backend: Any) -> None:
    """The error has the remedy, and differs from an empty answer."""
    reader = open_telemetry(Settings(sentry_backend=backend, **GIVEN))
    assert reader.stored_kinds == frozenset()
    for call in (reader.find_transactions, reader.check_ins):
        with pytest.raises(NotStoredError, match="SENTRY_RELAY_URL"):
            call("a" * 32, 30)
