"""Check-ins of validations with Sentry: a monitor for each notebook notices runs that are missing.

A run checks in once, at its end and after its retries. A run that is skipped or interrupted proves
nothing and does not check in, so that Sentry reports it as missed.
"""

import uuid
from typing import Any

import httpx
from sentry_sdk.consts import EndpointType
from sentry_sdk.envelope import Envelope
from sentry_sdk.utils import BadDsn, Dsn

from securenet_obs.errors import NotificationError
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.settings import Settings

TIMEOUT_S = 5.0
MARGIN_M = 15
"""Minutes after the scheduled time in which a run of all validations must have ended."""

_CLIENT = "securenet-obs/1"
_LONGEST_SLUG = 50


def monitor_slug(notebook: str) -> str:
    """Return the slug of a notebook's monitor: lower case, and 50 characters at most."""
    clean = "".join(letter if letter.isalnum() else "-" for letter in notebook.lower())
    return f"validation-{clean}"[:_LONGEST_SLUG].rstrip("-")


def check_in(settings: Settings, notebook: str, verdict: str, seconds: float) -> None:
    """Check a run in with the target's Sentry, and create or update its monitor.

    Args:
        settings: the target's settings; `validation_schedule` is not empty.
        notebook: name of the notebook.
        verdict: the run's verdict, after all retries.
        seconds: its duration.

    Raises:
        NotificationError: Sentry did not accept the check-in; the message has no key.
    """
    try:
        dsn = Dsn(settings.sentry_dsn)
    except BadDsn:
        raise NotificationError(
            "VALIDATION_SCHEDULE is set, and SENTRY_DSN is not a DSN: no run checks in."
        ) from None
    auth = dsn.to_auth(_CLIENT)
    envelope = _build(settings, notebook, verdict, seconds)
    try:
        answer = httpx.post(
            str(auth.get_api_url(EndpointType.ENVELOPE)),
            content=envelope.serialize(),
            headers={
                "X-Sentry-Auth": str(auth.to_header()),
                "Content-Type": "application/x-sentry-envelope",
            },
            timeout=TIMEOUT_S,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotificationError(
            f"Sentry ({dsn.host}) did not take the check-in of {notebook}: {type(error).__name__}."
        ) from None
    if not answer.is_success:
        raise NotificationError(
            f"Sentry ({dsn.host}) answered {answer.status_code} to the check-in of {notebook}."
        )


def _build(settings: Settings, notebook: str, verdict: str, seconds: float) -> Envelope:
    payload: dict[str, Any] = {
        "check_in_id": uuid.uuid4().hex,
        "monitor_slug": monitor_slug(notebook),
        "status": "ok" if verdict == Verdict.PASSED else "error",
        "duration": round(seconds, 3),
        "environment": settings.environment,
        "release": settings.target_release,
        "monitor_config": {
            "schedule": {"type": "crontab", "value": settings.validation_schedule},
            "timezone": "UTC",
            "checkin_margin": MARGIN_M,
            "failure_issue_threshold": 1,
            "recovery_threshold": 1,
        },
    }
    envelope = Envelope(headers={"event_id": uuid.uuid4().hex})
    envelope.add_checkin(payload)
    return envelope
