"""Strict JSON lines."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.monitoring.json_line import LONGEST_LINE, REQUIRED, json_line


class Unprintable:
    def __repr__(self) -> str:
        """Raise."""
        raise RuntimeError("no")


def strict(line: bytes) -> Any:
    """Parse a line as the strictest reader would."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert len(line) <= LONGEST_LINE
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
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_say_is_said_otherwise(value: object, written: object) -> None:
    """Values that break a naive line become null or text, and the line stays strict JSON."""
    assert strict(json_line({"event": "e", "value": value}))["value"] == written
    assert strict(json_line({"event": "e", "value": [value, 2**70]}))["value"][0] == written


def test_a_cycle_ends() -> None:
    """A structure that contains itself is written to a bounded depth."""
    assert strict(json_line({"event": "e", "value": cycle()}))["event"] == "e"


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
    """A huge value is cut, the line says so, and the required fields stay."""
    line = strict(json_line({**dict.fromkeys(REQUIRED, "here"), "value": value}))
    assert line["truncated"] is True
    assert {name: line[name] for name in REQUIRED} == dict.fromkeys(REQUIRED, "here")


def test_secrets_are_masked_before_a_line_is_cut() -> None:
    """A password in a URL does not survive, wherever the line is cut."""
    secret = "hunter2hunter2"
    for padding in (0, 1000, 8_180, 65_500):
        line = json_line(
            {"event": "x" * padding + f" redis://user:{secret}@host/0 " + "y" * 70_000}
        )
        assert secret[:6].encode() not in line


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.builds(Unprintable) | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner)
    | st.tuples(inner) | st.sets(st.text()),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), VALUES))
def test_any_value_at_all_becomes_one_strict_line(event: dict[str, Any]) -> None:
    """Whatever is logged, the line can be parsed and nothing is raised."""
    strict(json_line(event))
