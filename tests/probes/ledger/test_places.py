"""Places of messages: long lists, all priorities, and content that is no task."""

import json

import pytest
import redis

from securenet_obs.probes.ledger import places
from securenet_obs.probes.ledger.places import find_places


def test_long_lists_are_read_in_chunks(
    broker: redis.Redis, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each priority's list is read to its end; what is no task's message has no place."""
    monkeypatch.setattr(places, "_CHUNK", 2)
    for number in range(5):
        broker.lpush("logs\x06\x163", json.dumps({"headers": {"id": f"t{number}"}}))
    for text in ("", "[]", "{}", "1", '{"headers": {"id": "bad", "eta": "soon"}}', "not JSON"):
        broker.lpush("logs", text)
        broker.hset("unacked", text, text)
    assert find_places(broker, ["logs"]) == {f"t{number}": "waiting" for number in range(5)}
