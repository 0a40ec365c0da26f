"""Values of foreign tasks, as strict JSON."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.workers.storable import storable

STRINGS = st.text(st.characters(codec=None, categories=None))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": [float("nan"), float("-inf"), 1.5]}, {"a": ["nan", "-inf", 1.5]}),
        ({"\ud800": "a\0b"}, {"\ufffd": "a\ufffdb"}),
        ((1, True, None), [1, True, None]),
        ("\U0001f600\n", "\U0001f600\n"),
    ],
)
def test_what_no_database_stores_is_replaced(value: object, stored: object) -> None:
    """Characters are replaced by U+FFFD, numbers by their names; all else is unchanged."""
    assert storable(value) == stored


@given(VALUES)
def test_every_value_becomes_storable(value: object) -> None:
    """The result is strict JSON without NUL, and needs no second replacement."""
    result = storable(value)
    assert orjson.loads(orjson.dumps(result)) == result == storable(result)
    assert "\\u0000" not in json.dumps(result).replace("\\\\", "")
