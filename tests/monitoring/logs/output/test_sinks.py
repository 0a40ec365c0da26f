"""Sinks of descriptors."""

import os
from pathlib import Path

from securenet_obs.monitoring.logs.output.line_output import LineOutput


def test_outputs_of_one_file_share_its_state(tmp_path: Path) -> None:
    """A second start of monitoring in a process does not write between the parts of a line."""
    file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    first, second = LineOutput(file), LineOutput(file)
    assert first._sink is second._sink
