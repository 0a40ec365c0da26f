"""Route class that authenticates an API key, binds its tenant, authorises paths and tasks."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer

from securenet_obs.api.api_keys import KeyCache, id_of_key
from securenet_obs.api.strict_json import StrictRoute
from securenet_obs.monitoring import bind_tenant
from securenet_obs.workers.celery_app import celery_app
from securenet_obs.workers.results import task_owner

_SCHEME = "bearer "
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="securenet"'}

_log = structlog.get_logger(__name__)


class TenantRoute(StrictRoute):
    """A route that requires a tenant's API key, `Authorization: Bearer snk_…`.

    The key is checked before the body is read, so that a caller without one cannot make the service
    parse megabytes. The request, and every task that it sends, then belongs to the key's tenant.
    The answer is 401 without a valid key, 403 for another tenant's path, and 404 for another
    tenant's task, as for a task that does not exist.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, wrapped in authentication and authorisation."""
        handle = super().get_route_handler()

        async def authorised(request: Request) -> Response:
            tenant_id = await _authenticate(request)
            bind_tenant(tenant_id)
            path = request.path_params
            if path.get("tenant_id", tenant_id) != tenant_id:
                _log.warning(
                    "access_denied",
                    reason="another_tenant",
                    path_tenant_id=path["tenant_id"],
                    key_id=id_of_key(_key(request)),
                )
                raise HTTPException(403, "this key is another tenant's")
            if "task_id" in path:
                await _authorise_task(request, tenant_id)
            return await handle(request)

        return authorised


def create_tenant_router() -> APIRouter:
    """Return a router of routes that require a tenant's API key."""
    scheme = HTTPBearer(auto_error=False, description="A tenant's API key.")
    return APIRouter(prefix="/v1", route_class=TenantRoute, dependencies=[Depends(scheme)])


async def _authenticate(request: Request) -> str:
    """Return the tenant of the request's key; only a lookup in the store leaves the event loop."""
    key = _key(request)
    cache: KeyCache = request.app.state.key_cache
    tenant_id = cache.get(key) or await run_in_threadpool(cache.look_up, key)
    if tenant_id is None:
        reason = "unknown_key" if key else "no_key"
        path_tenant_id = request.path_params.get("tenant_id")
        _log.warning(
            "access_denied", reason=reason, path_tenant_id=path_tenant_id, key_id=id_of_key(key)
        )
        detail = "this API key is not valid" if key else "send Authorization: Bearer and an API key"
        raise HTTPException(401, detail, headers=_CHALLENGE)
    return tenant_id


async def _authorise_task(request: Request, tenant_id: str) -> None:
    task_id = request.path_params["task_id"]
    owner = await run_in_threadpool(task_owner, celery_app, task_id)
    if owner != tenant_id:
        _log.warning(
            "access_denied",
            reason="unknown_task" if owner is None else "another_tenants_task",
            path_task_id=task_id,
            key_id=id_of_key(_key(request)),
        )
        raise HTTPException(404, "no such task")


def _key(request: Request) -> str:
    """Return the key of the `Authorization` header, empty without a key or with two headers."""
    values = request.headers.getlist("authorization")
    if len(values) != 1 or not values[0].lower().startswith(_SCHEME):
        return ""
    return values[0][len(_SCHEME) :].strip()
