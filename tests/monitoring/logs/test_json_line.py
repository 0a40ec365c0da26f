"""Strict JSON lines."""

import dataclasses
import enum
import json
import types
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.monitoring.logs import json_line as json_line_module
from securenet_obs.monitoring.logs.json_line import MAX_LINE_BYTES, REQUIRED, json_line
from tests.costs import cost_of
from tests.redaction.samples import Unfiltered
from tests.searching import examples


class Unprintable:
    def __repr__(self) -> str:
        """Raise."""
        raise RuntimeError("no")


class Mute:
    def __repr__(self) -> str:
        """Raise a BaseException that is not an Exception."""
        raise RecursionError

    __sizeof__ = __str__ = __repr__  # type: ignore[assignment]


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Login:
    user: str
    tries: Any


def strict(line: bytes) -> Any:
    """Parse a line with a parser that rejects everything outside strict JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert len(line) <= MAX_LINE_BYTES
    return json.loads(line.decode("utf-8", "strict"), parse_constant=refuse)


def cycle() -> list[Any]:
    around: list[Any] = []
    around.append(around)
    return around


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), None),
        (float("-inf"), None),
        ("\ud800", "\\ud800"),
        (2**64 + 1, str(2**64 + 1)),
        (10**5000, "<integer of 16610 bits>"),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        (Unprintable(), "<Unprintable without a repr>"),
        (b"\xff", "\\xff"),
        ({"x"}, ["x"]),
        ("line\nbreak", "line\nbreak"),
        (datetime(2026, 11, 23, tzinfo=UTC), "2026-11-23T00:00:00Z"),
        (UUID(int=7), str(UUID(int=7))),
        (Login("bob", 7), {"user": "bob", "tries": 7}),
        (Colour.RED, "red"),
        (np.float64(0.5), 0.5),
        (np.arange(2), [0, 1]),
        (ValueError("no"), "ValueError('no')"),
        (Path("/a"), repr(Path("/a"))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_outside_json_are_converted(value: object, written: object) -> None:
    """Values that JSON cannot represent become null or text, and the line stays strict JSON."""
    assert strict(json_line({"event": "e", "value": value}))["value"] == written
    assert strict(json_line({"event": "e", "value": [value, 2**70]}))["value"][0] == written


def test_a_cycle_is_cut() -> None:
    """A structure that contains itself is written to a bounded depth."""
    assert strict(json_line({"event": "e", "value": cycle()}))["event"] == "e"


def shared(depth: int, width: int) -> list[Any]:
    """Return nested lists that contain each other `width` times each."""
    value: list[Any] = ["leaf"]
    for _ in range(depth):
        value = [value] * width
    return value


class Entry(dict[str, Any]):
    pass


@pytest.mark.parametrize(
    "value",
    [
        shared(30, 2),
        shared(3, 1000),
        tuple(shared(200, 2)),
        Entry(a=shared(30, 2)),
        types.MappingProxyType({"a": shared(30, 2)}),
        Login("bob", shared(30, 2)),
        {"a": {"b": [["x" * 500_000] * 2000]}},
        dict.fromkeys(range(40), Login("bob", shared(30, 2))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_shared_parts_are_written_within_bounds(value: object) -> None:
    """A value that is small in memory and huge as JSON costs no more than a large line."""
    lines: list[bytes] = []
    assert cost_of(lambda: lines.append(json_line({"event": "e", "value": value}))) < 300
    assert strict(lines[0])["event"] == "e"


@pytest.mark.parametrize(
    "value",
    [
        "x" * 50_000_000,
        ["y" * 900] * 1_000,
        {str(i): "z" * 50 for i in range(100_000)},
        "\\" * 70_000,
    ],
    ids=["a string", "a list", "an object", "escapes"],
)
def test_a_line_is_never_longer_than_64_kib(value: object) -> None:
    """A huge value is cut, the line is marked as truncated, and the required fields stay."""
    line = strict(json_line({**dict.fromkeys(REQUIRED, "here"), "value": value}))
    assert line["truncated"] is True
    assert {name: line[name] for name in REQUIRED} == dict.fromkeys(REQUIRED, "here")


def test_secrets_are_masked_before_a_line_is_cut() -> None:
    """A password in a URL is masked at any position of the cut."""
    secret = "hunter2hunter2"
    for padding in (0, 1000, 8_180, 65_500):
        line = json_line(
            {"event": "x" * padding + f" redis://user:{secret}@host/0 " + "y" * 70_000}
        )
        assert secret[:6].encode() not in line


TEXT = st.text(st.characters(exclude_categories=()))
HUGE = st.builds(pow, st.sampled_from([10, -10]), st.sampled_from([19, 20, 5000]))
LEAVES = (
    st.none() | st.booleans() | st.integers() | HUGE | st.floats() | TEXT | st.binary()
    | st.builds(Unprintable) | st.builds(Mute) | st.builds(ValueError, TEXT) | st.dates()
    | st.datetimes() | st.uuids() | st.decimals() | st.builds(cycle)
    | st.builds(shared, st.just(6), st.just(2))
    | st.sampled_from([Colour.RED, int, len, np.float64(1), np.arange(3), Path("/a")])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT | st.integers() | st.none(), inner)
    | st.tuples(inner) | st.sets(TEXT) | st.builds(Login, TEXT, inner)
    | st.dictionaries(TEXT, inner).map(Entry),
)  # fmt: skip


@examples(15)
@given(st.dictionaries(TEXT, VALUES))
def test_any_value_at_all_becomes_one_strict_line(event: dict[str, Any]) -> None:
    """Any value results in one parsable line, without an exception."""
    strict(json_line(event))


@examples(15)
@given(st.dictionaries(TEXT, VALUES), st.sampled_from(["password", "X-Api-Key", "userToken"]))
def test_a_secret_among_any_values_is_masked(event: dict[str, Any], name: str) -> None:
    """A secret is masked beside any other values in the line."""
    line = json_line({**event, "nested": [{name: "zq7Xw2Kf"}], "url": "redis://:zq7Xw2Kf@h/0"})
    strict(line)
    assert b"zq7Xw2Kf" not in line


@pytest.mark.slow
@examples(30)
@given(
    st.dictionaries(
        st.sampled_from(["url", "event", "token", "value", "name", "n"]) | TEXT,
        VALUES | st.sampled_from(["password=x1", "redis://:x1@h/0", "\ud800 pin=1", float("nan")]),
    )
)
def test_a_line_has_the_secrets_of_its_whole_walk_masked(event: dict[str, Any]) -> None:
    """A line equals the line without redaction, redacted by every rule on every value."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_line_module, "search", lambda _: [])
        whole = strict(json_line({"password": "x1", **event}))
    line = json_line({"password": "x1", **event})
    assert strict(line) == Unfiltered().redact(whole)


def test_a_head_precedes_the_fields() -> None:
    """A head of serialised members and the fields form one JSON object within the limit."""
    head = b'{"level":"info",'
    assert json_line({"event": "e"}, head) == b'{"level":"info","event":"e"}\n'
    assert strict(json_line({"event": "e", "value": "x" * 70_000}, head))["level"] == "info"
    for size in range(MAX_LINE_BYTES - 60, MAX_LINE_BYTES - 20):
        strict(json_line({"event": "x" * size}, head))
