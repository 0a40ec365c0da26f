"""Searches the ends of a target's log files for the newest line that matches a pattern."""

import json
import re
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Any

from securenet_obs.redaction import redact_text
from securenet_obs.settings import Settings

END_BYTES = 4 * 1024 * 1024
"""Bytes at the end of each file that are searched: the newest lines, within a second."""

_MAX_LENGTH = 300


def find_newest_line(settings: Settings, pattern: str) -> str:
    """Return time, service and event of the newest matching line, masked; empty without one.

    Args:
        settings: those of the target; LOG_SOURCE is a file, a folder of `*.log`, or a glob.
        pattern: regular expression, searched in the whole line.
    """
    found = [_describe(line) for path in _list_files(settings) for line in _search(path, pattern)]
    return redact_text(max(found))[:_MAX_LENGTH] if found else ""


def _list_files(settings: Settings) -> list[Path]:
    if not settings.log_source:
        return []
    source = Path(settings.log_source)
    if source.is_dir():
        return sorted(source.glob("*.log"))
    return sorted(Path(name) for name in glob(settings.log_source))


def _search(path: Path, pattern: str) -> Iterator[str]:
    """Yield the last matching line of a file; a file that cannot be read has none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - END_BYTES))
            lines = file.read(END_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return
    for line in reversed(lines):
        if re.search(pattern, line):
            yield line
            return


def _describe(line: str) -> str:
    try:
        record: Any = json.loads(line)
        return f"{record['timestamp']} {record.get('service', '')}: {record['event']}"
    except (ValueError, TypeError, KeyError, AttributeError):
        return line
