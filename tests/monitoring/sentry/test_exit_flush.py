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
