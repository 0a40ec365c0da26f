"""Fails on purpose, with secrets where they tend to leak: a validation then looks for them."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import sentry_sdk
import structlog

from securenet_obs.errors import DiagnosticError

_log = structlog.get_logger(__name__)


def note_relay(canary: str, sent_task_id: str) -> None:
    """Log that the canary went on in a task: who follows it can do so when the ids are lost."""
    _log.info("canary_relayed", canary=canary, sent_task_id=sent_task_id)


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


@dataclass(frozen=True)
class Planted:
    """Secrets to leak: `places` by where to leak each, `texts` and `fields` by what they are."""

    places: Mapping[str, str]
    texts: Sequence[str]
    fields: Mapping[str, str]


def leak_on_purpose(canary: str, planted: Planted) -> NoReturn:
    """Let every secret out wherever careless code does, and fail.

    Log lines in four ways, a breadcrumb, a scope's extra data and context, a local variable, a URL,
    and the text of the exception.

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
    # Of a list or a mapping the SDK sends the first ten items only.
    scope.set_extra("texts", "\n".join(planted.texts))
    for name, value in planted.fields.items():
        scope.add_breadcrumb(category="diagnostic", data={name: value})
    scope.set_context("diagnostic", login)
    url = f"redis://default:{places['URL']}@cache.example:6379/{len(password)}"
    raise DiagnosticError(f"{canary}: no answer from {url}, password={places['exception text']}")
