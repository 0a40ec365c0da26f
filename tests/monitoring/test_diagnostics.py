"""Errors that are raised on purpose."""

from typing import Any

import pytest

from securenet_obs.errors import DiagnosticError
from securenet_obs.monitoring import fail_on_purpose
from securenet_obs.monitoring.sentry.recorder import SentryRecorder


def test_the_error_names_its_canary() -> None:
    """A validation finds its own error by the beginning of its message."""
    with pytest.raises(DiagnosticError, match=r"^canary-1: "):
        fail_on_purpose("canary-1", "hunter2hunter2")


def test_the_planted_secret_arrives_nowhere(run: Any, sentry: SentryRecorder) -> None:
    """It is in no byte sent to Sentry and in no line of the log, and the error is in both."""
    finished = run(
        """
    import os
    from securenet_obs.monitoring import *
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")
    with reported_error():
        fail_on_purpose("canary-1", "hunter2hunter2")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert "canary-1" in sentry.events[0]["exception"]["values"][0]["value"]
    assert finished.line("diagnostic_planted")["connection"]["host"] == "cache.example"
    assert all(b"hunter2" not in envelope for envelope in sentry.envelopes)
    assert "hunter2" not in finished.stdout
