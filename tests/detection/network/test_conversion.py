"""Conversion of files to ECS documents."""

import json
from pathlib import Path

from securenet_obs.detection.network.conversion import convert
from securenet_obs.detection.network.quarantine import Quarantined


def test_each_record_is_a_line_with_the_place_of_its_original(tmp_path: Path) -> None:
    """The offset leads to the line, the index to the item; a bad line is an item by itself."""
    path = tmp_path / "log"
    path.write_text('\n[{"src_ip": "10.0.0.1"}, {"src_ip": "10.0.0.2"}]\nbad\n')
    first, second, bad = convert([str(path)])
    assert isinstance(first, bytes)
    assert isinstance(second, bytes)
    assert json.loads(first)["source"] == {"ip": "10.0.0.1"}
    origin = json.loads(second)["log"]
    assert origin == {"file": {"path": str(path)}, "offset": 1, "index": 1}
    assert isinstance(bad, Quarantined)
    assert (bad.line, bad.reason, bad.sample) == (3, "not JSON", "bad")
