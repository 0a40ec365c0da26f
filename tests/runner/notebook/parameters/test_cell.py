"""The `parameters` cell: read without evaluation, and written so that every value is restored."""

import datetime as dt
from typing import Any

import pytest

from securenet_obs.errors import NotebookError
from securenet_obs.runner.notebook.parameters.cell import assignments, read_schema
from securenet_obs.runner.notebook.parameters.defaults import REQUIRED
from securenet_obs.runner.notebook.parameters.secret import Secret

CELL = """from typing import Annotated
from securenet_obs.runner import Secret
count: Annotated[int, Field(ge=1, le=9)] = 3  # how many canaries
deadline_s: float = 20.0  # seconds to wait
strict: bool = False
window: timedelta = timedelta(minutes=5)
token: Secret = Secret("secret:API_TOKEN")  # may read
must: int  # no default
"""
GIVEN: dict[str, Any] = {
    "tenant": "it's\n\"x\"", "day": dt.date(2026, 11, 23), "names": ["a"],
    "at": dt.datetime(2026, 11, 23, 4, 5, 6, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    "window": dt.timedelta(milliseconds=250), "weights": {"y": 2.0}, "limit": None,
    "token": Secret("secret:OTHER"),
}  # fmt: skip


def test_the_comment_is_the_help_text() -> None:
    """Name, type, default and help are read from the cell's source."""
    rows = {row.name: row for row in read_schema(CELL).parameters}
    assert rows["deadline_s"].help == "seconds to wait"
    assert rows["count"].type_text == "Annotated[int, Field(ge=1, le=9)]"
    assert rows["token"].default == Secret("secret:API_TOKEN")
    assert rows["strict"].help == ""
    assert rows["must"].default is REQUIRED


@pytest.mark.parametrize(
    "line",
    [
        "x = 1", "x: int = open('f')", "x: object = 1", "print('hi')", "x: int = 'abc'",
        "x: Annotated[int, Field(ge=3)] = 1", "x: Secret = 'hunter2'", "x: int =",
        "x: __import__('os').system('true') = 1",
    ],
)  # fmt: skip
def test_a_parameters_cell_of_ours_holds_annotated_literals_only(line: str) -> None:
    """Any other content is refused with its line, and never evaluated."""
    with pytest.raises(NotebookError, match="line 1"):
        read_schema(line)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("since: datetime = datetime(2026, 1, 1, tzinfo=UTC)", "UTC"),
        ("since: datetime = datetime.now(UTC)", "datetime.now(UTC)"),
        ("count: int = LIMIT + 1", "LIMIT + 1"),
        ("count: Annotated[int, Field(ge=LIMIT)] = 1", "LIMIT"),
    ],
)
def test_a_default_that_is_computed_is_named(line: str, part: str) -> None:
    """The message had been that of Python, `malformed node <ast.Name object at 0x7f...>`."""
    with pytest.raises(NotebookError) as caught:
        read_schema(line)
    remedy = "a parameter that must be given has no default"
    assert str(caught.value) == f"parameters cell, line 1: {part!r} is not a literal; {remedy}"


def test_the_injected_cell_gives_back_every_value() -> None:
    """The injected cell evaluates to the given values."""
    namespace: dict[str, Any] = {"datetime": "mine"}
    exec(assignments(GIVEN), namespace)
    assert {name: namespace[name] for name in GIVEN} == GIVEN
    assert namespace["datetime"] == "mine"
