"""Continues the incoming trace of a request or a task, or begins a new one."""

import os
from collections.abc import Mapping

import sentry_sdk


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
