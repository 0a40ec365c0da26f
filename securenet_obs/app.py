"""The FastAPI service: tenants' logs in, tasks' results out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Annotated, Any

import redis
import structlog
from fastapi import APIRouter, Depends, FastAPI, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from securenet_obs import diagnostics
from securenet_obs.access import TenantRoute
from securenet_obs.errors import PublishError, UnreachableError
from securenet_obs.monitoring import (
    CorrelationMiddleware,
    bind_tenant,
    current_ids,
    flush_sentry,
    start_monitoring,
)
from securenet_obs.monitoring.asgi import with_sentry_trace
from securenet_obs.settings import TENANT_ID, Settings, get_settings
from securenet_obs.store import session_scope
from securenet_obs.tenants import KnownKeys
from securenet_obs.workers.celery_app import celery_app
from securenet_obs.workers.publishing import SOCKET_TIMEOUT_S, bound_waits
from securenet_obs.workers.results import TaskState, task_state
from securenet_obs.workers.submissions import submit
from securenet_obs.workers.tasks import process_network_logs

LARGEST_BATCH = 10_000
"""Records in one request."""

_MOST_PROBLEMS = 20

TenantId = Annotated[str, Path(pattern=TENANT_ID)]
TaskId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$")]

router = APIRouter()
tenant_router = APIRouter(
    prefix="/v1",
    route_class=TenantRoute,
    dependencies=[Depends(HTTPBearer(auto_error=False, description="A tenant's API key."))],
)
_log = structlog.get_logger(__name__)


class SecureNet(FastAPI):
    """The service; a caller's trace is known before Sentry, which wraps all of it, looks for it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one connection."""
        await super().__call__(with_sentry_trace(scope), receive, send)


class Accepted(BaseModel):
    """A batch that was queued."""

    task_id: str
    records: int
    request_id: str


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/health/ready")
async def ready() -> JSONResponse:
    """Say whether each part that a request needs answers, and if not, why."""
    parts = {
        "broker": await run_in_threadpool(_broker_problem),
        "store": await run_in_threadpool(_store_problem),
    }
    status = "ok" if not any(parts.values()) else "unavailable"
    content = {"status": status, "parts": {name: why or "ok" for name, why in parts.items()}}
    return JSONResponse(content, status_code=200 if status == "ok" else 503)


@tenant_router.post("/tenants/{tenant_id}/logs", status_code=202)
async def submit_logs(
    tenant_id: TenantId, records: Annotated[list[Any], Field(max_length=LARGEST_BATCH)]
) -> Accepted:
    """Queue a batch of network records of one tenant."""
    bind_tenant(tenant_id)
    task_id = await run_in_threadpool(submit, process_network_logs, tenant_id, records)
    _log.info("logs_accepted", records=len(records), queued_task_id=task_id)
    request_id = current_ids()["request_id"]
    return Accepted(task_id=task_id, records=len(records), request_id=request_id)


@tenant_router.get("/tasks/{task_id}")
async def read_task(task_id: TaskId) -> TaskState:
    """Say what became of a task of the caller's."""
    return await run_in_threadpool(task_state, task_id)


def create_app(settings: Settings) -> FastAPI:
    """Return the service; its logging and Sentry are set up here, before it answers anything."""
    start_monitoring(settings, "securenet-api")
    bound_waits(celery_app)
    # Who sends a task keeps its owner, from any thread: by themselves they know another app.
    celery_app.set_default()
    service = SecureNet(title="SecureNet", version=settings.sentry_release, lifespan=_lifespan)
    service.state.settings = settings
    service.state.known_keys = KnownKeys()
    service.include_router(router)
    service.include_router(tenant_router)
    if settings.diagnostics_enabled:
        service.include_router(diagnostics.router)
    service.add_exception_handler(RequestValidationError, _refused)
    service.add_exception_handler(PublishError, _unavailable)
    service.add_exception_handler(UnreachableError, _unavailable)
    service.add_middleware(CorrelationMiddleware)
    return service


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await run_in_threadpool(flush_sentry)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    """Answer 422 with what is wrong and where; FastAPI's own answer repeats all of the input."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    named = [{name: problem[name] for name in ("type", "loc", "msg")} for problem in problems]
    content = {"detail": named[:_MOST_PROBLEMS], "request_id": current_ids().get("request_id")}
    return JSONResponse(content, status_code=422)


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    """Answer 503: another attempt later may succeed. The log says what was away."""
    _log.warning("unavailable", reason=str(error), cause=type(error.__cause__).__name__)
    content = {"detail": str(error), "request_id": current_ids().get("request_id")}
    return JSONResponse(content, status_code=503, headers={"Retry-After": "5"})


def _broker_problem() -> str:
    bounds = {"socket_timeout": SOCKET_TIMEOUT_S, "socket_connect_timeout": SOCKET_TIMEOUT_S}
    with redis.Redis.from_url(celery_app.conf.broker_url, **bounds) as client:
        try:
            client.ping()
        except redis.RedisError as error:
            return type(error).__name__
    return ""


def _store_problem() -> str:
    try:
        with session_scope() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return type(error).__name__
    return ""


@cache
def _app() -> FastAPI:
    return create_app(get_settings())


def __getattr__(name: str) -> Any:
    """Make `securenet_obs.app:app` when a server asks for it: an import alone sets nothing up."""
    if name == "app":
        return _app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
