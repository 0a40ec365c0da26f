"""An error with a wrong DSN gets an event id, as always, and arrives nowhere."""

import uuid

import sentry_sdk

from securenet_obs.walkthrough import send_to_nowhere


def test_an_id_is_returned_for_an_event_that_no_server_receives() -> None:
    """The client of this process is another, and is not touched."""
    event_id = send_to_nowhere("canary-1")
    assert uuid.UUID(event_id).hex == event_id
    assert not sentry_sdk.is_initialized()
