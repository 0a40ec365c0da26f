"""Measures durations: the phases of a run, from its journal, and the parts of a command."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from typing import TypeVar

from securenet_obs.runner.record.journal import Event, RunRecord

T = TypeVar("T")

PHASES = {
    "kernel start": ("kernel_started",),
    "cells": ("cell_finished", "cell_error"),
    "kernel end": ("judged",),
    "saving": ("saved",),
}
"""The phases of a run, each with the events that may end it."""


def phases(record: RunRecord) -> dict[str, float]:
    """Return the seconds of each phase of a run; 0 for a phase that it did not reach."""
    seconds = {}
    before = str(record.started["at"])
    for phase, events in PHASES.items():
        after = max([record.times[event] for event in events if event in record.times] or [before])
        seconds[phase] = round((_moment(after) - _moment(before)).total_seconds(), 3)
        before = after
    return seconds


def check_seconds(events: Iterable[Event]) -> dict[tuple[str, str], float]:
    """Return the duration of each check in seconds, by run and name.

    It counts from the start of the check's cell, or from the previous check in that cell.
    """
    before: dict[str, str] = {}
    seconds: dict[tuple[str, str], float] = {}
    for event in events:
        run, at = str(event.get("run")), str(event["at"])
        if event["event"] == "check":
            spent = (_moment(at) - _moment(before.get(run, at))).total_seconds()
            seconds[run, str(event.get("name"))] = round(max(0.0, spent), 3)
        if event["event"] in ("cell_started", "check"):
            before[run] = at
    return seconds


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Timings:
    """The duration of each part of a command in seconds, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure the duration of a block."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - started, 3)

    @contextmanager
    def around(self, name: str, block: AbstractContextManager[T]) -> Iterator[T]:
        """Measure the entry and the exit of a context manager, as `NAME up` and `NAME down`."""
        with ExitStack() as outside, ExitStack() as inside:
            with self.phase(f"{name} up"):
                entered = inside.enter_context(block)
            yield entered
            # Ends after `inside`, and with it the block, has been left.
            outside.enter_context(self.phase(f"{name} down"))

    def sentence(self, records: Iterable[RunRecord]) -> str:
        """Return one line: the duration of each part, and of each phase for the notebooks."""
        spent: Counter[str] = Counter()
        for record in records:
            spent.update(phases(record))
        within = f" ({', '.join(f'{name} {seconds:.1f}' for name, seconds in spent.items())})"
        return "time: " + ", ".join(
            f"{name} {seconds:.1f} s" + (within if name == NOTEBOOKS else "")
            for name, seconds in self.seconds.items()
            if seconds >= SHOWN_S
        )


SHOWN_S = 0.05
"""Seconds below which a part is not shown."""

NOTEBOOKS = "notebooks"
"""Name of the part of a command that runs notebooks."""
