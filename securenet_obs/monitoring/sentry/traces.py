"""Continues the incoming trace of a request or a task, or begins a new one."""

import os
from collections.abc import Mapping

import sentry_sdk


def continue_trace(own: sentry_sdk.Scope, sent: Mapping[str, str]) -> None:
    """Set the trace of a scope, with random ids: the SDK's two UUIDs took several times as long.

    Args:
        own: the isolation scope of this request or task.
        sent: the incoming headers `sentry-trace` and `baggage`; empty to begin a trace.
    """
    own.generate_propagation_context(dict(sent))
    trace, made = own.get_active_propagation_context(), os.urandom(24).hex()
    trace.span_id = made[:16]
    if not sent:
        trace.trace_id = made[16:]
