"""Errors that are raised on purpose."""

from typing import Any

import pytest

from securenet_obs.errors import DiagnosticError
from securenet_obs.monitoring import fail_on_purpose
from securenet_obs.monitoring.sentry.recorder import SentryRecorder


def test_the_error_starts_with_its_canary() -> None:
    """A validation finds its own error by the start of the message."""
    with pytest.raises(DiagnosticError, match=r"^canary-1: "):
        fail_on_purpose("canary-1", "hunter2hunter2")


def test_the_planted_secret_arrives_nowhere(run: Any, sentry: SentryRecorder) -> None:
    """The error is sent to Sentry and logged, and neither contains the secret."""
    finished = run(
        """
    import os
    from securenet_obs.monitoring import *
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")
    with report_errors():
        fail_on_purpose("canary-1", "hunter2hunter2")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert "canary-1" in sentry.events[0]["exception"]["values"][0]["value"]
    assert finished.line("diagnostic_planted")["connection"]["host"] == "cache.example"
    assert all(b"hunter2" not in envelope for envelope in sentry.envelopes)
    assert "hunter2" not in finished.stdout
