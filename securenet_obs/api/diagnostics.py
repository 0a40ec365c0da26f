"""Routes below /v1/diagnostics: their own key, request bodies, and the failing tasks they send."""

import hmac
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from securenet_obs.api.answers import answers
from securenet_obs.api.strict_json import StrictRoute
from securenet_obs.monitoring import bind_tenant, fail_on_purpose, log_canary_relay
from securenet_obs.monitoring.diagnostics import SecretsToLeak, leak_on_purpose
from securenet_obs.settings import TENANT_ID
from securenet_obs.store import REQUEST, session_scope
from securenet_obs.workers.publishing import publish
from securenet_obs.workers.tasks import leak_canary, raise_diagnostic_error, relay_canary

_KEY_HEADER = "X-Diagnostics-Key"

_log = structlog.get_logger(__name__)


class Diagnostic(BaseModel):
    """Request for a deliberate failure; its planted `secret` must not be visible anywhere later."""

    canary: str = Field(max_length=200)
    where: Literal["api", "task", "chain"]
    tenant_id: str = Field(pattern=TENANT_ID)
    secret: str = Field(max_length=200)


class DiagnosticsRoute(StrictRoute):
    """A route that requires this deployment's diagnostics key, before it reads the body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, wrapped in the check of the key."""
        handle = super().get_route_handler()

        async def authorised(request: Request) -> Response:
            expected = request.app.state.settings.diagnostics_key.get_secret_value().encode()
            key = request.headers.get(_KEY_HEADER, "").encode()
            if not expected or not hmac.compare_digest(key, expected):
                raise HTTPException(403, f"{_KEY_HEADER} is not valid")
            return await handle(request)

        return authorised


router = APIRouter(
    prefix="/v1/diagnostics",
    route_class=DiagnosticsRoute,
    dependencies=[Depends(APIKeyHeader(name=_KEY_HEADER, auto_error=False))],
)


_ERRORS = answers(403, 408, 413, 415, 422, 500, 503)


@router.post("/error", status_code=202, responses=_ERRORS)
async def diagnose(diagnostic: Diagnostic) -> JSONResponse:
    """Fail on purpose: in this handler, in a task, or at both ends of a chain.

    The links of the chain are this handler, a task, and a task that the first task sends; the first
    and the last link fail.
    """
    bind_tenant(diagnostic.tenant_id)
    arguments = (diagnostic.canary, diagnostic.secret, diagnostic.tenant_id)
    if diagnostic.where == "chain":
        log_canary_relay(
            diagnostic.canary, await run_in_threadpool(publish, relay_canary, *arguments)
        )
    if diagnostic.where != "task":
        fail_on_purpose(diagnostic.canary, diagnostic.secret)
    task_id = await run_in_threadpool(publish, raise_diagnostic_error, *arguments)
    return JSONResponse({"task_id": task_id}, status_code=202)


class Leak(BaseModel):
    """Secrets to leak in the places where careless code leaks them; see `leak_on_purpose`."""

    canary: str = Field(max_length=200)
    tenant_id: str = Field(pattern=TENANT_ID)
    places: dict[str, str] = Field(max_length=100)
    texts: list[str] = Field(max_length=200)
    fields: dict[str, str] = Field(max_length=200)


@router.post("/leak", responses=_ERRORS)
async def leak(request: Leak) -> JSONResponse:
    """Leak secrets on purpose: in a failing SQL statement, in two tasks, and in this handler."""
    bind_tenant(request.tenant_id)
    planted = request.model_dump(include={"places", "texts", "fields"})
    for fails in (False, True):
        await run_in_threadpool(
            publish, leak_canary, request.canary, planted, request.tenant_id, fails
        )
    await run_in_threadpool(
        _fail_to_query, request.places["SQL parameter"], request.places["SQL text"]
    )
    leak_on_purpose(request.canary, SecretsToLeak(**planted))


def _fail_to_query(parameter: str, literal: str) -> None:
    """Log a database error, which quotes the statement."""
    statement = text(f"SELECT nothing FROM nowhere WHERE password = '{literal}' OR token = :token")  # noqa: S608
    try:
        with session_scope(REQUEST) as session:
            session.execute(statement, {"token": parameter})
    except SQLAlchemyError:
        _log.exception("diagnostic_query_failed")
