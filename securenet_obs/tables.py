"""Formats DataFrames and values as text and HTML; installs these formats in a notebook."""

import html
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ABSENT = "none"
"""Word for a value that is missing, and for an empty text or list."""

MAX_ROWS = 200
"""Maximum number of rows that are shown; of a longer table the others are counted."""

MAX_DEPTH = 16
"""Maximum number of lists and mappings within each other that are shown."""

_PANDAS = ("pandas", "pandas.core.frame")
"""Modules that the class `DataFrame` names as its own, in pandas 3 and before."""

_DECIMALS = 3
_CELL = "padding:4px 8px;vertical-align:top;overflow-wrap:break-word"
_URL = re.compile(r"https?://[^\s\"<>]+")
_MAX_UNWRAPPED = 32
"""Characters of a cell that is never wrapped: an id, a timestamp."""


def format_tables() -> None:
    """Show every DataFrame of the running notebook as `text_table` and `html_table` format it.

    pandas itself cuts long cells, wraps wide tables and shows NaN. Does nothing outside of IPython.
    """
    shell = running_shell()
    if shell is None:
        return
    formatters = shell.display_formatter.formatters
    # By name: a notebook need not wait for pandas before its first table.
    for module in _PANDAS:
        formatters["text/html"].for_type_by_name(module, "DataFrame", html_table)
        formatters["text/plain"].for_type_by_name(
            module, "DataFrame", lambda frame, printer, _: printer.text(text_table(frame))
        )


def running_shell() -> Any:
    """Return the running IPython shell, or None, as in a service, which has no IPython."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def text_table(frame: "pd.DataFrame") -> str:
    """Return a DataFrame as lines of aligned columns; numbers are aligned at the right."""
    columns = _columns(frame)
    rows = zip(*([name, *cells] for name, cells, _ in columns), strict=True)
    lines = text_rows(rows, [is_right for _, _, is_right in columns])
    return "\n".join([lines, *_remarks(frame)]) if len(frame) else _no_rows(frame)


def text_rows(rows: Iterable[Sequence[str]], right: Sequence[bool]) -> str:
    """Return rows of cells as aligned lines; `right` marks columns aligned at the right."""
    lines = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = [
        [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, right, strict=True)
        ]
        for line in lines
    ]
    return "\n".join("  ".join(line).rstrip() for line in aligned)


def html_table(frame: "pd.DataFrame") -> str:
    """Return a DataFrame as an HTML table; long cells wrap, and addresses are links."""
    if not len(frame):
        return f"<p>{html.escape(_no_rows(frame))}</p>"
    columns = _columns(frame)
    rows = [[f"<b>{html.escape(name)}</b>" for name, _, _ in columns]]
    escaped = (list(map(_html_text, cells)) for _, cells, _ in columns)
    rows += [list(row) for row in zip(*escaped, strict=True)]
    is_right = [right for _, _, right in columns]
    styles = [_wrapping(cells) for _, cells, _ in columns]
    table = "".join(f"<tr>{''.join(map(html_cell, row, is_right, styles))}</tr>" for row in rows)
    return html_rows(table) + "".join(f"<p>{html.escape(text)}</p>" for text in _remarks(frame))


def _html_text(text: str) -> str:
    """Return a text as HTML; an address of a web page is a link."""
    return html_link("open", text) if _URL.fullmatch(text) else html.escape(text)


def html_link(label: str, address: str) -> str:
    """Return a link to an address or a relative path."""
    return f'<a href="{html.escape(address)}">{html.escape(label)}</a>'


def html_rows(rows: str, style: str = "") -> str:
    """Return an HTML table of these rows, at the left of the page."""
    return f'<table style="margin:0;{style}">{rows}</table>'


def html_cell(content: str, right: bool = False, style: str = "", attributes: str = "") -> str:
    """Return a cell of an HTML table; `content` is HTML."""
    align = "right" if right else "left"
    return f'<td {attributes} style="text-align:{align};{_CELL};{style}">{content}</td>'


def value_text(value: object) -> str:
    """Return one value as text for a person.

    A missing value and an empty text or collection are the word `none`; a list is joined by
    commas; a mapping has `name: value`; a time in UTC is written as in the log lines. Collections
    within more than `MAX_DEPTH` others are three dots.
    """
    return _nested_text(value, 0)


def _nested_text(value: object, depth: int) -> str:
    if _is_absent(value):
        return ABSENT
    match value:
        case str():
            return value or ABSENT
        case datetime():
            is_utc = value.utcoffset() == timedelta(0)
            return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z" if is_utc else value.isoformat()
        case Mapping() | set() | frozenset() | list() | tuple() if depth > MAX_DEPTH:
            return "..."
        case Mapping():
            pairs = (f"{name}: {_nested_text(one, depth + 1)}" for name, one in value.items())
            return ", ".join(pairs) or ABSENT
        case set() | frozenset():
            return _nested_text(sorted(value, key=str), depth)
        case list() | tuple():
            return ", ".join(_nested_text(one, depth + 1) for one in value) or ABSENT
        case _:
            return str(value)


def seconds_text(seconds: float, absent: str = "unknown") -> str:
    """Return a duration as text: `0.084 s`, `12.3 s`, `never` if infinite, `absent` for NaN."""
    if math.isnan(seconds):
        return absent
    if math.isinf(seconds):
        return "never"
    return f"{seconds:.3f} s" if 0 < abs(seconds) < 1 else f"{seconds:.1f} s".replace(".0 s", " s")


def _is_absent(value: object) -> bool:
    is_nan = isinstance(value, float) and math.isnan(value)
    # pandas' own missing values are no floats, and NaT is a datetime.
    return value is None or is_nan or type(value).__name__ in ("NaTType", "NAType")


def _columns(frame: "pd.DataFrame") -> list[tuple[str, list[str], bool]]:
    """Return name, cells and alignment of each column; row numbers are left out."""
    frame = frame.head(MAX_ROWS)
    index = frame.index
    is_number = index.nlevels == 1 and index.name is None and index.dtype.kind in "iu"
    levels = [] if is_number else range(index.nlevels)
    named: list[tuple[object, Iterable[object]]] = [
        (index.names[level], index.get_level_values(level)) for level in levels
    ]
    named += [(name, frame.iloc[:, number]) for number, name in enumerate(frame.columns)]
    return [_column(name, list(values)) for name, values in named]


def _column(name: object, values: Sequence[object]) -> tuple[str, list[str], bool]:
    present = [value for value in values if not _is_absent(value)]
    is_right = bool(present) and all(map(_is_number, present))
    decimals = max((_needed(value) for value in present if _is_number(value)), default=0)
    cells = [_number(one, decimals) if _is_number(one) else value_text(one) for one in values]
    return "" if name is None else value_text(name), cells, is_right


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and not _is_absent(value)


def _needed(value: Any) -> int:
    """Return the number of decimals that a number needs, at most `_DECIMALS`."""
    if isinstance(value, Integral) or math.isinf(value):
        return 0
    return len(f"{value:.{_DECIMALS}f}".partition(".")[2].rstrip("0"))


def _number(value: Any, decimals: int) -> str:
    if isinstance(value, Integral):
        return f"{value:,}"
    if math.isinf(value):
        return "infinite"
    is_tiny = value != 0 and abs(value) < 10**-_DECIMALS / 2
    return f"{value:.1g}" if is_tiny else f"{value:,.{decimals}f}"


def _wrapping(cells: Sequence[str]) -> str:
    return f"white-space:{'normal' if max(map(len, cells)) > _MAX_UNWRAPPED else 'nowrap'}"


def _no_rows(frame: "pd.DataFrame") -> str:
    return f"no rows ({', '.join(map(str, frame.columns))})"


def _remarks(frame: "pd.DataFrame") -> list[str]:
    more = len(frame) - MAX_ROWS
    return [f"and {more:,} more rows"] if more > 0 else []
