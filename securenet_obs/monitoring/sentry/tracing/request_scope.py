"""Sentry scope of an ASGI request: trace, transaction, release health, request data of events."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware
from sentry_sdk.integrations.starlette import StarletteIntegration
from sentry_sdk.tracing import Transaction

from securenet_obs.monitoring.asgi_headers import header_values
from securenet_obs.monitoring.sentry.tracing.traces import continue_trace, trace_headers
from securenet_obs.monitoring.w3c_trace import TRACEPARENT

_ORIGIN = f"auto.http.{StarletteIntegration.identifier}"

# Adds a request's data to an event; requests do not pass through it.
_SDK_MIDDLEWARE: Any = SentryAsgiMiddleware(
    None, transaction_style="url", mechanism_type=StarletteIntegration.identifier, asgi_version=3
)


@contextmanager
def request_scope(scope: Mapping[str, Any]) -> Iterator[None]:
    """Give an ASGI connection a Sentry scope, with the caller's trace and release health.

    If requests may be traced, it is a transaction, too. The SDK's own integration of Starlette does
    this at several times the cost, for a request that is not traced; where it is set up, nothing
    is done twice. The lifespan does not get a scope, nor does any connection without Sentry.
    """
    client = sentry_sdk.get_client()
    by_sdk = client.get_integration(StarletteIntegration) is not None
    if by_sdk or not client.is_active() or scope["type"] == "lifespan":
        yield
        return
    with sentry_sdk.isolation_scope() as isolation_scope:
        isolation_scope.clear_breadcrumbs()
        isolation_scope.add_event_processor(partial(_add_request, scope))
        incoming = _incoming_trace(scope)
        continue_trace(isolation_scope, incoming)
        isolation_scope.start_session(session_mode="request")
        try:
            if client.options["traces_sampler"] is None:
                yield
            else:
                with _transaction(scope):
                    yield
        finally:
            isolation_scope.end_session()


@contextmanager
def _transaction(scope: Mapping[str, Any]) -> Iterator[None]:
    """Trace the connection as a transaction; as any event it gets the name of its route."""
    trace = sentry_sdk.get_isolation_scope().get_active_propagation_context()
    # Not by the SDK's `continue_trace`, which reads the headers again.
    transaction = Transaction(
        op=f"{scope['type']}.server",
        name=scope["path"],
        source="url",
        origin=_ORIGIN,
        baggage=trace.baggage,
        parent_sampled=trace.parent_sampled,
        trace_id=trace.trace_id,
        parent_span_id=trace.parent_span_id,
        same_process_as_parent=False,
    )
    sampling: Any = {"asgi_scope": scope}
    with sentry_sdk.start_transaction(transaction, custom_sampling_context=sampling):
        yield


def set_response_status(status: int) -> None:
    """Set the status of the response on the transaction of the current request, if any."""
    transaction = sentry_sdk.get_current_scope().transaction
    if transaction is not None:
        transaction.set_http_status(status)


def trace_response_header() -> list[tuple[bytes, bytes]]:
    """Return the header with the trace of the current request; none without Sentry."""
    traceparent = trace_headers().get(TRACEPARENT)
    return [] if traceparent is None else [(TRACEPARENT.encode(), traceparent.encode())]


def _incoming_trace(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of the caller's trace; several baggage headers are joined to one list."""
    traces = header_values(scope, b"sentry-trace")
    if len(traces) != 1:
        return {}
    return {"sentry-trace": traces[0], "baggage": ",".join(header_values(scope, b"baggage"))}


def _add_request(scope: Mapping[str, Any], event: Any, hint: dict[str, Any]) -> Any:
    """Return an event with its request's method, URL, headers and route; runs if it is sent."""
    path = _route_path(scope)
    name, source = event.get("transaction"), event.get("transaction_info", {})
    # A transaction begins with the URL as its name.
    if path is not None and (not name or source.get("source") == "url"):
        event["transaction"], event["transaction_info"] = path, {"source": "route"}
    # The path begins with the root path already.
    return _SDK_MIDDLEWARE.event_processor(event, hint, {**scope, "root_path": ""})


def _route_path(scope: Mapping[str, Any]) -> str | None:
    """Return the path of the matching route; FastAPI's own context has the routers' prefixes."""
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    path: str | None = getattr(route, "path", None)
    return path
