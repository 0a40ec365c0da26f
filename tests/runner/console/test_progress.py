"""Progress: a live line on a terminal, plain lines in a log, and no terminal escapes."""

import io

from rich.console import Console

from securenet_obs.runner.console.progress import LiveLines, progress
from securenet_obs.runner.record.verdict import Judgement, Verdict

FAILED = Judgement(Verdict.ERROR, 2, "ValueError: \x1b[31mred")


def test_a_log_gets_plain_lines() -> None:
    """A run has one line at its start and one at its end; a skipped run has only the latter."""
    console = Console(file=io.StringIO())
    with progress(console) as listener:
        listener.started("01_a", 3)
        listener.waits("01_a", "waits for 02_b")
        listener.cell("01_a", 1)
        listener.shown("01_a", "too few [b]workers\n  why\x1b[31m")
        listener.finished("01_a", FAILED, 1.25)
        listener.started("09_a", 0)
        listener.finished("09_a", Judgement(Verdict.SKIPPED, None, "no stack"), 0)
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "01_a: started, 3 cells",
        "01_a: waits for 02_b",
        "  too few [b]workers",
        "    why",
        "01_a: error at cell 2: ValueError: red (1.2 s)",
        "09_a: skipped: no stack (0.0 s)",
    ]


def test_a_terminal_gets_one_live_line_a_run() -> None:
    """The line has the cell and the number of cells, then the verdict."""
    console = Console(file=io.StringIO(), width=80)
    lines = LiveLines(console)
    lines.started("01_[b]a", 3)
    lines.waits("01_[b]a", "waits for [b]")
    console.print(lines)
    lines.cell("01_[b]a", 2)
    console.print(lines)
    lines.finished("01_[b]a", FAILED, 1.25)
    console.print(lines)
    waiting, first, second = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert waiting.startswith("01_[b]a  waits for [b]")
    assert first.startswith("01_[b]a  cell 2 of 3")
    assert second.split() == ["01_[b]a", "error", "1.2", "s"]


def test_a_terminal_shows_progress_live() -> None:
    """A terminal gets the live display."""
    with progress(Console(file=io.StringIO(), force_terminal=True)) as listener:
        assert isinstance(listener, LiveLines)
