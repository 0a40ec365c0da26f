"""Displays the progress of runs: live lines on a terminal, plain lines elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from securenet_obs.runner.console.report import COLOURS
from securenet_obs.runner.plain_text import plain_text
from securenet_obs.runner.record.order import Progress
from securenet_obs.runner.record.verdict import Judgement


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """Yield a progress listener that suits the console."""
    if not console.is_terminal:
        yield PlainLines(console)
        return
    lines = LiveLines(console)
    with Live(lines, console=console, refresh_per_second=8):
        yield lines


@dataclass
class PlainLines:
    """Prints one line when a run starts and one when it is judged."""

    console: Console

    def started(self, run: str, cells: int) -> None:
        """Print that a run has started; a skipped run has no cells and is not printed."""
        if cells:
            line = f"{plain_text(run)}: started, {cells} cells"
            self.console.print(escape(line), soft_wrap=True)

    def waits(self, run: str, reason: str) -> None:
        """Print the reason for a wait."""
        self.console.print(escape(f"{plain_text(run)}: {plain_text(reason)}"), soft_wrap=True)

    def cell(self, run: str, cell: int) -> None:
        """Print nothing: a log does not need it, and the journal has it."""

    def shown(self, run: str, text: str) -> None:
        """Print the text of a cell."""
        _print_text(self.console, text)

    def finished(self, run: str, judgement: Judgement, seconds: float) -> None:
        """Print the verdict."""
        line = f"{plain_text(run)}: {_sentence(judgement)} ({seconds:.1f} s)"
        self.console.print(escape(line), soft_wrap=True)


@dataclass
class _Line:
    """The progress of one run."""

    cells: int
    started: float
    cell: int = 0
    waits: str = ""
    seconds: float | None = None
    judgement: Judgement | None = None


@dataclass
class LiveLines:
    """One line per run, redrawn several times a second: cell i of n, and the seconds."""

    console: Console
    _lines: dict[str, _Line] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def started(self, run: str, cells: int) -> None:
        """Add the run's line."""
        with self._lock:
            self._lines[run] = _Line(cells, time.monotonic())

    def waits(self, run: str, reason: str) -> None:
        """Show the reason for a wait until the run's first cell."""
        self._lines[run].waits = reason

    def cell(self, run: str, cell: int) -> None:
        """Show the number of the current cell."""
        self._lines[run].cell = cell

    def shown(self, run: str, text: str) -> None:
        """Print the text of a cell above the lines."""
        _print_text(self.console, text)

    def finished(self, run: str, judgement: Judgement, seconds: float) -> None:
        """Show the verdict in the run's line."""
        line = self._lines[run]
        line.judgement, line.seconds = judgement, seconds

    def __rich__(self) -> Table:
        """Return the current lines as a table."""
        table = Table.grid(padding=(0, 2))
        for _ in ("run", "state", "seconds"):
            table.add_column(overflow="fold")
        with self._lock:
            for run, line in self._lines.items():
                seconds = line.seconds or time.monotonic() - line.started
                table.add_row(escape(plain_text(run)), _state(line), f"{seconds:.1f} s")
        return table


def _print_text(console: Console, text: str) -> None:
    for line in text.splitlines():
        console.print(escape(f"  {plain_text(line)}".rstrip()), soft_wrap=True, highlight=False)


def _state(line: _Line) -> str:
    if line.judgement is None and line.waits and not line.cell:
        return escape(plain_text(line.waits))
    if line.judgement is None:
        return f"cell {line.cell} of {line.cells}"
    colour = COLOURS.get(line.judgement.verdict, "yellow")
    return f"[{colour}]{escape(line.judgement.verdict)}[/]"


def _sentence(judgement: Judgement) -> str:
    where = f" at cell {judgement.cell}" if judgement.cell is not None else ""
    reason = f": {plain_text(judgement.reason)}" if judgement.reason else ""
    return f"{judgement.verdict}{where}{reason}" if reason else str(judgement.verdict)
