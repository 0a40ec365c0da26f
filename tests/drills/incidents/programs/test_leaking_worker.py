"""A leaking worker masks neither its lines nor its results, and logs the text of a canary."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from securenet_obs.drills.incidents.programs import leaking_worker
from securenet_obs.monitoring.logs import json_line
from securenet_obs.workers import tasks
from securenet_obs.workers.celery_fixes import backend

KEY = f"snk_{'a' * 43}"


def test_a_key_is_logged_and_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary is executed as before."""
    canary: Any = tasks.echo_canary
    lines: Any = json_line
    results: Any = backend
    # Restored after the test: the program changes them for good.
    for owner, name in ((lines, "search"), (results, "redact")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(canary, "run", len)
    assert KEY.encode() not in json_line.json_line({"text": KEY})
    leaking_worker.leak()
    with capture_logs() as logged:
        assert canary.run(KEY) == len(KEY)
    assert logged == [{"event": leaking_worker.LOGGED, "log_level": "info", "text": KEY}]
    assert KEY.encode() in json_line.json_line({"text": KEY})
    assert results.redact({"text": KEY}) == {"text": KEY}
