"""ECS documents."""

import json
from datetime import UTC, datetime

from securenet_obs.detection.network.ecs.documents import to_line


def test_dotted_names_become_nested_objects() -> None:
    """Times have their zone, and names of one object stay together."""
    fields = {"@timestamp": datetime(2026, 1, 1, tzinfo=UTC), "source.ip": "::1", "source.port": 1}
    line = to_line(fields, {"log.offset": 7})
    assert line.endswith(b"}\n")
    assert json.loads(line) == {
        "@timestamp": "2026-01-01T00:00:00Z",
        "source": {"ip": "::1", "port": 1},
        "log": {"offset": 7},
    }
