"""Append-only journal of events: one JSON object a line, synced to disk before execution goes on.

Several processes append to one journal: the command, which locks it until its own end, and each
run's child. A journal that is neither closed nor locked was left by a command that was killed.
Events and their fields:

| event | by | fields |
|---|---|---|
| opened | command | id, command, pid, target, planned, versions, host, commit, code |
| run_started | command | run, first, notebook, path, title, kind, attempt, cells, declared, |
| | | parameters, compared (names of the parameters to read back), sources, limits |
| skipped | command | run, reason |
| child_started | child | run, pid |
| kernel_started | child | run, pid |
| cell_started | child | run, cell |
| check | child | run, cell, name, outcome, expected, observed, reason |
| shown | child | run, cell, text (for the terminal) |
| cell_finished | child | run, cell, seconds, output_bytes |
| swallowed | child | run, cell, name, message, by (an error besides the cell's, or after it) |
| cell_error | child | run, cell, seconds, output_bytes, name, message, by |
| parameters_read | child | run, cell, names, reason (differences from the record, or empty) |
| timeout, kernel_died, unwritable, interrupted | both | run, reason |
| ended | child | run |
| child_exited | command | run, fate |
| broken | command | run, reason, traceback |
| judged | command | run, verdict, cell, reason, seconds |
| compared | command | run, last_green, changes_since_green, not_compared |
| saved | command | run |
| closed | command | verdict |

Every event has `at` (UTC). Cells are counted from 1 among the notebook's own code cells; the cell
of injected parameters is 0. `by` is the source of an error: the kernel's reply, a traceback that
was shown, an output, a magic, a thread or asyncio.
`first` is the run name of the order's first attempt.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from securenet_obs.errors import EvidenceError
from securenet_obs.processes.locks import try_lock

Event = dict[str, Any]
NAME = "journal.jsonl"


def now() -> str:
    """Return the current time in the journal's format: RFC 3339, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Journal:
    """A journal that is open for appending, and for reading each event once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise EvidenceError(f"{path}: cannot be opened: {error.strerror}") from error

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create a journal that becomes visible only after its owner has locked it.

        Raises:
            EvidenceError: the journal cannot be written.
        """
        hidden = path.with_name(f".{path.name}")
        try:
            hidden.touch(exist_ok=False)
        except OSError as error:
            raise EvidenceError(f"{hidden}: cannot be created: {error.strerror}") from error
        journal = cls(hidden)
        journal.lock()
        hidden.rename(path)
        journal.path = path
        return journal

    def lock(self) -> bool:
        """Lock the journal until this process ends; return False if another process holds it."""
        return try_lock(self._descriptor)

    def append(self, event: str, **fields: Any) -> Event:
        """Write an event and wait until it is on the disk.

        Raises:
            EvidenceError: the disk is full or the file cannot be written.
        """
        row = {"at": now(), "event": event, **fields}
        line = json.dumps(row, ensure_ascii=True).encode() + b"\n"
        try:
            if self._is_torn():
                line = b"\n" + line
            written = os.write(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            raise EvidenceError(f"{self.path}: cannot be written: {error.strerror}") from error
        if written < len(line):
            raise EvidenceError(f"{self.path}: cannot be written: no space left")
        return row

    def _is_torn(self) -> bool:
        """Return whether the last line was cut off: a writer was killed, or the disk was full."""
        size = os.fstat(self._descriptor).st_size
        return size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"

    def new_events(self) -> list[Event]:
        """Return the events that any process has added since the last call, even to a deleted file.

        A line that is still being written is read with a later call; a line that was cut off is
        skipped.

        Raises:
            EvidenceError: the journal cannot be read.
        """
        try:
            added = os.fstat(self._descriptor).st_size - self._offset
            data = os.pread(self._descriptor, max(0, added), self._offset)
        except OSError as error:
            raise EvidenceError(f"{self.path}: cannot be read: {error.strerror}") from error
        *lines, last = data.split(b"\n")
        if _event(last):
            lines.append(last)
            last = b""
        self._offset += len(data) - len(last)
        return [event for line in lines if (event := _event(line))]

    def close(self) -> None:
        """Close the file and release its lock."""
        os.close(self._descriptor)


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
