"""The settings select the reader; a Bugsink without a relay stores nothing."""

import pytest

from securenet_obs.errors import NotStoredError
from securenet_obs.probes.telemetry.backends import BugsinkReader, open_telemetry
from securenet_obs.probes.telemetry.relay import RelayReader
from securenet_obs.probes.telemetry.sentry import SentryReader
from securenet_obs.settings import Settings

GIVEN = {"sentry_org": "acme", "sentry_auth_token": "t0ken"}
RELAY = {"sentry_relay_url": "http://127.0.0.1:9"}


def test_the_settings_select_the_reader() -> None:
    """A relay belongs to Bugsink; Sentry needs none."""
    for kind, settings in {
        SentryReader: {"sentry_backend": "sentry", **RELAY},
        RelayReader: {"sentry_backend": "bugsink", **RELAY},
        BugsinkReader: {"sentry_backend": "bugsink"},
    }.items():
        assert type(open_telemetry(Settings(**GIVEN, **settings))) is kind


def test_a_bugsink_without_a_relay_refuses_at_once() -> None:
    """The error has the remedy, and differs from an empty answer."""
    reader = open_telemetry(Settings(sentry_backend="bugsink", **GIVEN))
    assert reader.stored_kinds == frozenset()
    for call in (reader.find_transactions, reader.check_ins):
        with pytest.raises(NotStoredError, match="SENTRY_RELAY_URL"):
            call("a" * 32, 30)
