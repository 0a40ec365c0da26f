"""The header Idempotency-Key as a FastAPI parameter; accepts a batch with or without a key."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool

from securenet_obs.errors import IdempotencyKeyError
from securenet_obs.workers.idempotency import Acceptance, KeyedRequest, submit_once
from securenet_obs.workers.outbox import submit
from securenet_obs.workers.tasks import process_network_logs

KEY_HEADER = "Idempotency-Key"

REPLAYED_HEADER = "Idempotent-Replayed"
"""Header of an answer that an earlier request with the same key has had."""


def _read_key(
    request: Request,
    key: Annotated[
        str | None,
        Header(
            alias=KEY_HEADER,
            pattern="^[!-~]{1,255}$",
            description="Names a batch for 24 hours: 1 to 255 visible ASCII characters. The same "
            "key with the same body is answered with the same task; with another body, with 422.",
        ),
    ] = None,
) -> str | None:
    """Return the key of a request, if it has one.

    Raises:
        IdempotencyKeyError: the request has several.
    """
    if len(request.headers.getlist(KEY_HEADER)) > 1:
        raise IdempotencyKeyError(f"a request has at most one {KEY_HEADER}")
    return key


RequestKey = Annotated[str | None, Depends(_read_key)]


async def accept(
    request: Request, tenant_id: str, records: list[Any], key: str | None
) -> Acceptance:
    """Accept a batch, once for a key.

    Raises:
        IdempotencyKeyError: the key belongs to another body.
        PublishError: the store or the broker did not accept the batch.
    """
    if key is not None:
        keyed = KeyedRequest(tenant_id, key, await request.body())
        return await run_in_threadpool(submit_once, process_network_logs, keyed, records)
    task_id = await run_in_threadpool(submit, process_network_logs, tenant_id, records)
    return Acceptance(task_id, None, is_replayed=False)
