"""Delivery and loss of a process's events."""

from typing import Any

import pytest

from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.busy import room_for

BEGIN = """
    import os, sentry_sdk, structlog, threading, time
    from datetime import timedelta
    import securenet_obs.monitoring.sentry.delivery.transport as transport
    from securenet_obs.monitoring import *
    transport.REPORT_INTERVAL_S = float(os.environ.get("EVERY", "0.2"))
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")
    log = structlog.get_logger("ours")
    def fail(count):
        for number in range(count):
            log.error("error %d", number)
    def reports_to_come():
        return [each.name for each in threading.enumerate() if isinstance(each, threading.Timer)]
"""


def loss_lines(finished: Any) -> list[dict[str, int]]:
    """Return the losses that each report line contains."""
    return [line["lost"] for line in finished.lines if line["event"] == "sentry_events_lost"]


def test_losses_are_counted_and_logged_without_an_event(run: Any, sentry: SentryRecorder) -> None:
    """Refused events are logged once, soon after, by category and reason."""
    sentry.status = 500
    finished = run(
        BEGIN
        + """
    fail(3)
    while lost_events().get("error: network_error") != 3 or reports_to_come():
        time.sleep(0.01)
    log.info("before the end")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stdout
    assert sum(lost["error: network_error"] for lost in loss_lines(finished)) == 3
    events = [line["event"] for line in finished.lines]
    assert events.index("sentry_events_lost") < events.index("before the end")
    assert events[-1] == "before the end"


@pytest.mark.parametrize("every", ["0.2", "60"], ids=["already reported", "not yet reported"])
def test_the_end_of_an_outage_is_logged_after_its_losses(
    run: Any, sentry: SentryRecorder, every: str
) -> None:
    """A wrong DSN and an outage that is over differ by this line; each outage has one."""
    finished = run(
        BEGIN
        + """
    from securenet_obs.monitoring.sentry.recorder import recording_sentry
    with recording_sentry() as other:
        init_sentry(other.dsn, "test")
        other.status = 500
        fail(2)
        while lost_events().get("error: network_error") != 2 or (
            transport.REPORT_INTERVAL_S < 1 and reports_to_come()
        ):
            time.sleep(0.01)
        other.status = 200
        fail(2)
        flush_sentry()
    """,
        SENTRY_DSN=sentry.dsn,
        EVERY=every,
    )
    events = [line["event"] for line in finished.lines if line["event"].startswith("sentry_")]
    assert events == ["sentry_events_lost", "sentry_reached_again"], finished.stderr


def test_losses_of_the_last_minute_are_logged_at_exit(run: Any, sentry: SentryRecorder) -> None:
    """A process that ends before its report is due logs the losses at exit."""
    sentry.status = 500
    finished = run(BEGIN + "    fail(2)\n", SENTRY_DSN=sentry.dsn, EVERY="60")
    assert loss_lines(finished) == [{"error: network_error": 2}]


def test_without_a_loss_no_line_is_logged(run: Any, sentry: SentryRecorder) -> None:
    """Without losses there are neither report lines nor a waiting thread."""
    finished = run(
        BEGIN
        + """
    fail(2)
    flush_sentry()
    log.info("threads", reports=reports_to_come())
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert loss_lines(finished) == []
    assert finished.line("threads")["reports"] == []


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "60"}, {"X-Sentry-Rate-Limits": "60:error:organization"}],
    ids=["Retry-After", "X-Sentry-Rate-Limits"],
)
def test_a_rate_limit_is_obeyed_and_counted(
    run: Any, sentry: SentryRecorder, headers: dict[str, str]
) -> None:
    """After a 429 answer events are not sent; refused and unsent ones are counted by reason."""
    sentry.status, sentry.headers = 429, headers
    finished = run(
        BEGIN
        + """
    fail(1)
    flush_sentry()
    fail(4)
    flush_sentry()
    """,
        SENTRY_DSN=sentry.dsn,
        EVERY="60",
    )
    assert len(sentry.events) == 1
    assert loss_lines(finished) == [{"error: rate_limited": 1}, {"error: ratelimit_backoff": 4}]


def test_a_dropped_error_is_counted_once(run: Any, sentry: SentryRecorder) -> None:
    """The log line of an error whose event was dropped does not capture it again."""
    sentry.delay_s = 3600
    finished = run(
        BEGIN
        + """
    # More events than the queue holds, while Sentry answers none.
    for number in range(300):
        try:
            raise ValueError(number)
        except ValueError as raised:
            event_id = capture_error(raised)
            log.exception("failed", returned=event_id)
    """,
        SENTRY_DSN=sentry.dsn,
        EVERY="60",
    )
    lines = [line for line in finished.lines if line["event"] == "failed"]
    dropped = [line for line in lines if line["returned"] is None]
    assert dropped
    assert not any("sentry_event_id" in line for line in dropped)
    (lost,) = loss_lines(finished)
    assert lost["error: queue_overflow"] == len(dropped)


def test_after_a_rate_limit_events_arrive_again(run: Any, sentry: SentryRecorder) -> None:
    """Events that are captured after the rate limit has expired are sent."""
    sentry.headers = {"X-Sentry-Rate-Limits": "60:error:organization"}
    run(
        BEGIN
        + """
    fail(1)
    flush_sentry()
    log.error("held back")
    flush_sentry()
    # As a minute later: a busy machine may take longer than any limit that a test waits for.
    limits = sentry_sdk.get_client().transport._disabled_until
    limits.update({name: end - timedelta(seconds=61) for name, end in limits.items()})
    log.error("after it")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert [event["logentry"]["message"] for event in sentry.events] == ["error 0", "after it"]


@pytest.mark.parametrize(("fault", "patience_s"), [("refuses", 60), ("never answers", 0.1)])
def test_an_unresponsive_sentry_does_not_block(
    run: Any, sentry: SentryRecorder, fault: str, patience_s: float
) -> None:
    """Captures stay fast, events beyond the queue are counted, and the exit is in time."""
    sentry.delay_s = 3600
    finished = run(
        BEGIN
        + """
    began = time.perf_counter()
    fail(300)
    log.info("took", seconds=time.perf_counter() - began, lost=lost_events())
    began = time.perf_counter()
    flush_sentry(0.5)
    log.info("flushed", seconds=time.perf_counter() - began)
    flush_sentry(float(os.environ["PATIENCE_S"]))
    """,
        PATIENCE_S=str(patience_s),
        SENTRY_DSN=sentry.dsn if fault == "never answers" else "http://public@127.0.0.1:9/1",
        EVERY="60",
    )
    assert finished.line("took")["seconds"] < room_for(2)
    assert finished.line("flushed")["seconds"] < room_for(1)
    if fault == "never answers":
        lost = finished.line("took")["lost"]["error: queue_overflow"]
        assert 190 <= lost <= 200
        waiting = [row for row in finished.lines if row["event"] == "sentry_flush_timed_out"]
        assert [row["waiting"] for row in waiting][-1] >= 300 - lost
    else:
        total = sum(sum(lost.values()) for lost in loss_lines(finished))
        assert total == 300


def test_a_forked_child_delivers_its_own_events(run: Any, sentry: SentryRecorder) -> None:
    """A child's events arrive, although the parent's sending thread does not exist in it."""
    run(
        BEGIN
        + """
    log.error("parent")
    flush_sentry()
    if os.fork() == 0:
        log.error("child")
        flush_sentry()
        os._exit(0)
    os.wait()
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert sorted(event["logentry"]["message"] for event in sentry.events) == ["child", "parent"]


def test_a_fork_during_sending_loses_and_duplicates_nothing(
    run: Any, sentry: SentryRecorder
) -> None:
    """Queued events stay with the parent; the child's own event arrives in time."""
    sentry.delay_s = 0.2
    run(
        BEGIN
        + """
    fail(3)
    if os.fork() == 0:
        log.error("child")
        flush_sentry()
        os._exit(0)
    os.wait()
    flush_sentry(5)
    """,
        SENTRY_DSN=sentry.dsn,
    )
    messages = [event["logentry"]["message"] for event in sentry.events]
    assert sorted(messages) == ["child", "error 0", "error 1", "error 2"]


def test_sending_imports_no_module(run: Any, sentry: SentryRecorder) -> None:
    """A child that is forked during an import would inherit half a module."""
    finished = run(
        BEGIN
        + """
    import sys
    before = set(sys.modules)
    fail(1)
    flush_sentry(5)
    log.info("imported", modules=sorted(set(sys.modules) - before))
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert len(sentry.events) == 1
    assert finished.lines[-1]["modules"] == []


def test_a_forked_child_reports_only_its_own_losses(run: Any, sentry: SentryRecorder) -> None:
    """The parent's losses are not counted twice, and a lock held at the fork is replaced."""
    sentry.status = 500
    finished = run(
        BEGIN
        + """
    fail(2)
    while lost_events().get("error: network_error") != 2:
        time.sleep(0.01)
    with sentry_sdk.get_client().transport._lock:
        child = os.fork()
    if child == 0:
        assert lost_events() == {}
        fail(1)
        flush_sentry()
        os._exit(0)
    os.wait()
    """,
        SENTRY_DSN=sentry.dsn,
        EVERY="60",
    )
    assert finished.code == 0, finished.stdout
    assert sorted(lost["error: network_error"] for lost in loss_lines(finished)) == [1, 2]


def test_a_refused_event_is_sent_again_smaller(run: Any, sentry: SentryRecorder) -> None:
    """A backend or proxy may have a lower limit; the event keeps its id and its exception."""
    sentry.max_bytes = 20_000
    finished = run(
        BEGIN
        + """
    sentry_sdk.get_current_scope().set_context("huge", {f"k{n}": "v" * 100 for n in range(4_000)})
    sentry_sdk.get_current_scope().add_attachment(bytes=b"a" * 50_000, filename="a")
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("failed")
    flush_sentry(10)
    assert lost_events() == {"attachment: send_error": 1}, lost_events()
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stdout[-2000:]
    (event,) = sentry.events
    assert event["event_id"] == finished.line("failed")["sentry_event_id"]
    assert event["exception"]["values"][0]["type"] == "ZeroDivisionError"
    assert event["tags"]["truncated"] == "true"


def test_an_event_that_cannot_be_smaller_is_lost_and_counted(
    run: Any, sentry: SentryRecorder
) -> None:
    """A backend that refuses everything gets a handful of requests."""
    sentry.max_bytes = 10
    finished = run(
        BEGIN
        + """
    fail(1)
    flush_sentry(10)
    """,
        SENTRY_DSN=sentry.dsn,
        EVERY="60",
    )
    assert loss_lines(finished) == [{"error: send_error": 1}]
