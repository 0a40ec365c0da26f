"""What became of the events of a process."""

from typing import Any

import pytest

from securenet_obs.monitoring.sentry.recorder import SentryRecorder

BEGIN = """
    import os, sentry_sdk, structlog, threading, time
    import securenet_obs.monitoring.sentry.transport as transport
    from securenet_obs.monitoring import *
    transport.REPORT_EVERY_S = float(os.environ.get("EVERY", "0.2"))
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")
    log = structlog.get_logger("ours")
    def fail(count):
        for number in range(count):
            log.error("error %d", number)
"""


def told(finished: Any) -> list[dict[str, int]]:
    """Return what each line about losses says."""
    return [line["lost"] for line in finished.lines if line["event"] == "sentry_events_lost"]


def test_losses_are_counted_and_logged_without_a_further_event(
    run: Any, sentry: SentryRecorder
) -> None:
    """What Sentry refuses is told in one line soon after, by category and reason, and once only."""
    sentry.status = 500
    finished = run(
        BEGIN
        + """
    fail(3)
    while not lost_events():
        time.sleep(0.01)
    time.sleep(0.6)
    log.info("before the end")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stdout
    assert sum(lost["error: network_error"] for lost in told(finished)) == 3
    events = [line["event"] for line in finished.lines]
    assert events.index("sentry_events_lost") < events.index("before the end")
    assert events[-1] == "before the end"


def test_losses_of_the_last_minute_are_told_at_the_end(run: Any, sentry: SentryRecorder) -> None:
    """A process that ends before the minute is over tells with its last line."""
    sentry.status = 500
    finished = run(BEGIN + "    fail(2)\n", SENTRY_DSN=sentry.dsn, EVERY="60")
    assert told(finished) == [{"error: network_error": 2}]


def test_without_a_loss_there_is_no_line(run: Any, sentry: SentryRecorder) -> None:
    """Neither a minute nor the end of a process that lost nothing is told, and no thread waits."""
    finished = run(
        BEGIN
        + """
    fail(2)
    flush_sentry()
    time.sleep(0.4)
    log.info("threads", timers=[t.name for t in threading.enumerate() if "Timer" in t.name])
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert told(finished) == []
    assert finished.line("threads")["timers"] == []


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "60"}, {"X-Sentry-Rate-Limits": "60:error:organization"}],
    ids=["Retry-After", "X-Sentry-Rate-Limits"],
)
def test_a_rate_limit_is_obeyed_and_counted(
    run: Any, sentry: SentryRecorder, headers: dict[str, str]
) -> None:
    """One event learns of the limit, the others are not even sent; both losses have a reason."""
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
    assert told(finished) == [{"error: rate_limited": 1}, {"error: ratelimit_backoff": 4}]


def test_after_a_rate_limit_events_arrive_again(run: Any, sentry: SentryRecorder) -> None:
    """What is captured after the time that Sentry named is sent as ever."""
    sentry.headers = {"X-Sentry-Rate-Limits": "1:error:organization"}
    run(
        BEGIN
        + """
    fail(1)
    flush_sentry()
    log.error("held back")
    flush_sentry()
    time.sleep(1.1)
    log.error("after it")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert [event["logentry"]["message"] for event in sentry.events] == ["error 0", "after it"]


@pytest.mark.parametrize("fault", ["refuses", "never answers"])
def test_a_dead_sentry_costs_the_caller_nothing_and_the_queue_at_most(
    run: Any, sentry: SentryRecorder, fault: str
) -> None:
    """Errors are queued as fast as ever, what does not fit in is counted, the end is in time."""
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
    """,
        SENTRY_DSN=sentry.dsn if fault == "never answers" else "http://public@127.0.0.1:9/1",
        EVERY="60",
    )
    assert finished.line("took")["seconds"] < 2
    assert finished.line("flushed")["seconds"] < 1
    if fault == "never answers":
        lost = finished.line("took")["lost"]["error: queue_overflow"]
        assert 190 <= lost <= 200
        waiting = [row for row in finished.lines if row["event"] == "sentry_flush_timed_out"]
        assert [row["waiting"] for row in waiting][-1] >= 300 - lost
    else:
        total = sum(sum(lost.values()) for lost in told(finished))
        assert total == 300


def test_a_forked_child_delivers_its_own_events(run: Any, sentry: SentryRecorder) -> None:
    """The sending thread does not live on in a child; the child's events arrive all the same."""
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


def test_a_child_of_a_process_that_is_sending_loses_and_doubles_nothing(
    run: Any, sentry: SentryRecorder
) -> None:
    """What the parent has not sent yet is the parent's; a child's own event arrives in time."""
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
    """A child forked during an import of the sending thread would inherit half a module."""
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


def test_a_forked_child_tells_its_own_losses_only(run: Any, sentry: SentryRecorder) -> None:
    """What the parent lost is not counted twice, and a lock held at the fork is renewed."""
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
    assert sorted(lost["error: network_error"] for lost in told(finished)) == [1, 2]
