"""Completion of events, read from the bytes that a local Sentry received."""

from typing import Any

from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.monitoring.sentry.program import BEGIN


def test_an_event_identifies_its_source(run: Any, sentry: SentryRecorder) -> None:
    """Environment, release, service and the ids of request, tenant and task are on every event."""
    run(
        BEGIN
        + """
    bind_ids(request_id="req-00000001", tenant_id="acme", task_id="t-1")
    log.error("it broke")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    (event,) = sentry.events
    assert (event["environment"], event["release"], event["level"]) == ("test", "r@1", "error")
    expected = {"service": "svc", "request_id": "req-00000001", "tenant_id": "acme"}
    assert event["tags"].items() >= (expected | {"task_id": "t-1"}).items()
    assert event["logentry"]["message"] == "it broke"


def test_an_event_has_its_runbook(run: Any, sentry: SentryRecorder) -> None:
    """As tag and context, with this product's commit; an error that matches nothing has neither."""
    run(
        BEGIN
        + """
    from securenet_obs.errors import PublishError
    for error in (PublishError("the broker did not accept it"), ValueError("something else")):
        log.error("failed", exc_info=error)
    """,
        SENTRY_DSN=sentry.dsn,
        SECURENET_COMMIT="0123abc",
    )
    assert [event["tags"].get("runbook") for event in sentry.events] == ["queue_is_growing", None]
    matched, other = (event["contexts"].get("runbook") for event in sentry.events)
    assert matched["command"] == "securenet-obs run queue_is_growing"
    assert matched["commit"] == "0123abc"
    assert other is None


def test_the_innermost_span_is_bound(run: Any, sentry: SentryRecorder) -> None:
    """An event within a span has that span's id in its tags and in its context."""
    run(
        BEGIN
        + """
    with sentry_sdk.start_transaction(op="test", name="t"):
        bind_ids(request_id="req-00000001")
        with sentry_sdk.start_span(op="inner"):
            log.error("within")
        log.error("after")
    """,
        SENTRY_DSN=sentry.dsn,
        RATE="1.0",
    )
    within, after = sentry.events
    for event in (within, after):
        assert event["tags"]["span_id"] == event["contexts"]["trace"]["span_id"]
        assert event["tags"]["trace_id"] == event["contexts"]["trace"]["trace_id"]
    assert within["tags"]["span_id"] != after["tags"]["span_id"]
