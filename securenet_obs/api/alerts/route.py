"""Route POST /v1/alerts: authenticates Sentry or Alertmanager, stores alerts, answers 202."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import SecretStr

from securenet_obs.api.alerts.alert import ReceivedAlert
from securenet_obs.api.alerts.alertmanager import read_alertmanager
from securenet_obs.api.alerts.sentry import read_sentry
from securenet_obs.api.alerts.storing import store_alerts
from securenet_obs.errors import BodyRefusedError

MAX_BYTES = 1024 * 1024
"""Bytes of a request's body; Sentry's largest event has as many."""

_SIGNATURE = "Sentry-Hook-Signature"
_RESOURCE = "Sentry-Hook-Resource"
_SCHEME = "bearer "
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="alerts"'}

_log = structlog.get_logger(__name__)

# Not part of the description: the bodies are those of the vendors.
router = APIRouter(include_in_schema=False)


@router.post("/v1/alerts")
async def receive_alerts(request: Request) -> JSONResponse:
    """Store the alerts of a webhook; a dossier follows from `securenet-obs oncall serve`."""
    settings = request.app.state.settings
    if signature := request.headers.get(_SIGNATURE, ""):
        body = await _read_body(request)
        if not is_signed(settings.sentry_hook_secret, body, signature):
            raise _refuse("signature")
        alerts = read_sentry(request.headers.get(_RESOURCE, ""), _parse(body))
    elif has_token(settings.alertmanager_token, request.headers.get("Authorization", "")):
        alerts = read_alertmanager(_parse(await _read_body(request)))
    else:
        raise _refuse("token")
    return JSONResponse({"alerts": await _store(alerts)}, status_code=202)


def is_signed(secret: SecretStr, body: bytes, signature: str) -> bool:
    """Return whether a signature is the HMAC-SHA256 of a body, in hexadecimal digits."""
    key = secret.get_secret_value().encode()
    expected = hmac.new(key, body, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(expected, signature.encode("utf-8", "replace")) and bool(key)


def has_token(token: SecretStr, header: str) -> bool:
    """Return whether an `Authorization` header has the bearer token."""
    expected = token.get_secret_value().encode()
    is_bearer = header.lower().startswith(_SCHEME)
    given = header[len(_SCHEME) :].strip().encode("utf-8", "replace")
    return hmac.compare_digest(expected, given) and is_bearer and bool(expected)


def _refuse(reason: str) -> HTTPException:
    _log.warning("alert_refused", reason=f"invalid {reason}")
    return HTTPException(401, f"the {reason} is not valid", headers=_CHALLENGE)


async def _read_body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise BodyRefusedError(413, f"an alert may have at most {MAX_BYTES} bytes")
    return body


def _parse(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise BodyRefusedError(422, "an alert must be a JSON object")
    return document


async def _store(alerts: list[ReceivedAlert]) -> list[dict[str, str]]:
    states = await run_in_threadpool(store_alerts, alerts)
    _log.info("alerts_received", **Counter(states))
    return [
        {"title": alert.to_values()["title"], "state": state}
        for alert, state in zip(alerts, states, strict=True)
    ]
