"""A parameter parses the text of each type in its own format."""

import datetime as dt
from typing import Any

import pytest

from securenet_obs.runner.notebook.parameters.cell import read_schema
from securenet_obs.runner.notebook.parameters.secret import Secret
from tests.runner.notebook.parameters.conftest import CELL


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("tenant=00123", "00123"),
        ("tenant=a=b 'c' \"d\"\n{e} \\n", "a=b 'c' \"d\"\n{e} \\n"),
        ("tenant=", ""),
        ("count=9", 9),
        ("deadline_s=1e-1", 0.1),
        ("strict=true", True),
        ("strict=0", False),
        ("day=2026-11-23", dt.date(2026, 11, 23)),
        ("at=2026-11-23T04:05:06Z", dt.datetime(2026, 11, 23, 4, 5, 6)),
        ("window=PT90S", dt.timedelta(seconds=90)),
        ("window=01:00:00", dt.timedelta(hours=1)),
        ("mode=b", "b"),
        ("mode=3", 3),
        ("limit=5", 5),
        ("limit=null", None),
        ("label=null", "null"),
        ('names=["a", "b=c"]', ["a", "b=c"]),
        ('weights={"y": 2}', {"y": 2.0}),
        ("token=secret:OTHER", Secret("secret:OTHER")),
    ],
)
def test_a_value_arrives_as_its_type_has_it(assignment: str, expected: Any) -> None:
    """Each type accepts its own format, and a str accepts any text."""
    value = read_schema(CELL).parse([assignment, "must=1"])[assignment.partition("=")[0]]
    assert value == expected
    assert type(value) is type(expected)
