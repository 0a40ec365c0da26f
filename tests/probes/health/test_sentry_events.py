"""Sentry's probe: an event that is read back; acceptance alone proves nothing."""

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.monitoring.sentry.recorder import recording_sentry
from securenet_obs.probes.errors.delivery import FINGERPRINT
from securenet_obs.probes.health.sentry_events import probe_sentry
from securenet_obs.settings import Settings


def test_an_event_is_read_back(target: Settings) -> None:
    """The stack's own Sentry stores it."""
    found = probe_sentry(target, 20.0)
    assert found.is_healthy, found.observed
    assert "was read back" in found.observed


def test_an_event_that_is_accepted_and_not_stored_is_noticed(target: Settings) -> None:
    """A Sentry that answers 200 and is not the one that is read has no such event."""
    with recording_sentry() as other:
        found = probe_sentry(target.model_copy(update={"sentry_dsn": other.dsn}), 1.0)
        (event,) = other.events
    assert not found.is_healthy
    assert event["event_id"] in found.observed
    assert event["fingerprint"] == [FINGERPRINT]
    assert event["level"] == "info"


def test_without_a_dsn_nothing_is_proven(target: Settings) -> None:
    """Sentry's SDK would accept the event, and drop it."""
    with pytest.raises(SettingsError, match="SENTRY_DSN"):
        probe_sentry(target.model_copy(update={"sentry_dsn": ""}), 1.0)
