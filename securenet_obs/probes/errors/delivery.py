"""Sends one event to a DSN over HTTP, and returns Sentry's answer, which the SDK does not show."""

import json
import uuid
from dataclasses import dataclass

from sentry_sdk.utils import BadDsn, Dsn

from securenet_obs.errors import SettingsError, UnreachableError
from securenet_obs.probes.http.json_api import open_client, send_request
from securenet_obs.probes.markers import generate_canary
from securenet_obs.processes.polling import Deadline

FINGERPRINT = "securenet-probe"
"""Fingerprint of the events: all of them are one issue."""

_CLIENT = "securenet-probe"


@dataclass(frozen=True)
class Delivery:
    """Sentry's answer to one event.

    Args:
        event_id: id of the event.
        status: HTTP status; None without an answer.
        reason: text of an answer that is not 2xx, or the reason why there is none.
    """

    event_id: str
    status: int | None
    reason: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the event was accepted; it may still not be stored."""
        return self.status is not None and 200 <= self.status < 300


def send_event(dsn: str, environment: str, deadline_s: float) -> Delivery:
    """Send an event of level `info` with a canary.

    Args:
        dsn: where to send it.
        environment: environment of the event.
        deadline_s: seconds to wait for the answer.

    Raises:
        SettingsError: the DSN is not one.
    """
    try:
        auth = Dsn(dsn).to_auth(_CLIENT)
    except BadDsn as error:
        raise SettingsError(f"SENTRY_DSN: it is not a valid DSN: {error}.") from None
    event_id = uuid.uuid4().hex
    client = open_client(auth.get_api_url(), "SENTRY_DSN", {"X-Sentry-Auth": auth.to_header()})
    try:
        with client:
            answer, body = send_request(
                client,
                "POST",
                "",
                deadline=Deadline.after(deadline_s),
                content=_build_envelope(event_id, environment),
            )
    except UnreachableError as error:
        return Delivery(event_id, None, str(error))
    text = "" if answer.is_success else body[:200].decode("utf-8", "replace")
    return Delivery(event_id, answer.status_code, text)


def _build_envelope(event_id: str, environment: str) -> bytes:
    """Return a header, the item's header and the event, one line each."""
    event = {
        "event_id": event_id,
        "message": "securenet probe",
        "level": "info",
        "logger": "securenet.probe",
        "environment": environment,
        "fingerprint": [FINGERPRINT],
        "tags": {"canary": generate_canary()},
    }
    lines = ({"event_id": event_id}, {"type": "event"}, event)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
