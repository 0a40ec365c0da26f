"""Continues the incoming trace of a request or a task, or begins one; returns its headers."""

import os
from collections.abc import Mapping

import sentry_sdk

from securenet_obs.monitoring.w3c_trace import TRACEPARENT, format_traceparent


def continue_trace(scope: sentry_sdk.Scope, headers: Mapping[str, str]) -> None:
    """Set the trace of a scope, with random ids: the SDK's two UUIDs took several times as long.

    Args:
        scope: the isolation scope of this request or task.
        headers: the incoming headers `sentry-trace` and `baggage`; empty to begin a trace.
    """
    scope.generate_propagation_context(dict(headers))
    trace, random_hex = scope.get_active_propagation_context(), os.urandom(24).hex()
    trace.span_id = random_hex[:16]
    if not headers:
        trace.trace_id = random_hex[16:]


def trace_headers() -> dict[str, str]:
    """Return the headers of the current trace for an outgoing request; empty without Sentry.

    They are `sentry-trace` and W3C's `traceparent`. The SDK itself adds its own to requests of
    `http.client`, to which `traceparent` has to be added.
    """
    if not sentry_sdk.get_client().is_active():
        return {}
    trace = sentry_sdk.get_current_scope().get_traceparent()
    traceparent = format_traceparent(trace)
    if trace is None or traceparent is None:
        return {}
    return {"sentry-trace": trace, TRACEPARENT: traceparent}
