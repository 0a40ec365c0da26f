import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

from securenet_obs import tables
from securenet_obs.tables import (
    MAX_DEPTH,
    MAX_ROWS,
    html_table,
    seconds_text,
    text_table,
    value_text,
)

LONG = "securenet_obs.workers.tasks." + "dispatch_vulnerability_scans" * 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (math.nan, "none"),
        (pd.NaT, "none"),
        (pd.NA, "none"),
        ([], "none"),
        ({}, "none"),
        ("", "none"),
        ("a text", "a text"),
        (0, "0"),
        (True, "True"),
        (["a", None, "b"], "a, none, b"),
        ({"b", "a"}, "a, b"),
        ({"lost": 0, "hops": []}, "lost: 0, hops: none"),
        (pd.Timestamp("2026-11-23T10:00:00.5Z"), "2026-11-23T10:00:00.500000Z"),
        (datetime(2026, 11, 23, tzinfo=UTC), "2026-11-23T00:00:00.000000Z"),
        (datetime(2026, 11, 23), "2026-11-23T00:00:00"),
    ],
)
def test_a_value_is_text_and_an_absent_one_a_word(value: object, text: str) -> None:
    """A value is text without brackets, and an absent one is a word, not NaN."""
    assert value_text(value) == text


@pytest.mark.parametrize("outer", [lambda one: [one], lambda one: {"a": one}, lambda one: (one,)])
@pytest.mark.parametrize("depth", [900, 100_000])
def test_a_deep_value_is_cut(outer: Callable[[object], object], depth: int) -> None:
    """A value nested deeper than the interpreter's stack is shown to a limit, in tables too."""
    value: object = 1
    for _ in range(MAX_DEPTH):
        value = outer(value)
    assert value_text(value).endswith("1")
    for _ in range(depth):
        value = outer(value)
    assert value_text(value).endswith("...")
    frame = pd.DataFrame({"value": pd.Series([value], dtype=object)})
    assert "..." in text_table(frame)
    assert "..." in html_table(frame)


def test_a_value_that_contains_itself_is_cut() -> None:
    """A cycle is shown to the limit of the depth."""
    value: list[object] = [1]
    value.append(value)
    assert value_text(value) == "1, " * (MAX_DEPTH + 1) + "..."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0841, "0.084 s"),
        (12.345, "12.3 s"),
        (600.0, "600 s"),
        (0.0, "0 s"),
        (math.inf, "never"),
        (math.nan, "unknown"),
    ],
)
def test_a_duration_has_a_unit_or_is_a_word(seconds: float, text: str) -> None:
    """An absent duration is a word, not `nan s`."""
    assert seconds_text(seconds) == text
    assert seconds_text(math.nan, "no message") == "no message"


@pytest.mark.parametrize(
    ("text", "is_link"),
    [
        ("http://127.0.0.1:8000/issues/1/?a=1&b=2", True),
        ("see https://sentry.example/1", False),
        ("javascript:alert(1)", False),
        ('https://x/"><script>', False),
    ],
)
def test_a_cell_that_is_an_address_is_a_link(text: str, is_link: bool) -> None:
    """Only a whole address of a web page is; the plain table has it as it is."""
    frame = pd.DataFrame({"event": [text]})
    assert ('<a href="http' in html_table(frame)) is is_link
    assert "<script>" not in html_table(frame)
    assert ("b=2" not in text) or ("a=1&amp;b=2" in html_table(frame))
    assert text in text_table(frame)


def test_columns_line_up_and_numbers_end_at_the_right() -> None:
    """Columns are aligned, and numbers are right-aligned."""
    frame = pd.DataFrame({"task": ["a", "bcd"], "seconds": [1.25, 600.0], "count": [1234, 5]})
    assert text_table(frame) == (
        "task  seconds  count\n"
        "a        1.25  1,234\n"
        "bcd    600.00      5"
    )  # fmt: skip


def test_no_cell_is_cut_in_a_long_and_wide_table() -> None:
    """No cell is cut; pandas itself cuts cells of more than 50 characters and wraps wide tables."""
    frame = pd.DataFrame([{f"column {number}": LONG for number in range(30)}] * 100)
    for text in (text_table(frame), html_table(frame)):
        assert text.count(LONG) == 3000
        assert "..." not in text
    assert len(text_table(frame).splitlines()) == 101


def test_rows_that_are_left_out_are_counted() -> None:
    """The table has the number of omitted rows, since a million rows would stop the browser."""
    frame = pd.DataFrame({"row": range(MAX_ROWS + 1234)})
    assert text_table(frame).splitlines()[-1] == "and 1,234 more rows"
    assert html_table(frame).count("<tr>") == MAX_ROWS + 1


def test_absent_values_are_words_in_each_column() -> None:
    """The absent values of numbers, texts and times are all shown as words."""
    times = pd.to_datetime(["2026-11-23T10:00:00Z", None], utc=True)
    frame = pd.DataFrame({"number": [math.inf, None], "text": ["x", None], "time": times})
    assert text_table(frame).splitlines()[1:] == [
        "infinite  x     2026-11-23T10:00:00.000000Z",
        "    none  none  none",
    ]


def test_row_numbers_are_left_out_and_names_of_rows_are_columns() -> None:
    """The index is shown if it has a name, and left out if it consists of row numbers."""
    frame = pd.DataFrame({"a": ["x", "y"]}, index=[40, 41])
    assert text_table(frame) == "a\nx\ny"
    assert text_table(frame.set_index("a").assign(n=1)) == "a  n\nx  1\ny  1"
    grouped = pd.DataFrame({"s": ["x", "x"], "e": ["p", "q"]}).groupby(["s", "e"]).size()
    assert text_table(grouped.to_frame("n")) == "s  e  n\nx  p  1\nx  q  1"


def test_an_empty_table_names_its_columns() -> None:
    """An empty table shows its column names, not the internals of an empty frame of pandas."""
    frame = pd.DataFrame(columns=["file", "line"])
    assert text_table(frame) == "no rows (file, line)"
    assert html_table(frame) == "<p>no rows (file, line)</p>"


def test_a_cell_cannot_write_html() -> None:
    """The text of a cell is escaped as HTML, since a log line may contain anything."""
    frame = pd.DataFrame({"<b>": ["<script>"]})
    assert "<script>" not in html_table(frame)
    assert "<b><b>" not in html_table(frame)


def test_a_tiny_number_is_not_shown_as_zero() -> None:
    """A nonzero number below the three decimals of a table is not shown as zero."""
    assert text_table(pd.DataFrame({"s": [0.00001, 0.5]})) == "    s\n1e-05\n  0.5"


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """Yield a running IPython shell."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_every_table_of_a_notebook_is_shown_whole(shell: InteractiveShell) -> None:
    """One call at the top of a notebook applies to all of its cells."""
    frame = pd.DataFrame({"task": [LONG], "error": [None]})
    tables.format_tables()
    shown, _ = shell.display_formatter.format(frame)
    assert shown["text/plain"] == text_table(frame)
    assert shown["text/html"] == html_table(frame)


def test_outside_of_ipython_nothing_is_changed() -> None:
    """The call has no effect in a script."""
    tables.format_tables()
