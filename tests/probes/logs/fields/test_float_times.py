"""Times with more digits than a float holds."""

from pathlib import Path

import orjson
import pandas as pd
import pytest

from securenet_obs.probes.logs.fields.float_times import find_long_times
from securenet_obs.probes.logs.frame import log_frame

LONG = pd.Timestamp("2026-11-23T04:05:06.123456789Z")


@pytest.mark.parametrize("name", ["ts", "timestamp", "time", "@timestamp"])
def test_number_longer_than_a_float_is_exact(tmp_path: Path, name: str) -> None:
    """Nanoseconds written as a JSON number, as date +%s.%N does, are read from the line."""
    line = f'{{"x": {{"{name}": 1.5}}, "{name}" : 1795406706.123456789}}\n'
    (tmp_path / "a.log").write_text(line + f'{{"{name}": 1795406706.5}}\n')
    times = log_frame(tmp_path).frame["timestamp"]
    assert list(times) == [LONG, pd.Timestamp("2026-11-23T04:05:06.5Z")]


@pytest.mark.parametrize(
    "line",
    [
        b'{"time": 1795406706.1234}',
        b'{"time": "1795406706.123456789"}',
        b'{"time": 1795406706}',
        b'{"other": 1795406706.123456789}',
        b'{"time": 1795406706.5, "text": "\\"time\\": 1795406706.123456789"}',
    ],
)
def test_only_a_long_number_of_a_time_is_found(line: bytes) -> None:
    """Other fields, texts and numbers that a float holds are left alone."""
    assert list(find_long_times([orjson.loads(line)], [line])) == []
