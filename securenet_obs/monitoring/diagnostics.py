"""Fails on purpose, with secrets where they tend to leak: a validation then looks for them."""

from typing import NoReturn

import sentry_sdk
import structlog

from securenet_obs.errors import DiagnosticError

_log = structlog.get_logger(__name__)


def fail_on_purpose(canary: str, secret: str) -> NoReturn:
    """Raise an error that names the canary, after the secret was planted in five places.

    It stands in a local variable, a log line, a breadcrumb, the event's extra data, and a URL
    inside the exception's own message, as drivers write it when a connection fails.

    Args:
        canary: marker that the message begins with.
        secret: text that must arrive nowhere.

    Raises:
        DiagnosticError: always.
    """
    connection = {"host": "cache.example", "password": secret}
    _log.warning("diagnostic_planted", connection=connection)
    sentry_sdk.add_breadcrumb(category="diagnostic", message=f"Authorization: Bearer {secret}")
    sentry_sdk.get_current_scope().set_extra("connection", connection)
    url = f"redis://default:{secret}@{connection['host']}:6379/0"
    raise DiagnosticError(f"{canary}: no answer from {url}")
