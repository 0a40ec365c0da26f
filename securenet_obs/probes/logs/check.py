"""Checks that every line of log files is a strict JSON object; builds no DataFrame."""

from pathlib import Path
from typing import Any

from securenet_obs.probes.logs.lines import LineReading, build_report


def check_lines(*sources: str | Path) -> dict[str, Any]:
    """Return the report of `LogFrame.report`, without reading the records into a frame.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    reading = LineReading(*sources)
    valid = sum(len(one.positions) for one in reading.read())
    rejected = reading.rejected
    return build_report(valid, rejected.count, rejected, reading.pending, reading.skipped)
