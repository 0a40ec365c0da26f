"""Records of tasks: read in chunks, by time."""

import pytest
import redis

from securenet_obs.probes.ledger import records
from securenet_obs.probes.ledger.records import (
    ENDED_KEY,
    SENT_KEY,
    EndedTask,
    read_ended,
    read_sent,
)
from securenet_obs.settings import Settings
from securenet_obs.workers import names


def test_the_streams_are_those_of_the_workers() -> None:
    """A key that only one side renames would balance nothing."""
    assert (SENT_KEY, ENDED_KEY) == (names.LEDGER_SENT_KEY, names.LEDGER_ENDED_KEY)


def test_every_chunk_is_read_once(
    settings: Settings, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records of one millisecond, too; the last state of a task counts."""
    monkeypatch.setattr(records, "_CHUNK", 2)
    for number in range(5):
        fields = {"id": f"t{number}", "task": "scan", "queue": "scans", "state": "FAILURE"}
        for key in (SENT_KEY, ENDED_KEY):
            broker.xadd(key, fields, id=f"1000-{number}")
    broker.xadd(ENDED_KEY, {"id": "t0", "state": "SUCCESS", "result": "ignored"}, id="2000-0")
    assert list(read_sent(broker, 1.0, 1.0)) == ["t0", "t1", "t2", "t3", "t4"]
    assert read_sent(broker, 1.001, 2.0) == {}
    assert read_sent(broker, 0.0, 0.999) == {}
    failed = EndedTask("FAILURE", is_ignored=False)
    assert read_ended(broker, 1.0) == {
        "t0": EndedTask("SUCCESS", is_ignored=True),
        **dict.fromkeys(("t1", "t2", "t3", "t4"), failed),
    }
    assert records.find_first(broker) == 1.0
