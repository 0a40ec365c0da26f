"""Sentry scope of a request: isolates its data, continues the caller's trace, completes events."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware
from sentry_sdk.integrations.starlette import StarletteIntegration

from securenet_obs.monitoring.sentry.traces import continue_trace

# Adds a request's data to an event; requests do not pass through it.
_SDK_MIDDLEWARE: Any = SentryAsgiMiddleware(
    None, transaction_style="url", mechanism_type=StarletteIntegration.identifier, asgi_version=3
)


@contextmanager
def request_scope(scope: Mapping[str, Any]) -> Iterator[None]:
    """Give an ASGI connection a Sentry scope, with the caller's trace and release health.

    If requests may be traced, the SDK's own integrations do this, and more, at several times the
    cost. The lifespan does not get a scope, nor does any connection if Sentry was not set up.
    """
    client = sentry_sdk.get_client()
    sdk_traces = client.get_integration(StarletteIntegration) is not None
    if sdk_traces or not client.is_active() or scope["type"] == "lifespan":
        yield
        return
    with sentry_sdk.isolation_scope() as isolation_scope:
        isolation_scope.clear_breadcrumbs()
        isolation_scope.add_event_processor(partial(_add_request, scope))
        continue_trace(isolation_scope, _incoming_trace(scope))
        isolation_scope.start_session(session_mode="request")
        try:
            yield
        finally:
            isolation_scope.end_session()


def _incoming_trace(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of the caller's trace; several baggage headers are joined to one list."""
    traces = header_values(scope, b"sentry-trace")
    if len(traces) != 1:
        return {}
    return {"sentry-trace": traces[0], "baggage": ",".join(header_values(scope, b"baggage"))}


def _add_request(scope: Mapping[str, Any], event: Any, hint: dict[str, Any]) -> Any:
    """Return an event with its request's method, URL, headers and route; runs only for errors."""
    # FastAPI's own context has the path with the routers' prefixes.
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    path = getattr(route, "path", None)
    if path is not None:
        event["transaction"] = event.get("transaction") or path
        event["transaction_info"] = {"source": "route", **event.get("transaction_info", {})}
    # The path begins with the root path already.
    return _SDK_MIDDLEWARE.event_processor(event, hint, {**scope, "root_path": ""})


def header_values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    """Return every value of a header, in order; `name` is in lower case, as ASGI has it."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
