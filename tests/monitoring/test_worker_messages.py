"""Messages that a worker prints."""

import pytest
from celery.apps import worker
from structlog.testing import capture_logs

from securenet_obs.monitoring.worker_messages import log_worker_messages


def test_a_printed_message_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery's own function writes it to a stream, past the logs."""
    monkeypatch.setattr(worker, "safe_say", worker.safe_say)
    log_worker_messages()
    with capture_logs() as lines:
        worker.safe_say("Shutting down", None)
    assert lines == [{"event": "Shutting down", "log_level": "info"}]
