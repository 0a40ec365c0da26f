"""What became of the events of a process."""

from typing import Any

from securenet_obs.monitoring.recorder import SentryRecorder

BEGIN = """
    import os, sentry_sdk, structlog, time
    import securenet_obs.monitoring.transport as transport
    from securenet_obs.monitoring import *
    transport.REPORT_EVERY_S = 0.2
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")
    log = structlog.get_logger("ours")
"""


def test_losses_are_counted_and_logged(run: Any, sentry: SentryRecorder) -> None:
    """Events that Sentry refuses are in the account by reason, and one line tells of them."""
    sentry.status = 500
    finished = run(
        BEGIN
        + """
    for number in range(3):
        log.error("error %d", number)
    flush_sentry()
    assert lost_events()["error: network_error"] == 3, lost_events()
    time.sleep(0.5)
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stdout
    assert finished.line("sentry_events_lost")["lost"]["error: network_error"] == 3


def test_a_dead_sentry_costs_the_caller_nothing(run: Any) -> None:
    """With nobody listening an error is queued as fast as ever; the process ends in time."""
    finished = run(
        BEGIN
        + """
    began = time.perf_counter()
    for number in range(20):
        log.error("error %d", number)
    log.info("took", seconds=time.perf_counter() - began)
    """,
        SENTRY_DSN="http://public@127.0.0.1:9/1",
    )
    assert finished.line("took")["seconds"] < 2


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
