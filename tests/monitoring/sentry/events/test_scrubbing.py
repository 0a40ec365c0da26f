"""Masking of secrets in events."""

import json
from typing import Any

import pytest

from securenet_obs.monitoring.sentry.events import scrubbing
from securenet_obs.monitoring.sentry.events.scrubbing import filter_sensitive_data, scrub_failures
from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.monitoring.sentry.program import BEGIN


def test_no_secret_is_in_the_bytes(run: Any, sentry: SentryRecorder) -> None:
    """No local variable, exception text, extra, context, breadcrumb or tag leaks a secret."""
    run(
        BEGIN
        + """
    def fail():
        password = "hunter2hunter2"
        raise ValueError("redis://user:hunter2hunter2@host/0")
    sentry_sdk.add_breadcrumb(message="password=hunter2hunter2", data={"token": "hunter2hunter2"})
    sentry_sdk.set_context("there", {"x-api-key": "hunter2hunter2"})
    sentry_sdk.set_extra("nested", [{"authorization": "Bearer hunter2hunter2"}])
    sentry_sdk.set_tag("url", "postgresql://me:hunter2hunter2@host/db")
    logging.getLogger("theirs").info("to redis://user:hunter2hunter2@host/0")
    try:
        fail()
    except ValueError:
        log.exception("failed")
    logging.getLogger("theirs").error("password=%s", "hunter2hunter2")
    with sentry_sdk.start_transaction(op="test", name="t") as transaction:
        transaction.set_data("password", "hunter2hunter2")
    """,
        SENTRY_DSN=sentry.dsn,
        RATE="1.0",
    )
    kinds = [kind for kind, _ in sentry.items]
    assert kinds.count("event") == 2
    assert "transaction" in kinds
    event = sentry.events[0]
    frame = event["exception"]["values"][0]["stacktrace"]["frames"][-1]
    assert frame["function"] == "fail"
    assert {"vars", "context_line"}.isdisjoint(frame)
    assert all(b"hunter2" not in envelope for envelope in sentry.envelopes)


@pytest.mark.parametrize("kind", ["event", "transaction", "check_in"])
def test_an_unscrubbed_event_is_dropped_and_counted(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the redactor fails or does not return an event, the event is dropped and counted."""
    before = scrub_failures[kind]
    event = {"type": kind, "message": "m"}
    monkeypatch.setattr(scrubbing, "redact", lambda value: 1 / 0)
    assert filter_sensitive_data(event, {}) is None
    monkeypatch.setattr(scrubbing, "redact", lambda value: "masked")
    assert filter_sensitive_data(event, {}) is None
    assert scrubbing.scrub_breadcrumb(event, {}) is None
    assert scrub_failures[kind] == before + 3


@pytest.mark.parametrize("event", [None, "text", [], 7])
def test_an_invalid_event_is_dropped(event: Any) -> None:
    """The hook accepts any argument without raising."""
    assert filter_sensitive_data(event, {}) is None


def test_a_dropped_event_reaches_the_log_but_not_sentry(run: Any, sentry: SentryRecorder) -> None:
    """If the redactor fails, the line is written, and the unsent event is counted."""
    finished = run(
        BEGIN
        + """
    import securenet_obs.monitoring.sentry.events.scrubbing as module
    def broken(value): raise RuntimeError("broken")
    module.redact = broken
    log.error("not sent")
    flush_sentry()
    assert module.scrub_failures["error"] == 1, module.scrub_failures
    assert lost_events() == {"error: unscrubbed": 1}, lost_events()
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stdout
    assert sentry.events == []
    assert "sentry_event_id" not in finished.line("not sent")


def test_the_event_filter_keeps_ids_times_and_frames() -> None:
    """Redaction leaves the fields that identify an event unchanged."""
    event = {
        "event_id": "0af7651916cd43dd8448eb211c80319c",
        "timestamp": "2026-01-01T00:00:00Z",
        "contexts": {"trace": {"trace_id": "0" * 32, "span_id": "b7ad6b7169203331"}},
        "exception": {"values": [{"type": "E", "value": "v", "stacktrace": {"frames": [{}]}}]},
        "tags": {"request_id": "req-00000001", "tenant_id": "acme"},
    }
    assert json.loads(json.dumps(filter_sensitive_data(event, {}))) == event


def test_redis_commands_are_no_breadcrumbs(run: Any, sentry: SentryRecorder) -> None:
    """In a traced process, an error has the breadcrumbs of its messages but not of commands."""
    run(
        BEGIN
        + """
    import contextlib, redis
    client = redis.Redis(port=1, retry=None)
    with sentry_sdk.start_transaction(op="test", name="t"):
        sentry_sdk.add_breadcrumb(message="before")
        with contextlib.suppress(redis.ConnectionError):
            client.set("key", "value")
        log.error("failed")
    """,
        SENTRY_DSN=sentry.dsn,
        RATE="1.0",
    )
    crumbs = sentry.events[0]["breadcrumbs"]["values"]
    assert "before" in [crumb.get("message") for crumb in crumbs]
    assert "redis" not in [crumb.get("category") for crumb in crumbs]
