"""The events that a process sends to Sentry, read from the bytes that a local Sentry received."""

import json
from typing import Any

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.monitoring.sentry import client as sentry_module
from securenet_obs.monitoring.sentry.client import (
    filter_sensitive_data,
    init_sentry,
    scrub_failures,
)
from securenet_obs.monitoring.sentry.recorder import SentryRecorder

BEGIN = """
    import logging, os, sys
    import sentry_sdk, structlog
    from securenet_obs.errors import DiagnosticError
    from securenet_obs.monitoring import *
    from securenet_obs.monitoring.correlation import bind_ids
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test", release="r@1", service="svc",
                traces_sample_rate=float(os.environ.get("RATE", "0")),
                traces_rates={"task:often": 1.0} if "RATES" in os.environ else {})
    log = structlog.get_logger("our.logger")
"""


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


def test_an_error_is_sent_once(run: Any, sentry: SentryRecorder) -> None:
    """An exception that is logged natively, by the standard library and at exit is one event."""
    finished = run(
        BEGIN
        + """
    try:
        1 / 0
    except ZeroDivisionError as error:
        log.exception("ours")
        try:
            {}["another"]
        except KeyError:
            log.exception("another")
        log.error("again", exc_info=error)
        logging.getLogger("theirs").exception("theirs")
        assert lost_events() == {}, lost_events()
        raise
    """,
        SENTRY_DSN=sentry.dsn,
    )
    event, another = sentry.events
    assert event["exception"]["values"][-1]["type"] == "ZeroDivisionError"
    assert another["exception"]["values"][-1]["type"] == "KeyError"
    for line in ("ours", "again"):
        assert finished.line(line)["sentry_event_id"] == event["event_id"]


def test_a_reraised_exception_object_is_sent_again(run: Any, sentry: SentryRecorder) -> None:
    """An exception object that is raised in two requests is two events."""
    run(
        BEGIN
        + """
    only = ValueError("the only one")
    for request_id in ("req-00000001", "req-00000002"):
        bind_ids(request_id=request_id)
        try:
            raise only
        except ValueError:
            log.exception("failed")
            log.exception("logged")
        log.error("between")
    assert lost_events() == {}, lost_events()
    """,
        SENTRY_DSN=sentry.dsn,
    )
    request_ids = [event["tags"]["request_id"] for event in sentry.events if "exception" in event]
    assert request_ids == ["req-00000001", "req-00000002"]


def test_a_second_report_names_the_first_event(run: Any, sentry: SentryRecorder) -> None:
    """A second capture of an error returns the event id of the first."""
    finished = run(
        BEGIN
        + """
    with report_errors() as reported:
        try:
            raise DiagnosticError("canary")
        except DiagnosticError:
            log.exception("first")
            raise
    log.info("logged", id=reported.event_id)
    """,
        SENTRY_DSN=sentry.dsn,
    )
    (event,) = sentry.events
    assert finished.line("logged")["id"] == event["event_id"]


def test_every_kind_of_error_reaches_sentry(run: Any, sentry: SentryRecorder) -> None:
    """Errors of native loggers, of the standard library's, and uncaught ones are captured."""
    run(
        BEGIN
        + """
    log.error("native")
    logging.getLogger("theirs").error("standard")
    log.warning("no event")
    raise ValueError("uncaught")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    messages = [event.get("logentry", {}).get("message") for event in sentry.events]
    assert messages == ["native", "standard", None]
    assert sentry.events[-1]["exception"]["values"][0]["value"] == "uncaught"


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
    monkeypatch.setattr(sentry_module, "redact", lambda value: 1 / 0)
    assert filter_sensitive_data(event, {}) is None
    monkeypatch.setattr(sentry_module, "redact", lambda value: "masked")
    assert filter_sensitive_data(event, {}) is None
    assert sentry_module._scrub_breadcrumb(event, {}) is None
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
    import securenet_obs.monitoring.sentry.client as module
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


def test_an_empty_dsn_is_refused_in_production() -> None:
    """Production without a DSN is a settings error, since errors would be lost."""
    for environment in ("production", "Production", "prod"):
        with pytest.raises(SettingsError, match="SENTRY_DSN"):
            init_sentry("", environment)


def test_an_empty_dsn_elsewhere_is_logged(run: Any) -> None:
    """A warning is logged; an error has no event id, and its line is written."""
    finished = run(
        BEGIN
        + """
    log.error("only here")
    with report_errors() as reported:
        raise DiagnosticError("nowhere")
    assert reported.event_id is None
    from securenet_obs.monitoring.sentry.client import can_send_events
    assert not can_send_events()
    """,
        SENTRY_DSN="",
    )
    assert finished.code == 0, finished.stderr
    assert "SENTRY_DSN is empty" in finished.line("sentry_disabled")["reason"]
    assert "sentry_event_id" not in finished.line("only here")


def test_a_malformed_dsn_is_a_settings_error() -> None:
    """An invalid DSN is refused with its variable's name, and its value is not repeated."""
    with pytest.raises(SettingsError, match="SENTRY_DSN") as raised:
        init_sentry("https://hunter2@/", "test")
    assert "hunter2" not in str(raised.value)


def test_a_diagnostic_error_is_suppressed(run: Any, sentry: SentryRecorder) -> None:
    """A DiagnosticError is captured and suppressed; any other error is captured and raised."""
    finished = run(
        BEGIN
        + """
    with report_errors() as diagnostic:
        raise DiagnosticError("canary-1")
    flush_sentry()
    assert delivery_status(diagnostic.event_id) == 200
    try:
        with report_errors() as other:
            raise KeyError("canary-2")
    except KeyError:
        log.info("ids", ids=[diagnostic.event_id, other.event_id])
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stdout
    assert finished.line("ids")["ids"] == [event["event_id"] for event in sentry.events]


def test_a_refused_event_has_its_status(run: Any, sentry: SentryRecorder) -> None:
    """An unknown DSN also returns an event id; the HTTP status reveals the refusal."""
    sentry.status = 403
    finished = run(
        BEGIN
        + """
    with report_errors() as reported:
        raise DiagnosticError("canary")
    flush_sentry()
    log.info("logged", status=delivery_status(reported.event_id))
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.line("logged")["status"] == 403


def test_a_short_program_flushes_and_prints_nothing(run: Any, sentry: SentryRecorder) -> None:
    """The exit waits for the event without the SDK's plain text."""
    sentry.delay_s = 0.5
    finished = run(BEGIN + '    log.error("last words")\n', SENTRY_DSN=sentry.dsn)
    assert [event["logentry"]["message"] for event in sentry.events] == ["last words"]
    assert finished.stderr == ""


@pytest.mark.parametrize("rates", [{}, {"RATES": "another operation's"}])
def test_errors_are_sent_without_tracing(
    run: Any, sentry: SentryRecorder, rates: dict[str, str]
) -> None:
    """A sample rate of 0 for traces keeps every error event and reports no loss."""
    run(
        BEGIN
        + """
    for number in range(20):
        with sentry_sdk.start_transaction(op="test", name="t"):
            log.error("error %d", number)
    assert lost_events() == {}, lost_events()
    """,
        SENTRY_DSN=sentry.dsn,
        RATE="0",
        **rates,
    )
    assert [kind for kind, _ in sentry.items].count("event") == 20
    assert all(kind != "transaction" for kind, _ in sentry.items)


def test_an_event_has_its_runbook_as_tag(run: Any, sentry: SentryRecorder) -> None:
    """An error of the table has its runbook as a tag; any other error has none."""
    run(
        BEGIN
        + """
    from securenet_obs.errors import PublishError
    for error in (PublishError("the broker did not accept it"), ValueError("something else")):
        log.error("failed", exc_info=error)
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert [event["tags"].get("runbook") for event in sentry.events] == ["queue_is_growing", None]


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


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_the_options_are_valid_for_this_sdk(run: Any, sentry: SentryRecorder, rate: float) -> None:
    """No option is deprecated, and the expected integrations are active with and without traces."""
    finished = run(
        "import warnings; warnings.simplefilter('error')\n"
        + "from textwrap import dedent\nexec(dedent('''"
        + BEGIN
        + """
    client = sentry_sdk.get_client()
    log.info("active", names=sorted(client.integrations), pii=client.options["send_default_pii"])
    '''))""",
        SENTRY_DSN=sentry.dsn,
        RATE=str(rate),
    )
    names = finished.line("active")["names"]
    assert {"celery", "sqlalchemy", "logging"} <= set(names)
    for_traces = {"fastapi", "redis", "starlette"}
    assert for_traces & set(names) == (for_traces if rate else set())


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
