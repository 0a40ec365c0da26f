"""Fails on purpose, for API and tasks: plants secrets, raises an error; logs a canary's relay."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import sentry_sdk
import structlog

from securenet_obs.errors import DiagnosticError

_log = structlog.get_logger(__name__)


def log_canary_relay(canary: str, sent_task_id: str) -> None:
    """Log the task that continues a canary, so that it can be followed even if ids are lost."""
    _log.info("canary_relayed", canary=canary, sent_task_id=sent_task_id)


def fail_on_purpose(canary: str, secret: str) -> NoReturn:
    """Plant the secret in five places, and raise an error that names the canary.

    The places are a local variable, a log line, a breadcrumb, the event's extra data, and a URL in
    the exception's own message, as drivers write it when a connection fails.

    Args:
        canary: marker at the start of the message.
        secret: text that must not arrive anywhere.

    Raises:
        DiagnosticError: always.
    """
    connection = {"host": "cache.example", "password": secret}
    _log.warning("diagnostic_planted", connection=connection)
    sentry_sdk.add_breadcrumb(category="diagnostic", message=f"Authorization: Bearer {secret}")
    sentry_sdk.get_current_scope().set_extra("connection", connection)
    url = f"redis://default:{secret}@{connection['host']}:6379/0"
    raise DiagnosticError(f"{canary}: no answer from {url}")


@dataclass(frozen=True)
class SecretsToLeak:
    """Secrets to leak: `places` by the place of each, `fields` by name, and `texts`."""

    places: Mapping[str, str]
    texts: Sequence[str]
    fields: Mapping[str, str]


def leak_on_purpose(canary: str, planted: SecretsToLeak) -> NoReturn:
    """Leak every secret in the places where careless code leaks them, and fail.

    The places are log lines in four ways, a breadcrumb, a scope's extra data and context, a local
    variable, a URL, and the text of the exception.

    Raises:
        DiagnosticError: always.
    """
    places = planted.places
    password = places["local variable"]
    login = {"user": "ann", "profile": {"settings": [{"password": places["nested value"]}]}}
    _log.warning("diagnostic_leak", canary=canary, login=login, token=places["log field"])
    _log.warning("diagnostic_shapes", texts=list(planted.texts), fields=dict(planted.fields))
    logging.getLogger("legacy").warning("login", extra={"api_key": places["log extra"]})
    logging.getLogger("legacy").error("password=%s was refused", places["log argument"])
    warnings.warn(f"deprecated: secret={places['warning']}", stacklevel=2)
    print(f"connecting with passwd={places['printed']}")
    scope = sentry_sdk.get_current_scope()
    scope.add_breadcrumb(message=f"Authorization: Bearer {places['breadcrumb']}")
    # The SDK sends only the first ten items of a list or a mapping.
    scope.set_extra("texts", "\n".join(planted.texts))
    for name, value in planted.fields.items():
        scope.add_breadcrumb(category="diagnostic", data={name: value})
    scope.set_context("diagnostic", login)
    url = f"redis://default:{places['URL']}@cache.example:6379/{len(password)}"
    raise DiagnosticError(f"{canary}: no answer from {url}, password={places['exception text']}")
