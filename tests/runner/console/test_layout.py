"""Every table of a command: no word is broken, on a terminal of 80 columns or in a log."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import securenet_obs
from securenet_obs.runner.console.layout import divide_width, print_whole
from securenet_obs.runner.console.report import print_rows

WORDS = st.text(st.sampled_from("abcXYZ/._-:[]é漢"), min_size=1, max_size=70)
CELLS = st.lists(WORDS, max_size=4).map(" ".join)
ROWS = st.integers(1, 7).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=4)
)


def printed(rows: list[list[str]], *, terminal: bool, width: int = 80) -> str:
    """Return what `print_rows` prints."""
    console = Console(width=width, force_terminal=terminal, color_system=None, file=io.StringIO())
    print_rows(console, [{f"column{n}": cell for n, cell in enumerate(row)} for row in rows])
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@given(ROWS)
def test_no_word_is_broken_on_a_terminal(rows: list[list[str]]) -> None:
    """A name, a path or an id stands in one line, so that it can be copied."""
    output = printed(rows, terminal=True)
    words = output.split()
    assert all(word in words for row in rows for cell in row for word in cell.split())
    assert "…" not in output


@given(st.lists(st.integers(1, 24), min_size=2, max_size=6), st.integers(20, 90))
def test_nothing_is_cut_at_the_exact_width(words: list[int], width: int) -> None:
    """rich would cut cells for the padding of the edges, which it does not print."""
    row = [f"{'x' * number} {'y' * number}" for number in words]
    console = Console(width=width, force_terminal=True, color_system=None, file=io.StringIO())
    print_rows(console, [{f"of{n} column{n}": cell for n, cell in enumerate(row)}])
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in output
    assert {word for cell in row for word in cell.split()} <= set(output.split())


@given(ROWS)
def test_elsewhere_a_row_is_a_line(rows: list[list[str]]) -> None:
    """grep finds a row; so does awk."""
    lines = printed(rows, terminal=False).splitlines()
    assert len(lines) == 1 + len(rows)
    for row, line in zip(rows, lines[1:], strict=True):
        assert line.split() == " ".join(row).split()


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 60)), min_size=1), st.integers(1, 200))
def test_columns_share_the_width(columns: list[tuple[int, int]], spare: int) -> None:
    """Each has its longest word at least, its longest line at most, and none has space to spare."""
    measures = [(word, word + more) for word, more in columns]
    widths = divide_width(measures, spare)
    if not widths:
        assert sum(word for word, _ in measures) > spare
        return
    pairs = list(zip(widths, measures, strict=True))
    assert all(word <= width <= line for width, (word, line) in pairs)
    assert sum(widths) <= spare
    assert all(width == line for width, (_, line) in pairs) or sum(widths) > spare - len(widths)


def test_a_table_that_fits_is_a_table() -> None:
    """Lines of a terminal are not longer than it, if the words permit."""
    rows = [["a_name_of_a_notebook", "a sentence " * 9, "redis, worker", "2026-11-27"]] * 3
    output = printed(rows, terminal=True)
    assert "…" not in output
    assert max(map(cell_len, output.splitlines())) <= 80
    assert output.splitlines()[0].split() == ["column0", "column1", "column2", "column3"]


def test_a_table_whose_words_do_not_fit_is_printed_as_blocks() -> None:
    """Each value has a line; empty ones have none."""
    path = "/var/lib/" + "deep/" * 20 + "file.log"
    assert printed([["worker", "ready", path, ""]], terminal=True).splitlines() == [
        "worker",
        "  column1  ready",
        f"  column2  {path}",
    ]


def test_markup_and_captions_are_kept() -> None:
    """Cells may be coloured; a caption follows the blocks."""
    table = Table("name", "verdict", box=None, caption="remark")
    table.add_row(escape("[x]" + "n" * 80), "[red]failed[/]")
    console = Console(width=80, force_terminal=True, color_system=None, file=io.StringIO())
    print_whole(console, table)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert output.splitlines() == ["[x]" + "n" * 80, "  verdict  failed", "remark"]


def test_every_table_is_printed_by_this_layout() -> None:
    """A module that imports rich's tables hands them to `print_whole`; live lines do not."""
    package = Path(securenet_obs.__file__).parent
    found = {
        str(path.relative_to(package)): "print_whole" in text
        for path in package.rglob("*.py")
        if re.search(r"^from rich\.(table|columns|panel) import", text := path.read_text(), re.M)
    }
    layout, live = "runner/console/layout.py", "runner/console/progress.py"
    assert found == {
        "drills/report.py": False,
        "drills/upgrades/report.py": False,
        "runner/console/report.py": True,
        layout: True,
        live: False,
    }
    assert "print_whole(STDOUT, render" in (package / "cli/commands/drills.py").read_text()


@pytest.mark.parametrize("terminal", [True, False])
def test_without_rows_nothing_is_printed(terminal: bool) -> None:
    assert printed([], terminal=terminal) == ""
