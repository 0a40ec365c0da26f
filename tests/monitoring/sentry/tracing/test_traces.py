"""Traces that are continued, and those that begin."""

import sentry_sdk

from securenet_obs.monitoring.sentry.tracing.traces import continue_trace, trace_headers

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_an_incoming_trace_is_continued() -> None:
    """Trace, parent span and the sender's decision are kept; the span's id is new each time."""
    spans = set()
    for _ in range(2):
        scope = sentry_sdk.Scope()
        continue_trace(scope, {"sentry-trace": f"{TRACE}-{SPAN}-1"})
        trace = scope.get_active_propagation_context()
        assert (trace.trace_id, trace.parent_span_id) == (TRACE, SPAN)
        assert trace.parent_sampled is True
        spans.add(trace.span_id)
    assert len(spans | {SPAN}) == 3


def test_a_trace_begins_without_headers() -> None:
    """It has random ids of 32 and 16 hexadecimal digits, and no parent."""
    traces = set()
    for _ in range(2):
        scope = sentry_sdk.Scope()
        continue_trace(scope, {})
        trace = scope.get_active_propagation_context()
        assert (len(trace.trace_id), len(trace.span_id)) == (32, 16)
        assert int(trace.trace_id + trace.span_id, 16)
        assert trace.parent_span_id is None
        traces.add(trace.trace_id)
    assert len(traces) == 2


def test_an_invalid_trace_begins_a_new_one() -> None:
    """A header that is not a trace is ignored."""
    scope = sentry_sdk.Scope()
    continue_trace(scope, {"sentry-trace": "hunter2"})
    assert len(scope.get_active_propagation_context().trace_id) == 32


def test_an_outgoing_request_carries_the_trace_in_both_headers() -> None:
    """Without Sentry there are none."""
    assert trace_headers() == {}
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(sentry_sdk.Client("http://key@127.0.0.1:1/1", default_integrations=False))
        continue_trace(scope, {"sentry-trace": f"{TRACE}-{SPAN}-1"})
        headers = trace_headers()
    span_id = headers["sentry-trace"].split("-")[1]
    assert headers["traceparent"] == f"00-{TRACE}-{span_id}-00"
    assert span_id != SPAN
