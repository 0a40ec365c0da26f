"""Headers of tasks that are sent and received without tracing; workers/ tests their events."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import sentry_sdk

from securenet_obs.monitoring.sentry.tracing.task_scope import (
    UntracedCeleryIntegration,
    send_trace,
    task_scope,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def untraced() -> Iterator[None]:
    """Give the block a client of Sentry that traces nothing and sends nothing."""
    client = sentry_sdk.Client(
        integrations=[UntracedCeleryIntegration()], default_integrations=False
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        yield


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("own", [{"mine": 1}, None, "text"])
def test_a_message_carries_the_trace(own: Any) -> None:
    """The trace is a header, and within `headers` too, beside the caller's own."""
    headers: dict[str, Any] = {"headers": own, "sentry-monitor-slug": "canary"}
    send_trace(headers)
    trace = sentry_sdk.get_isolation_scope().get_traceparent()
    assert headers["sentry-trace"] == headers["headers"]["sentry-trace"] == trace
    assert headers["headers"]["sentry-monitor-slug"] == "canary"
    assert float(headers["headers"]["sentry-monitor-start-timestamp-s"]) > 1e9
    w3c = f"00-{trace}-00"
    assert headers["traceparent"] == headers["headers"]["traceparent"] == w3c
    assert headers["headers"].get("mine") == (1 if isinstance(own, dict) else None)


def test_a_process_that_traces_sends_the_traceparent_of_the_sdks_header() -> None:
    """The SDK has added its own header before; one that is not a trace adds nothing."""
    headers: dict[str, Any] = {"sentry-trace": f"{TRACE}-{SPAN}-1", "headers": {}}
    send_trace(headers)
    assert headers["traceparent"] == f"00-{TRACE}-{SPAN}-01"
    assert headers["headers"] == {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    headers = {"sentry-trace": "text"}
    send_trace(headers)
    assert headers == {"sentry-trace": "text"}


def test_without_sentry_a_message_is_unchanged() -> None:
    """A process without the integration adds no header."""
    headers: dict[str, Any] = {"headers": {"mine": 1}}
    send_trace(headers)
    send_trace(None)
    assert headers == {"headers": {"mine": 1}}


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    "headers",
    [
        {"sentry-trace": f"{TRACE}-{SPAN}-0"},
        {"traceparent": f"00-{TRACE}-{SPAN}-01"},
        {"sentry-trace": 7},
        {"traceparent": "text"},
        7,
    ],
)
def test_a_task_has_a_scope_of_its_own(headers: Any) -> None:
    """The sender's trace is continued; headers of a foreign program begin a new one."""
    outside = sentry_sdk.get_isolation_scope()
    outside.add_breadcrumb(message="before")
    task = SimpleNamespace(name="a.task", request=SimpleNamespace(headers=headers))
    with task_scope(task):
        inside = sentry_sdk.get_isolation_scope()
        trace = inside.get_active_propagation_context()
        assert not inside._breadcrumbs
    sent = isinstance(headers, dict) and TRACE in str(headers)
    assert (trace.trace_id == TRACE) == sent
    assert sentry_sdk.get_isolation_scope() is outside
