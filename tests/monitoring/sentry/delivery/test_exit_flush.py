"""Events at the exit of a process."""

from typing import Any

from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.monitoring.sentry.program import BEGIN


def test_a_short_program_flushes_and_prints_nothing(run: Any, sentry: SentryRecorder) -> None:
    """The exit waits for the event without the SDK's plain text."""
    sentry.delay_s = 0.5
    finished = run(BEGIN + '    log.error("last words")\n', SENTRY_DSN=sentry.dsn)
    assert [event["logentry"]["message"] for event in sentry.events] == ["last words"]
    assert finished.stderr == ""


def test_the_errors_of_other_exit_handlers_arrive(run: Any, sentry: SentryRecorder) -> None:
    """Handlers that were registered first run last, after the flush; their lines have the ids."""
    sentry.delay_s = 0.2
    finished = run(
        """
    import atexit
    def clean_up():
        log.error("clean-up failed")
        log.error("clean-up failed twice")
    atexit.register(clean_up)
    """
        + BEGIN
        + """
    log.error("before")
    atexit.register(lambda: log.error("between"))
    sys.exit(3)
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 3
    messages = [event["logentry"]["message"] for event in sentry.events]
    assert messages == ["before", "between", "clean-up failed", "clean-up failed twice"]
    assert {line["sentry_event_id"] for line in finished.lines} == {
        event["event_id"] for event in sentry.events
    }


def test_a_daemon_thread_that_the_exit_interrupts(run: Any, sentry: SentryRecorder) -> None:
    """Every event that a line names has arrived, also if the thread was logging at the exit."""
    finished = run(
        BEGIN
        + """
    import threading, time
    logged = threading.Semaphore(0)
    def keep_logging():
        while True:
            log.error("from a daemon")
            logged.release()
            time.sleep(0.01)
    threading.Thread(target=keep_logging, daemon=True).start()
    for _ in range(10):
        logged.acquire()
    """,
        SENTRY_DSN=sentry.dsn,
    )
    named = {line["sentry_event_id"] for line in finished.lines if "sentry_event_id" in line}
    assert len(named) > 5
    assert named <= {event["event_id"] for event in sentry.events}
