"""Changes of the API's access control and answers."""

import os
from typing import Any


def repeat_input() -> None:
    """Answer an invalid request with all of its contents, as FastAPI does by default."""
    from fastapi.responses import JSONResponse

    from securenet_obs.api import answers

    async def repeating(request: Any, error: Any) -> Any:
        return JSONResponse({"detail": str(error.body)}, status_code=422)

    answers._answer_invalid = repeating


def accept_any_key() -> None:
    """Accept every caller as the path's tenant, and show every task to every caller."""
    from securenet_obs.api import access

    async def anybody(request: Any) -> str:
        return str(request.path_params.get("tenant_id", "tenant-a"))

    async def anyones(request: Any, tenant_id: str) -> None:
        return None

    access._authenticate = anybody
    access._authorise_task = anyones


def reveal_task() -> None:
    """Reveal the existence of another tenant's task in the refusal."""
    from fastapi import HTTPException

    from securenet_obs.api import access

    own_task = access._authorise_task

    async def authorise_task(request: Any, tenant_id: str) -> None:
        owner = access.task_owner(access.celery_app, request.path_params["task_id"])
        try:
            await own_task(request, tenant_id)
        except HTTPException:
            raise HTTPException(404, "no such task" if owner is None else "not yours") from None

    access._authorise_task = authorise_task


def print_key() -> None:
    """Print each caller's key without a logger."""
    from securenet_obs.api import access

    key_of = access._key

    def print_and_return(request: Any) -> str:
        key = key_of(request)
        os.write(1, b'{"key": "%b"}\n' % key.encode())
        return key

    access._key = print_and_return
