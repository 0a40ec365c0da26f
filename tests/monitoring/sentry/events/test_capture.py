"""Captured errors, read from the bytes that a local Sentry received."""

from typing import Any

from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.monitoring.sentry.program import BEGIN


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
