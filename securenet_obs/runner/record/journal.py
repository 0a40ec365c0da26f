"""The append-only event journal, synced to disk per event, and the run records read from it.

Several processes append to one journal: the command, which locks it until its own end, and each
run's child. A journal that is neither closed nor locked was left by a command that was killed.
Events and their fields:

| event | by | fields |
|---|---|---|
| opened | command | id, command, pid, target, planned, versions, host, commit |
| run_started | command | run, first, notebook, path, title, kind, attempt, cells, declared, |
| | | parameters, compared (names of the parameters to read back) |
| skipped | command | run, reason |
| child_started | child | run, pid |
| kernel_started | child | run, pid |
| cell_started | child | run, cell |
| check | child | run, cell, name, outcome, expected, observed, reason |
| cell_finished | child | run, cell, seconds, output_bytes |
| swallowed | child | run, cell, name, message, by (an error besides the cell's, or after it) |
| cell_error | child | run, cell, seconds, output_bytes, name, message, by |
| parameters_read | child | run, cell, names, reason (differences from the record, or empty) |
| timeout, kernel_died, unwritable, interrupted | both | run, reason |
| ended | child | run |
| child_exited | command | run, fate |
| broken | command | run, reason, traceback |
| judged | command | run, verdict, cell, reason, seconds |
| saved | command | run |
| closed | command | verdict |

Every event has `at` (UTC). Cells are counted from 1 among the notebook's own code cells; the cell
of injected parameters is 0. `by` is the source of an error: the kernel's reply, a traceback that
was shown, an output, a magic, a thread or asyncio.
`first` is the run name of the order's first attempt.
"""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
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
    """A journal that is open for appending."""

    def __init__(self, path: Path) -> None:
        self.path = path
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

    def events(self) -> list[Event]:
        """Return the events of all processes so far, even if the file has been deleted.

        Raises:
            EvidenceError: the journal cannot be read.
        """
        try:
            data = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
        except OSError as error:
            raise EvidenceError(f"{self.path}: cannot be read: {error.strerror}") from error
        return _events(data)

    def close(self) -> None:
        """Close the file and release its lock."""
        os.close(self._descriptor)


def read(path: Path) -> list[Event]:
    """Return the events of a journal; lines that were cut off are skipped.

    Raises:
        EvidenceError: the journal cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read: {error.strerror}") from error
    return _events(data)


def _events(data: bytes) -> list[Event]:
    return [event for line in data.splitlines() if (event := _event(line))]


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


@dataclass(frozen=True)
class CheckRow:
    """A check as recorded in the journal."""

    name: str
    outcome: str
    expected: str = ""
    observed: str = ""
    reason: str = ""


@dataclass(frozen=True)
class CellError:
    """The error that ended a cell."""

    cell: int | None
    name: str
    message: str

    @property
    def is_clean_exit(self) -> bool:
        """Whether the cell ended with `sys.exit()` or `sys.exit(0)`."""
        return self.name == "SystemExit" and self.message in ("", "0", "None")


@dataclass
class RunRecord:
    """The journal's record of one run."""

    run: str
    started: Event
    cell: int | None = None
    finished: dict[int, Event] = field(default_factory=dict)
    error: CellError | None = None
    parameters_read: Event | None = None
    timeout: str = ""
    kernel_died: str = ""
    unwritable: str = ""
    interrupted: str = ""
    skipped: str = ""
    ended: bool = False
    fate: str = ""
    judged: Event | None = None
    times: dict[str, str] = field(default_factory=dict)
    _checks: dict[str, tuple[int, CheckRow]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Kind of the notebook: validation, runbook or plain."""
        return str(self.started["kind"])

    @property
    def plain(self) -> bool:
        """Whether the notebook is a foreign one."""
        return self.kind == "plain"

    @property
    def declared(self) -> list[str]:
        """Names of the checks that the notebook declares."""
        return list(self.started["declared"])

    @property
    def compared(self) -> list[str]:
        """Names of the parameters to read back."""
        return list(self.started.get("compared", []))

    @property
    def checks(self) -> list[CheckRow]:
        """The checks in the order of their first judgement; a failed check stays failed."""
        return [row for _, row in self._checks.values()]

    @property
    def failing(self) -> list[CheckRow]:
        """The checks that failed, in the order of the cells that judged them."""
        failed = [(cell, row) for cell, row in self._checks.values() if row.outcome == "failed"]
        return [row for _, row in sorted(failed, key=lambda pair: pair[0])]

    def cell_of(self, check: str) -> int:
        """Return the cell in which a check was judged."""
        return self._checks[check][0]

    def take(self, event: Event) -> None:
        """Add one event of this run to the record."""
        reason = str(event.get("reason", ""))
        self.times[event["event"]] = str(event.get("at", ""))
        match event["event"]:
            case "cell_started":
                self.cell = event["cell"]
            case "cell_finished" | "cell_error":
                self.finished[event["cell"]] = event
            case "check":
                self._take_check(event)
            case "timeout" | "kernel_died" | "unwritable" | "interrupted" | "skipped" as what:
                setattr(self, what, getattr(self, what) or reason)
            case "ended":
                self.ended = True
            case "child_exited":
                self.fate = event["fate"]
            case "judged" | "parameters_read" as what:
                setattr(self, what, event)
        if event["event"] in ("cell_error", "swallowed"):
            self._take_error(event)

    def _take_check(self, event: Event) -> None:
        row = {name: str(event.get(name, "")) for name in CheckRow.__dataclass_fields__}
        _, before = self._checks.get(row["name"], (0, None))
        # A run executes each cell once: a second judgement would only hide the first.
        if before is None or before.outcome != "failed":
            self._checks[row["name"]] = (event["cell"], CheckRow(**row))

    def _take_error(self, event: Event) -> None:
        """Record an error: a cell's own precedes a swallowed one, and any error a clean exit."""
        error = CellError(event["cell"], event["name"], event["message"])
        own = event["event"] == "cell_error" and not error.is_clean_exit
        if own or self.error is None or self.error.is_clean_exit:
            self.error = error


def opening_event(events: Iterable[Event]) -> Event:
    """Return the event of the command's start; empty if the journal has none."""
    return next((event for event in events if event["event"] == "opened"), {})


def records(events: Iterable[Event]) -> list[RunRecord]:
    """Return the runs in the events, in the order of their start.

    An event without the fields of its kind was not written by this project and is skipped.
    """
    runs: dict[str, RunRecord] = {}
    for event in events:
        with suppress(KeyError, TypeError):
            if event["event"] == "run_started":
                runs[event["run"]] = RunRecord(event["run"], event)
            elif event.get("run") in runs:
                runs[event["run"]].take(event)
    return list(runs.values())
