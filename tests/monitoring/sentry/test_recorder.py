"""The Sentry recorder."""

import pytest
import sentry_sdk

from securenet_obs.monitoring.sentry.recorder import recording_sentry


def test_it_records_the_events_of_the_real_sdk() -> None:
    """An event that the SDK sends over HTTP can be read back unchanged."""
    with recording_sentry() as sentry:
        client = sentry_sdk.Client(dsn=sentry.dsn)
        sent = client.capture_event({"message": "hello", "level": "error"})
        client.close()
        assert sentry.wait_for_event(lambda event: event["event_id"] == sent)["message"] == "hello"


def test_a_missing_event_is_a_timeout_error() -> None:
    """Waiting for an event that was not sent ends with a TimeoutError."""
    with recording_sentry() as sentry, pytest.raises(TimeoutError, match="no matching event"):
        sentry.wait_for_event(lambda event: True, deadline_s=0.1)
