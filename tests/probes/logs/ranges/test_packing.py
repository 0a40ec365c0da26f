from array import array
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securenet_obs.probes.logs.ranges.packing import pack, unpack
from securenet_obs.probes.logs.records.flattening import Cells
from securenet_obs.probes.logs.records.gathering import GatheredRange

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def send(*columns: Cells) -> GatheredRange:
    """Return the range with these columns as another process receives it."""
    part = GatheredRange(1, 9, array("q", [0, 8]), [(3, "bad")], {1: "1.5"}, list(columns))
    received = unpack(map(bytearray, pack(part)))
    assert received._replace(columns=[]) == part._replace(columns=[])
    return received


@given(st.lists(VALUES), st.booleans())
@example(array("q", [-(2**63), 1]), True)
@example(array("d", [-0.0, 5e-324]), True)
def test_values_arrive_unaltered(values: Any, is_everywhere: bool) -> None:
    """Values of any type of JSON arrive with their types and their rows."""
    count = len(values)
    rows = range(count) if is_everywhere else array("q", range(1, 2 * count, 2))
    (column,) = send(Cells("a.b", rows, values, set(map(type, values)))).columns
    assert repr(column.values) == repr(values)
    assert (column.name, list(column.rows)) == ("a.b", list(rows))
    assert isinstance(column.rows, range) == is_everywhere
    assert column.types == set(map(type, values))


def test_shared_texts_stay_shared() -> None:
    """A text that is one object in many rows is one object there, too."""
    text = "".join(["securenet", "-api"])
    (column,) = send(Cells("a", range(500), [text] * 500, {str})).columns
    assert len(set(map(id, column.values))) == 1


def test_nesting_of_json_is_packed() -> None:
    """A thousand levels, which a decoder of JSON accepts, arrive."""
    value: object = 1
    for _ in range(1020):
        value = [value]
    (column,) = send(Cells("a", range(1), [value], {list})).columns
    inner, levels = column.values[0], 1
    while inner != [1]:
        (inner,) = inner
        levels += 1
    assert levels == 1020


@pytest.mark.parametrize("piece", [b"", b"garbage", b"i", b"N"])
def test_garbage_is_refused(piece: bytes) -> None:
    """Bytes of anything else are one of three errors."""
    with pytest.raises((EOFError, TypeError, ValueError)):
        unpack(iter([bytearray(piece)]))
