"""Conversion of source values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.ecs.conversions import CONVERSIONS
from securenet_obs.errors import RecordError

CASES: list[tuple[str, Any, Any]] = [
    ("keyword", "x", "x"), ("keyword", 7, "7"), ("keyword", True, "true"), ("keyword", ["a"], "a"),
    ("keyword", ["a", "b"], None), ("keyword", {"a": 1}, None), ("keyword", 1.5, None),
    ("keywords", "a", ["a"]), ("keywords", ["a", 1], ["a", "1"]), ("keywords", ["a", {}], None),
    ("keywords", [], None), ("lower", "HTTP", "http"),
    ("long", 7, 7), ("long", 7.0, 7), ("long", "7", 7), ("long", 7.5, None), ("long", True, None),
    ("long", 2**63, None), ("long", float("nan"), None), ("long", float("inf"), None),
    ("port", 65_535, 65_535), ("port", 65_536, None), ("port", -1, None), ("port", "53", 53),
    ("port", "http", None), ("port", True, None), ("port", 2.5, None), ("port", "9" * 20, None),
    ("seconds", 1.5, 1_500_000_000), ("seconds", "2", 2_000_000_000), ("seconds", -1, None),
    ("seconds", float("nan"), None), ("seconds", "soon", None),
    ("ip", "10.0.0.1", "10.0.0.1"), ("ip", "host", None), ("ip", 1, None), ("ip", ["::1"], "::1"),
    ("ips", ["::1", "10.0.0.1"], ["::1", "10.0.0.1"]), ("ips", ["::1", "x"], None),
    ("mac", "00:0d:3a:13:e3:69", "00-0D-3A-13-E3-69"), ("mac", "none", None),
    ("transport", "TCP", "tcp"), ("transport", 17, "udp"), ("transport", "-", None),
    ("boolean", "False", False), ("boolean", True, True), ("boolean", "maybe", None),
    ("bytes", 0, 0), ("bytes", "7", 7), ("bytes", 7.0, 7), ("bytes", "many", None),
    ("bytes", True, None), ("bytes", "-", None), ("bytes", [1], None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "expected"), CASES)
def test_a_value_becomes_the_type_of_its_field(kind: str, value: Any, expected: Any) -> None:
    """A value that the field cannot hold is None."""
    converted = CONVERSIONS[kind](value)
    assert (converted, type(converted)) == (expected, type(expected))


@pytest.mark.parametrize("count", [-1, -0.5, 1.5, 2**53, 2**64, 1e300, float("nan"), "9" * 5000])
def test_an_impossible_byte_count_is_refused(count: object) -> None:
    """A negative, fractional or huge number cannot be a count."""
    with pytest.raises(RecordError, match="invalid byte count"):
        CONVERSIONS["bytes"](count)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


@given(st.sampled_from(sorted(CONVERSIONS)), JSON)
def test_no_value_raises_any_other_error(kind: str, value: Any) -> None:
    """Any value of JSON is converted, None, or refused."""
    try:
        CONVERSIONS[kind](value)
    except RecordError:
        assert kind == "bytes"
