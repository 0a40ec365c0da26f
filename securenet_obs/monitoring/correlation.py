"""The ids that tie a request, its log lines, its tasks and their error events together.

They live in context variables (those of structlog, so that every log line carries them), are bound
where a request or a task starts and cleared where it ends.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

import sentry_sdk
from structlog.contextvars import (
    STRUCTLOG_KEY_PREFIX,
    bind_contextvars,
    bound_contextvars,
    clear_contextvars,
)

from securenet_obs.settings import TENANT_ID

IDS = ("request_id", "tenant_id", "task_id", "trace_id", "span_id")
"""Names of the ids, as they stand in log lines and on error events."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_TENANT_ID = re.compile(TENANT_ID)


class _Names(dict[ContextVar[Any], str]):
    """What each context variable is called in a log line, empty if it is none of structlog's.

    A variable is made once and for ever, and every line of the process asks after it.
    """

    def __missing__(self, variable: ContextVar[Any]) -> str:
        name = variable.name.removeprefix(STRUCTLOG_KEY_PREFIX)
        self[variable] = name if name != variable.name else ""
        return self[variable]


_names = _Names()


def accepted_request_id(text: str | None) -> str:
    """Return the caller's id if it is harmless text of 8 to 64 characters, else a new one."""
    return text if text is not None and _REQUEST_ID.fullmatch(text) else uuid.uuid4().hex


def accepted_tenant_id(text: object) -> str | None:
    """Return `text` if it can be a tenant's id."""
    return text if isinstance(text, str) and _TENANT_ID.fullmatch(text) else None


def begin(*, request_id: str, tenant_id: str | None = None, task_id: str | None = None) -> None:
    """Forget every id of what ran here before, and bind those of what starts now."""
    clear_contextvars()
    scope = sentry_sdk.get_current_scope()
    trace = scope.span or scope.get_active_propagation_context()
    ids = {"request_id": request_id, "tenant_id": tenant_id, "task_id": task_id}
    ids |= {"trace_id": trace.trace_id, "span_id": trace.span_id}
    bind_contextvars(**{name: value for name, value in ids.items() if value})


def end() -> None:
    """Forget every id."""
    clear_contextvars()


def bind_tenant(tenant_id: str) -> None:
    """Say whose request or task this is."""
    bind_contextvars(tenant_id=tenant_id)


@contextmanager
def for_tenant(tenant_id: str) -> Iterator[None]:
    """Bind a tenant for a block: what is sent from within is that tenant's."""
    with bound_contextvars(tenant_id=tenant_id):
        yield


def current_ids() -> dict[str, str]:
    """Return the ids that are bound here and now; the span is the innermost one."""
    bound = with_ids({})
    return {name: bound[name] for name in IDS if name in bound}


def with_ids(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event's fields over those that are bound here; the span is the innermost one."""
    bound = {
        name: value
        for variable, value in copy_context().items()
        if (name := _names[variable]) and value is not ...
    }
    span = sentry_sdk.get_current_scope().span
    if span is not None and span.trace_id == bound.get("trace_id"):
        bound["span_id"] = span.span_id
    return {**bound, **event}
