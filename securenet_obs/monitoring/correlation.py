"""Validates, binds, reads, clears ids of request, tenant, task and trace; merges them into events.

They are stored in structlog's context variables, so that every log line carries them. They are
bound at the start of a request or a task and cleared at its end.
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

from securenet_obs.monitoring.foreign_objects import text_of
from securenet_obs.settings import TENANT_ID

_IDS = ("request_id", "tenant_id", "task_id", "trace_id", "span_id")
"""Names of the ids in log lines and on error events."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_TENANT_ID = re.compile(TENANT_ID)


class _FieldNames(dict[ContextVar[Any], str]):
    """Cache of the log field of each context variable; empty if the variable is not structlog's.

    Variables exist as long as the process, and every log line looks them up.
    """

    def __missing__(self, variable: ContextVar[Any]) -> str:
        name = variable.name.removeprefix(STRUCTLOG_KEY_PREFIX)
        self[variable] = name if name != variable.name else ""
        return self[variable]


_names = _FieldNames()


def ensure_request_id(text: object) -> str:
    """Return the caller's id if it is safe text of 8 to 64 characters, else a new one."""
    return text if type(text) is str and _REQUEST_ID.fullmatch(text) else uuid.uuid4().hex


def parse_tenant_id(text: object) -> str | None:
    """Return `text` if it is a valid tenant id, else None."""
    return text if type(text) is str and _TENANT_ID.fullmatch(text) else None


def bind_ids(*, request_id: str, tenant_id: str | None = None, task_id: str | None = None) -> None:
    """Clear the ids of the previous request or task, and bind those of the new one."""
    clear_contextvars()
    scope = sentry_sdk.get_current_scope()
    trace = scope.span or scope.get_active_propagation_context()
    ids = {"request_id": request_id, "tenant_id": tenant_id, "task_id": task_id}
    ids |= {"trace_id": trace.trace_id, "span_id": trace.span_id}
    bind_contextvars(**{name: value for name, value in ids.items() if value})


def clear_ids() -> None:
    """Clear all ids."""
    clear_contextvars()


def bind_tenant(tenant_id: str) -> None:
    """Bind the tenant of the current request or task."""
    bind_contextvars(tenant_id=tenant_id)


@contextmanager
def bound_tenant(tenant_id: str) -> Iterator[None]:
    """Bind a tenant for a block: tasks sent from within belong to that tenant."""
    with bound_contextvars(tenant_id=tenant_id):
        yield


def current_ids() -> dict[str, str]:
    """Return the ids that are currently bound, as texts; the span is the innermost one."""
    bound = merge_context({})
    return {name: text_of(bound[name]) for name in _IDS if name in bound}


def merge_context(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bound fields, overridden by the event's; the span is the innermost one."""
    bound = {
        name: value
        for variable, value in copy_context().items()
        if (name := _names[variable]) and value is not ...
    }
    span = sentry_sdk.get_current_scope().span
    # A bound value may be any object, whose comparison raises.
    if span is not None and span.trace_id == text_of(bound.get("trace_id")):
        bound["span_id"] = span.span_id
    return {**bound, **event}
