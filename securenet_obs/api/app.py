"""The FastAPI application: its routes and responses for network logs, task states and health."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from securenet_obs.api import diagnostics, inventories, metrics
from securenet_obs.api.access import create_tenant_router
from securenet_obs.api.alerts import route as alerts_route
from securenet_obs.api.answers import add_error_answers, answers, described_headers
from securenet_obs.api.api_keys import KeyCache
from securenet_obs.api.bodies import BodyLimits
from securenet_obs.api.idempotency import REPLAYED_HEADER, RequestKey, accept
from securenet_obs.api.readiness import create_readiness
from securenet_obs.api.record_bodies import Records
from securenet_obs.errors import StoreUnavailableError
from securenet_obs.monitoring import (
    CorrelationMiddleware,
    bind_tenant,
    current_ids,
    flush_sentry,
    start_monitoring,
)
from securenet_obs.settings import TENANT_ID, Settings, get_settings
from securenet_obs.store import REQUEST, check_store, close_engines
from securenet_obs.workers.celery_app import celery_app
from securenet_obs.workers.connections import shorten_timeouts
from securenet_obs.workers.metrics.recording import start_recording, stop_recording
from securenet_obs.workers.results import TaskState, task_state

TenantId = Annotated[str, Path(pattern=TENANT_ID)]
TaskId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$")]

router = APIRouter()
tenant_router = create_tenant_router()
_log = structlog.get_logger(__name__)


class Liveness(BaseModel):
    """Response of a process that is alive."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Readiness of a process: of each dependency `ok`, or the reason why it is unavailable."""

    status: Literal["ok", "unavailable"]
    parts: dict[str, str]


class Accepted(BaseModel):
    """Response to a batch that was queued."""

    task_id: str
    records: int
    request_id: str


_STATE_LINK = {
    "state": {
        "description": "State of the task that processes the batch.",
        "operationId": "read_task",
        "parameters": {"task_id": "$response.body#/task_id"},
    }
}


_REPLAYED = {REPLAYED_HEADER: "`true` if an earlier request with the same key was accepted."}


@router.get("/health/live", responses={200: {"headers": described_headers({})}})
async def live() -> Liveness:
    """Report that the process is alive."""
    return Liveness()


@router.get(
    "/health/ready",
    response_model=Readiness,
    responses={
        200: {"headers": described_headers({})},
        503: {"model": Readiness, "headers": described_headers({})},
    },
)
async def ready(request: Request) -> JSONResponse:
    """Report whether a write to each dependency would succeed now, with the reason if not."""
    parts = await request.app.state.readiness.read_problems()
    status = "ok" if not any(parts.values()) else "unavailable"
    content = {
        "status": status,
        "parts": {name: problem or "ok" for name, problem in parts.items()},
    }
    return JSONResponse(content, status_code=200 if status == "ok" else 503)


@tenant_router.post(
    "/tenants/{tenant_id}/logs",
    status_code=202,
    responses={
        202: {"headers": described_headers({}, _REPLAYED), "links": _STATE_LINK},
        **answers(401, 403, 408, 413, 415, 422, 503),
    },
)
async def submit_logs(
    request: Request,
    response: Response,
    tenant_id: TenantId,
    records: Records,
    key: RequestKey,
) -> Accepted:
    """Queue a batch of one tenant's network records: an array, or a file of CloudTrail."""
    bind_tenant(tenant_id)
    accepted = await accept(request, tenant_id, records, key)
    _log.info(
        "logs_accepted",
        records=len(records),
        queued_task_id=accepted.task_id,
        replayed=accepted.is_replayed,
    )
    if accepted.is_replayed:
        response.headers[REPLAYED_HEADER] = "true"
    request_id = accepted.request_id or current_ids()["request_id"]
    return Accepted(task_id=accepted.task_id, records=len(records), request_id=request_id)


@tenant_router.get(
    "/tasks/{task_id}",
    operation_id="read_task",
    responses={200: {"headers": described_headers({})}, **answers(401, 404, 422, 503)},
)
async def read_task(task_id: TaskId) -> TaskState:
    """Return the state of one of the caller's tasks."""
    return await run_in_threadpool(task_state, celery_app, task_id)


def create_app(settings: Settings) -> FastAPI:
    """Set up logging and Sentry, and return the application."""
    start_monitoring(settings, "securenet-api", settings.target_release)
    shorten_timeouts(celery_app)
    # Publishing stores a task's owner through `celery.current_app`, from any thread; without this
    # line, other threads would get Celery's default app.
    celery_app.set_default()
    service = FastAPI(title="SecureNet", version=settings.target_release, lifespan=_lifespan)
    service.state.settings = settings
    service.state.key_cache = KeyCache()
    service.state.readiness = create_readiness()
    service.include_router(router)
    service.include_router(tenant_router)
    service.include_router(inventories.router)
    service.include_router(alerts_route.router)
    if settings.diagnostics_enabled:
        service.include_router(diagnostics.router)
    if settings.metrics_enabled:
        service.include_router(metrics.create_router(settings))
    add_error_answers(service)
    service.add_middleware(BodyLimits, max_bytes=settings.max_body_bytes)
    service.add_middleware(CorrelationMiddleware)
    return service


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    with suppress(StoreUnavailableError):
        await run_in_threadpool(check_store, REQUEST)
    start_recording("securenet-api")
    yield
    await run_in_threadpool(close_engines)
    await run_in_threadpool(flush_sentry)
    await run_in_threadpool(stop_recording)


@cache
def _app() -> FastAPI:
    return create_app(get_settings())


def __getattr__(name: str) -> Any:
    """Create `app` when a server asks for it; importing the module alone sets nothing up."""
    if name == "app":
        return _app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
