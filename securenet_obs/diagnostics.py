"""Endpoints that fail on purpose, so that a validation can look for what arrives of it."""

import hmac
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from securenet_obs.monitoring import bind_tenant, fail_on_purpose
from securenet_obs.monitoring.correlation import TENANT_ID
from securenet_obs.workers.publishing import publish
from securenet_obs.workers.tasks import raise_diagnostic_error


class Diagnostic(BaseModel):
    """What to raise, and where; `secret` is planted where it must not be seen afterwards."""

    canary: str = Field(max_length=200)
    where: Literal["api", "task"]
    tenant_id: str = Field(pattern=TENANT_ID)
    secret: str = Field(max_length=200)


def require_key(
    request: Request, key: Annotated[str, Header(alias="X-Diagnostics-Key")] = ""
) -> None:
    """Let nobody fail on purpose who does not hold this deployment's key."""
    expected = request.app.state.settings.diagnostics_key.get_secret_value()
    if not expected or not hmac.compare_digest(key.encode(), expected.encode()):
        raise HTTPException(403, "X-Diagnostics-Key is wrong")


router = APIRouter(prefix="/v1/diagnostics", dependencies=[Depends(require_key)])


@router.post("/error")
async def diagnose(diagnostic: Diagnostic) -> JSONResponse:
    """Fail on purpose, in this handler or in a task."""
    bind_tenant(diagnostic.tenant_id)
    if diagnostic.where == "api":
        fail_on_purpose(diagnostic.canary, diagnostic.secret)
    task_id = await run_in_threadpool(
        publish,
        raise_diagnostic_error,
        diagnostic.canary,
        diagnostic.secret,
        diagnostic.tenant_id,
    )
    return JSONResponse({"task_id": task_id}, status_code=202)
