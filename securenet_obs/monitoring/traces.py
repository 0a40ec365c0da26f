"""Continues the trace that a request or a task came with, or begins one."""

import os
from collections.abc import Mapping

import sentry_sdk


def continue_trace(own: sentry_sdk.Scope, sent: Mapping[str, str]) -> None:
    """Let a scope belong to a trace: the SDK's two UUIDs took several times as long.

    Args:
        own: the isolation scope of this request or task.
        sent: the headers `sentry-trace` and `baggage` as they came; none begins a trace.
    """
    own.generate_propagation_context(dict(sent))
    trace, made = own.get_active_propagation_context(), os.urandom(24).hex()
    trace.span_id = made[:16]
    if not sent:
        trace.trace_id = made[16:]
