"""Two beats are detected by the log that they share."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from securenet_obs.drills.faults import beat, beat_with_drill
from securenet_obs.errors import StackError


@pytest.fixture
def beats(tmp_path: Path, redis_server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a stack with beats that sent the entry at these seconds from now."""
    monkeypatch.setattr(beat, "TWINS_S", 0.1)
    environment = {"RESULT_URL": redis_server.environment["REDIS_URL"]}
    log = tmp_path / "beat.log"

    def sent(*seconds: float, executed: int) -> Any:
        event = f"Scheduler: Sending due task {beat_with_drill.ENTRY} (echo_canary)"
        moments = (datetime.now(UTC) + timedelta(seconds=offset) for offset in seconds)
        lines = (json.dumps({"event": event, "timestamp": f"{at:%FT%T.%fZ}"}) for at in moments)
        log.write_text("\n".join(lines))
        with redis.Redis.from_url(environment["RESULT_URL"]) as client:
            client.flushdb()
            for number in range(executed):
                client.set(
                    f"celery-task-meta-{number}", json.dumps({"canary": beat_with_drill.CANARY})
                )
        return SimpleNamespace(environment=environment, parts={"beat": SimpleNamespace(log=log)})

    return sent


def test_entry_sent_by_two_beats_is_found(beats: Any) -> None:
    """Two sends within half an interval are a double send; one per interval is correct."""
    assert beat.find_double_sends(beats(0, 2, 4, executed=3)) == []
    assert len(beat.find_double_sends(beats(0, 2, 2.1, 4, executed=4))) == 1


def test_beats_that_send_nothing_are_an_error(beats: Any) -> None:
    """An entry without a send or without an executed task is an error."""
    with pytest.raises(StackError, match="Neither of two beats sent"):
        beat.find_double_sends(beats(-20, -18, executed=2))
    with pytest.raises(StackError, match="0 of 3 tasks that beat sent were executed"):
        beat.find_double_sends(beats(0, 2, 4, executed=0))
