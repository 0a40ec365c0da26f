"""Layout of tables: a line for each row in a log; on a terminal no word is ever broken."""

import io

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Column, Table
from rich.text import Text

MAX_WIDTH = 100_000
"""Width, in columns, of a table that is not printed to a terminal."""


def print_whole(console: Console, table: Table) -> None:
    """Print a table without truncation, so that names, paths and ids can be copied.

    Where it is not a terminal, each row is one line. On a terminal columns are folded between
    words; if that is still too wide, each row is a block with a line for each column.
    """
    if not console.is_terminal:
        _print_lines(console, table)
        return
    spare = console.width - _measure_gaps(table)
    if widths := divide_width([_measure(column) for column in table.columns], spare):
        console.print(_fold(table, widths), soft_wrap=False)
    else:
        _print_blocks(console, table)


def _fold(table: Table, widths: list[int]) -> Table:
    """Return a table with its cells folded to these widths, between words alone.

    rich breaks a word of wide characters that fits exactly.
    """
    folded = Table(box=None, pad_edge=False, padding=table.padding, header_style=table.header_style)
    folded.caption, folded.caption_justify = table.caption, table.caption_justify
    for column, width in zip(table.columns, widths, strict=True):
        header = _fold_cell(column.header, width)
        folded.add_column(header, justify=column.justify, no_wrap=True)
    for row in zip(*(column.cells for column in table.columns), strict=True):
        folded.add_row(*(map(_fold_cell, row, widths)))
    return folded


def _fold_cell(cell: RenderableType, width: int) -> RenderableType:
    text = _plain(cell)
    if max(map(cell_len, text.split("\n"))) <= width:
        return cell
    lines = [""]
    for line in text.split("\n"):
        for word in line.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if cell_len(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        lines.append("")
    return Text("\n".join(lines[:-1]), cell.style if isinstance(cell, Text) else "")


def divide_width(measures: list[tuple[int, int]], spare: int) -> list[int]:
    """Return a width for each column; empty if their longest words do not fit.

    Args:
        measures: for each column the widths of its longest word and of its longest line.
        spare: width that the columns share.
    """
    widths = [word for word, _ in measures]
    if sum(widths) > spare:
        return []
    left = spare - sum(widths)
    # The column that lacks least first: the others share what is left.
    order = sorted(range(len(measures)), key=lambda one: measures[one][1] - widths[one])
    for count, number in zip(range(len(order), 0, -1), order, strict=True):
        more = min(measures[number][1] - widths[number], left // count)
        widths[number] += more
        left -= more
    return widths


def _measure(column: Column) -> tuple[int, int]:
    """Return the widths of a column's longest word and longest line."""
    lines = [line for cell in _list_texts(column) for line in cell.split("\n")]
    words = [cell_len(word) for line in lines for word in line.split(" ")]
    return max(words), max(map(cell_len, lines))


def _list_texts(column: Column) -> list[str]:
    """Return the header and the cells of a column, without markup."""
    return [_plain(cell) for cell in (column.header, *column.cells)]


def _plain(cell: RenderableType) -> str:
    return Text.from_markup(cell, emoji=False).plain if isinstance(cell, str) else str(cell)


def _measure_gaps(table: Table) -> int:
    """Return the width of all padding; rich counts that of the edges, which it does not print."""
    _, right, _, left = table.padding
    return len(table.columns) * (right + left)


def _print_lines(console: Console, table: Table) -> None:
    wide = Console(file=io.StringIO(), width=MAX_WIDTH, color_system=None)
    with wide.capture() as printed:
        wide.print(table)
    for line in printed.get().splitlines():
        console.print(line.rstrip(), markup=False, highlight=False, emoji=False, soft_wrap=True)


def _print_blocks(console: Console, table: Table) -> None:
    """Print the first column of a row as a heading, each other one on a line of its own."""
    texts = [_list_texts(column) for column in table.columns]
    width = max(map(cell_len, (headers := [column[0] for column in texts])))
    for heading, *values in list(zip(*texts, strict=True))[1:]:
        console.print(heading, style="bold", markup=False, soft_wrap=True)
        for header, value in zip(headers[1:], values, strict=True):
            if value:
                console.print(f"  {header:{width}}  {value}", markup=False, soft_wrap=True)
    if table.caption:
        console.print(table.caption, soft_wrap=True)
