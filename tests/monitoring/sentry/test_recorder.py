"""The recording Sentry."""

import pytest
import sentry_sdk

from securenet_obs.monitoring.sentry.recorder import recording_sentry


def test_it_keeps_the_events_that_the_real_sdk_sends() -> None:
    """What the SDK sends over HTTP can be read back as the event it was."""
    with recording_sentry() as sentry:
        client = sentry_sdk.Client(dsn=sentry.dsn)
        sent = client.capture_event({"message": "hello", "level": "error"})
        client.close()
        assert sentry.event(lambda event: event["event_id"] == sent)["message"] == "hello"


def test_an_event_that_never_comes_is_an_error() -> None:
    """Waiting for what was not sent ends, and says so."""
    with recording_sentry() as sentry, pytest.raises(TimeoutError, match="no such event"):
        sentry.event(lambda event: True, deadline_s=0.1)
