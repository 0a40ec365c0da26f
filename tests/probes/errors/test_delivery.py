"""An event is sent with Sentry's own answer, whatever that is."""

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.monitoring.sentry.recorder import recording_sentry
from securenet_obs.probes.errors.delivery import FINGERPRINT, send_event
from securenet_obs.processes.ports import find_free_ports


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (403, False), (429, False)])
def test_the_answer_is_returned(status: int, accepted: bool) -> None:
    """The event is a small one of level `info`, in one issue."""
    with recording_sentry() as sentry:
        sentry.status = status
        found = send_event(sentry.dsn, "staging", 5.0)
        (event,) = sentry.events
    assert (found.status, found.is_accepted) == (status, accepted)
    assert found.reason == ("" if accepted else "{}")
    assert event["event_id"] == found.event_id
    assert (event["level"], event["environment"]) == ("info", "staging")
    assert event["fingerprint"] == [FINGERPRINT]


def test_without_an_answer_the_reason_is_told() -> None:
    """Nothing listens on the port."""
    found = send_event(f"http://key@127.0.0.1:{find_free_ports(1)[0]}/1", "staging", 2.0)
    assert (found.status, found.is_accepted) == (None, False)
    assert "does not answer" in found.reason


def test_another_url_is_refused() -> None:
    """The message names the setting."""
    with pytest.raises(SettingsError, match="SENTRY_DSN"):
        send_event("http://127.0.0.1/1", "staging", 1.0)
