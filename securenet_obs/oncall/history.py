"""The journal of on-call: confirmed actions with user, time and target; proofs of runbooks.

A file of JSON lines below the evidence root, since Redis and the store may both be broken.
Each line has `at` (ISO 8601, UTC), `event`, `runbook` and the fields of its event:

| event     | fields                                                                       |
|-----------|------------------------------------------------------------------------------|
| issued    | digest, action, does, facts, serial: a dry run, which may be confirmed         |
| confirmed | digest, action, does, who, target: a confirmation that was spent             |
| refused   | digest, action, does, who, target, reason                                    |
| before    | action, does, who, target                                                    |
| after     | action, does, who, target, outcome: `done` or `failed`, result               |
| verified  | checks: name -> outcome, after an action                                     |
| proved    | incident, outcome: `passed` or `failed`, seconds, target                     |
| crossed   | incidents: number of faults of others, outcome, problem, target              |
"""

import errno
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from securenet_obs.errors import EvidenceError
from securenet_obs.processes.locks import file_lock
from securenet_obs.redaction import redact

NAME = "oncall.jsonl"
"""Name of the journal in the evidence root."""

_LOCK_S = 10.0

_FIELDS = {
    "issued": ("digest", "serial", "facts", "does"),
    "confirmed": ("digest", "who"),
    "after": ("runbook", "does", "who", "target", "outcome"),
    "proved": ("runbook", "target", "outcome"),
    "crossed": ("runbook", "target", "outcome"),
}
"""Event -> the fields that its readers need."""

_MAPPINGS = frozenset({"target", "facts"})

Entry = dict[str, Any]
"""A line of the journal."""


class History:
    """The journal of one evidence root.

    Args:
        root: the evidence root; it need not exist.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / NAME

    def read(self) -> list[Entry]:
        """Return all entries, the oldest first.

        A line that was cut by a crash, or that is not an entry, is left out.

        Raises:
            EvidenceError: the journal cannot be read.
        """
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise EvidenceError(f"{self.path} cannot be read: {error.strerror}.") from error
        return [entry for line in lines if (entry := _parse(line)) is not None]

    def append(self, event: str, **fields: Any) -> Entry:
        """Append an entry, masked, and wait until it is on the disk.

        Raises:
            EvidenceError: the journal cannot be written.
        """
        with self.locked():
            return self.append_locked(event, **fields)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Exclude other writers for the block.

        Raises:
            EvidenceError: the lock cannot be taken.
        """
        try:
            with file_lock(self.path.with_suffix(".lock"), wait_s=_LOCK_S) as is_held:
                if not is_held:
                    raise EvidenceError(f"{self.path} is locked by another command.")
                yield
        except OSError as error:
            raise EvidenceError(f"{self.path} cannot be written: {error.strerror}.") from error

    def append_locked(self, event: str, **fields: Any) -> Entry:
        """Append an entry within `locked`.

        Raises:
            OSError: the journal cannot be written; `locked` converts it.
        """
        masked: Any = redact(fields)
        entry: Entry = {"at": _now(), "event": event, **masked}
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "rb+", buffering=0) as file:
            # A crash may have cut the last line; the next one must not continue it.
            begins = b"" if _ends_with_line(file.fileno()) else b"\n"
            line = begins + json.dumps(entry, default=str).encode() + b"\n"
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        return entry


def _parse(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and _is_entry(entry) else None


def _is_entry(entry: Entry) -> bool:
    """Return whether an object has the time and the fields of its event, of the right types."""
    fields = _FIELDS.get(str(entry.get("event")), ())
    try:
        has_zone = datetime.fromisoformat(entry.get("at", "")).tzinfo is not None
    except (TypeError, ValueError):
        return False
    return (
        has_zone
        and "event" in entry
        and all(isinstance(entry.get(name), dict if name in _MAPPINGS else str) for name in fields)
    )


def _ends_with_line(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _now() -> str:
    return f"{datetime.now(UTC):%FT%T.%f}Z"


def read_age_s(entry: Entry) -> float:
    """Return how many seconds ago an entry was written."""
    return (datetime.now(UTC) - datetime.fromisoformat(entry["at"])).total_seconds()


def describe_last_action(history: History, target: Mapping[str, str]) -> str:
    """Return the last action on a target in words, or why it is unknown."""
    try:
        entries = history.read()
    except EvidenceError as error:
        return f"unknown: {error}"
    acted = [row for row in entries if row["event"] == "after" and row["target"] == target]
    if not acted:
        return "none in this journal"
    last = acted[-1]
    return f"{last['at'][:19]}Z by {last['who']}: {last['does']}: {last.get('result')}"


def tabulate_actions(entries: Iterable[Entry]) -> list[dict[str, str]]:
    """Return a row for each action that ended, the newest last."""
    return [
        {
            "at": f"{entry['at'][:19]}Z",
            "who": entry["who"],
            "runbook": entry["runbook"],
            "did": entry["does"],
            "outcome": entry["outcome"],
            "target": f"{entry['target']['environment']} {entry['target']['redis']}",
        }
        for entry in entries
        if entry["event"] == "after"
    ]
