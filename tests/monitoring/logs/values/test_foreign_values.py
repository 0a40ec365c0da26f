"""Log lines with any value of the standard library, numpy and pandas, and with hostile ones."""

import datetime as dt
import json
import math
from collections import namedtuple
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given

from securenet_obs.monitoring.logs.json_line import json_line
from securenet_obs.monitoring.logs.values.json_values import Bounds, to_plain
from tests.monitoring.logs.test_json_line import strict
from tests.monitoring.logs.values.foreign_values import (
    ALL,
    HOSTILE,
    KEYS,
    NESTED,
    BadZone,
    Endless,
    Moment,
    OddZone,
    structured,
)
from tests.searching import examples

BOUNDS = Bounds(characters=1_000, items=50, depth=8)


def described(value: object) -> str:
    """Return the name of the value's class."""
    return str(type.__getattribute__(type(value), "__name__"))


@pytest.mark.slow
@pytest.mark.parametrize("beside", [{}, {"large": 2**70}, {"surrogate": "\ud800"}])
def test_no_value_costs_its_line(beside: dict[str, Any]) -> None:
    """Each of two thousand values, alone and in a list, leaves the fields beside it unchanged."""
    assert len(ALL) > 1_500
    for number, value in enumerate(ALL):
        for given_value in (value, [value]):
            line = strict(json_line({"event": "e", "value": given_value, "n": number, **beside}))
            assert (line["event"], line["n"]) == ("e", number), described(value)
            assert "value" in line, described(value)


def test_no_key_costs_its_line() -> None:
    """Each hashable value is a key, and two keys with the same text stay two."""
    for number, key in enumerate(KEYS):
        line = strict(json_line({"event": "e", "value": {key: number, "beside": 1}}))
        assert line["value"].pop("beside") == 1, described(key)
        assert len(line["value"]) == 1, described(key)
    assert strict(json_line({"v": {1: "a", "1": "b"}}))["v"] == {"1": "a", "1 (1)": "b"}


@examples(60, hostile=True)
@given(NESTED)
def test_nested_values_of_any_class_are_written(value: Any) -> None:
    """Any nesting of any values is one strict line that has the fields beside it."""
    line = strict(json_line({"event": "e", "value": value, "large": 2**70}))
    assert (line["event"], line["large"]) == ("e", str(2**70))


def is_plain(value: Any) -> bool:
    """Return whether the value consists of exact builtin types that JSON has."""
    if type(value) is dict:
        return all(type(key) is str and is_plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(is_plain, value))
    if type(value) is int:
        return -(2**63) <= value < 2**64
    return value is None or type(value) in (bool, float, str)


@examples(60, hostile=True)
@given(NESTED)
def test_the_walk_ends_in_plain_types(value: Any) -> None:
    """The walk returns exact builtin types, which orjson cannot refuse."""
    plain = to_plain(value, BOUNDS)
    assert is_plain(plain)
    assert orjson.dumps(plain)


def test_both_ways_write_the_same() -> None:
    """A value is written the same whether orjson or the walk reaches it."""
    for value in HOSTILE:
        alone = strict(json_line({"value": value}))["value"]
        assert strict(json_line({"value": value, "large": 2**70}))["value"] == alone


Login = namedtuple("Login", "user password")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (dt.time(12, tzinfo=dt.UTC), "12:00:00Z"),
        (dt.time(12, tzinfo=dt.timezone(dt.timedelta(hours=1))), "12:00:00+01:00"),
        (Moment(2026, 1, 1), "2026-01-01T00:00:00Z"),
        (Moment(2026, 1, 1, tzinfo=dt.UTC), "2026-01-01T00:00:00Z"),
        (dt.datetime(2026, 1, 1, tzinfo=BadZone()), "2026-01-01T00:00:00"),
        (dt.datetime(2026, 1, 1, tzinfo=OddZone("one hour")), "2026-01-01T00:00:00"),
        (dt.datetime(9999, 12, 31, tzinfo=dt.UTC), "9999-12-31T00:00:00Z"),
        (Login("ann", "hunter2"), {"user": "ann", "password": "[redacted]"}),
        (np.array([1, 2], dtype=">i4"), [1, 2]),
        (np.array(5), 5),
        (np.array(["2026-01-01", "NaT"], dtype="M8[D]"), ["2026-01-01", None]),
        (np.ma.array([1, 2], mask=[False, True]), [1, None]),
        (np.longdouble(1.5), "1.5"),
        (structured()["inner"][0], {"a": 0.0, "b": [0, 0]}),
        (structured()[["at"]][0], {"at": "1970-01-01T00:00:00"}),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Timestamp("2026-07-01 12:00", tz="Europe/Berlin"), "2026-07-01T12:00:00+02:00"),
        (pd.Timestamp("2026-07-01 12:00:00.000000001"), "2026-07-01T12:00:00.000000001Z"),
        (2**63, 2**63),
        ({b"password": "hunter2"}, {"password": "[redacted]"}),
    ],
)  # fmt: skip
def test_a_value_is_written_readably(value: object, written: object) -> None:
    """Times, arrays, missing values and named tuples are written as a reader expects them."""
    assert strict(json_line({"value": value}))["value"] == written
    assert strict(json_line({"value": [value], "large": 2**70}))["value"] == [written]


def test_an_endless_value_leaves_the_others_unchanged() -> None:
    """A value that would take all the work is cut, and the containers beside it are not."""
    event = {"first": {"a": [1]}, "endless": Endless(), "last": {"a": [1]}}
    line = strict(json_line(event))
    assert line["first"] == line["last"] == {"a": [1]}
    assert "endless" in line


def test_a_large_array_costs_no_more_than_a_line() -> None:
    """Of an array with a hundred million items only the first are converted."""
    line = strict(json_line({"value": np.broadcast_to(np.int64(7), (10_000, 10_000))}))
    assert line["value"][0][0] == 7
    assert math.prod((len(line["value"]), len(line["value"][0]))) < 1_000_000


def test_a_cycle_of_named_parts_ends() -> None:
    """A dataclass or an enumeration that contains itself is cut."""
    from tests.monitoring.logs.values.foreign_values import Record

    record = Record()
    record.items = [record]
    assert "…" in json.dumps(strict(json_line({"value": record})), ensure_ascii=False)
