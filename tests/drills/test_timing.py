"""Whoever keeps time: another clock is found where it is, two beats are told apart by their log."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from securenet_obs.drills import beat_with_drill, timing
from securenet_obs.errors import StackError


def test_libfaketime_is_found_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it the drill says what to install; with it, it can be run."""
    monkeypatch.setattr(timing, "_PREFIXES", (str(tmp_path),))
    assert "apt-get install libfaketime" in timing.explain_missing_libfaketime()
    library = tmp_path / "lib" / "x86_64-linux-gnu" / "faketime" / "libfaketime.so.1"
    library.parent.mkdir(parents=True)
    library.touch()
    assert timing.explain_missing_libfaketime() == ""
    assert timing.find_libfaketime() == library


@pytest.fixture
def beats(tmp_path: Path, redis_server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a stack whose beats have sent the entry at the given seconds from now."""
    monkeypatch.setattr(timing, "TWINS_S", 0.1)
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


def test_an_entry_that_two_beats_send_is_told(beats: Any) -> None:
    """Sent twice within half its interval is once too often; once an interval is right."""
    assert timing.find_double_sends(beats(0, 2, 4, executed=3)) == []
    assert len(timing.find_double_sends(beats(0, 2, 2.1, 4, executed=4))) == 1


def test_beats_that_send_nothing_prove_nothing(beats: Any) -> None:
    """An entry that was not sent, or whose task did not run, is no success."""
    with pytest.raises(StackError, match="Neither of two beats sent"):
        timing.find_double_sends(beats(-20, -18, executed=2))
    with pytest.raises(StackError, match="0 of 3 tasks that beat sent were executed"):
        timing.find_double_sends(beats(0, 2, 4, executed=0))
