"""Waits for tests, with a shorter polling interval than the project's."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from securenet_obs.processes.polling import poll_until
from securenet_obs.runner.record.journal import Event, Journal

Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen], within_s: float = 120.0) -> Seen:
    """Return the first true result of `look`, or its last one after `within_s` seconds."""
    return poll_until(look, deadline_s=within_s, interval_s=0.02)


def journal_at_cell(evidence: Path, cell: int) -> Path:
    """Wait until the run below `evidence` has started a cell, and return its journal."""

    def look() -> Path | None:
        for path in evidence.glob("2*/journal.jsonl"):
            rows = events_in(path)
            if any(row["event"] == "cell_started" and row["cell"] == cell for row in rows):
                return path
        return None

    path = eventually(look)
    assert path is not None, f"cell {cell} was never started"
    return path


def events_in(path: Path) -> list[Event]:
    """Return the events of a journal so far."""
    opened = Journal(path)
    try:
        return opened.new_events()
    finally:
        opened.close()
