import json

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securenet_obs.probes.logs.records.decoding import (
    decode_exactly,
    decode_lines,
    has_inexact_float,
    has_inexact_integer,
)

FRAGMENTS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b",", b'"', b'{"a":1}', b'"a"', b":", b"1", b" ", b"\r", b"NaN", b"{}",
     b'{"a":[1', b"2]}", b"null", b"\\", b"\xff", b"\xef\xbb\xbf", b"\x00", b"[1,2]"]
)  # fmt: skip
LINES = st.lists(st.lists(FRAGMENTS, max_size=5).map(b"".join), min_size=1, max_size=6)


def decode_one_by_one(lines: list[bytes]) -> tuple[list[object], list[int], list[int]]:
    """Return the objects, their positions and those of the bad lines, by a strict loop."""
    records: list[object] = []
    positions, bad = [], []
    for position, line in enumerate(lines):
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            if line.strip():
                bad.append(position)
            continue
        if isinstance(value, dict):
            records.append(value)
            positions.append(position)
        else:
            bad.append(position)
    return records, positions, bad


@given(LINES)
@example([b'{"a":[1', b"2]}", b'{"a":1},{"b":2}'])
@example([b'{"a":"', b'"}', b"{},{}"])
@example([b"{}]", b"[{}"])
@example([b'{"a":[1', b"2]}", b"{},{},{}"])
@example([b"x", b'{"a":1}', b"", b"1", b" "] * 4)
def test_lines_decoded_together_are_those_of_a_strict_loop(lines: list[bytes]) -> None:
    """No two lines are taken for one, and no line for two, whatever stands in them."""
    decoded = decode_lines(b"\n".join(lines))
    records, positions, bad = decode_one_by_one(lines)
    assert decoded.records == records
    assert list(decoded.positions) == positions
    assert [position for position, _ in decoded.rejected] == bad


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**300), 2**300),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_inexact_integers_are_found_and_decoded_exactly(record: dict[str, object]) -> None:
    """Each integer beyond 64 bits is noticed at any depth; the exact record has it."""
    line = json.dumps(record).encode()
    decoded = orjson.loads(line)
    assert has_inexact_integer(decoded.values()) or decoded == record
    assert repr(decode_exactly(line)) == repr(record)


@pytest.mark.parametrize("number", [2**63 - 1, 2**64 - 1, -(2**63), 1.5, 1e18])
def test_numbers_within_64_bits_are_exact(number: float) -> None:
    """They need no second decoding."""
    assert not has_inexact_integer([orjson.loads(json.dumps(number))])
    assert not has_inexact_float([float(number) / 2])


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30, 2**64 + 1])
def test_numbers_beyond_64_bits_are_found(number: int) -> None:
    """orjson makes floats of them."""
    value = orjson.loads(str(number))
    assert has_inexact_float([0.5, value])
    assert has_inexact_integer([0, "x", [{"a": [value]}]])


def test_deep_record_is_decoded_exactly() -> None:
    """1,000 levels, which orjson accepts, are more than Python's own stack allows."""
    line = b'{"a":' * 1000 + str(2**70).encode() + b"}" * 1000
    inner: object = decode_exactly(line)
    while isinstance(inner, dict):
        inner = inner["a"]
    assert inner == 2**70
