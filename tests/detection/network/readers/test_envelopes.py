"""Envelopes around records."""

import json
from typing import Any

import pytest

from securenet_obs.detection.network.readers.envelopes import unwrap

INNER = {"timestamp": "2026-01-01T00:00:00Z", "src_ip": "10.0.0.1"}
CASES: list[tuple[Any, list[Any]]] = [
    (INNER, [INNER]),
    ([INNER, 7], [INNER, 7]),
    ([], []),
    ({"Records": [INNER, INNER]}, [INNER, INNER]),
    ({"Records": 3}, [{"Records": 3}]),
    ({"log": json.dumps(INNER) + "\n", "stream": "stdout", "time": "t"}, [INNER]),
    ({"log": '{"a": 1}', "stream": "stdout", "time": "t"}, [{"a": 1, "time": "t"}]),
    ({"log": "text\n", "stream": "stdout"}, [{"log": "text\n", "stream": "stdout"}]),
    ({"log": "{broken", "stream": "stdout"}, [{"log": "{broken", "stream": "stdout"}]),
    ({"CloudTrailEvent": json.dumps(INNER), "EventName": "e"}, [INNER]),
    ({"CloudTrailEvent": "?", "EventName": "e"}, [{"CloudTrailEvent": "?", "EventName": "e"}]),
    ("text", ["text"]),
    ([[INNER]], [[INNER]]),
]


@pytest.mark.parametrize(("value", "items"), CASES, ids=lambda value: str(value)[:40])
def test_an_envelope_holds_its_items(value: Any, items: list[Any]) -> None:
    """Anything else is an item itself."""
    assert unwrap(value) == items
