"""Strict JSON: what is refused, and with which place."""

import json
import re
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.api.json_places import MAX_DEPTH
from securenet_obs.api.strict_json import MAX_ITEMS, MAX_VALUES, parse
from securenet_obs.errors import StrictJsonError

# Reason, in part -> bodies, each with the path and the offset of the problem.
REFUSED: dict[str, list[tuple[bytes, list[int | str], int]]] = {
    "NaN": [
        (b'[{"x":NaN}]', [0, "x"], 6),
        (b'[{},{"a":{"b":[1,-Infinity]}}]', [1, "a", "b", 1], 17),
        (b"Infinity", [], 0),
    ],
    "too large": [(b"[1e999]", [0], 1), (b'[{"x":[0,-1E+400]}]', [0, "x", 1], 9)],
    "over 64 bits": [
        (b"[18446744073709551616]", [0], 1),
        (b"[-9223372036854775809]", [0], 1),
        (b"[" + b"9" * 100_000 + b"]", [0], 1),
    ],
    "has already": [
        (b'[{"a":1,"a":2}]', [0, "a"], 8),
        (b'{"a":{"b":1},"\\u0061":2}', ["a"], 13),
    ],
    "64 levels": [
        (b"[" * 65 + b"]" * 65, [0] * 64, 64),
        (b"[" * 1_000_000, [0] * 64, 64),
        (b'{"a":' * 100_000, ["a"] * 64, 320),
        (b'[{"x":' + b"[" * 63 + b"]" * 63 + b"}]", [0, "x", *[0] * 62], 68),
    ],
    "surrogate": [
        (b'["\\ud800"]', [0], 1),
        (b'["\\udc00\\ud800"]', [0], 1),
        (b'["\\\\ud83d\\ude00"]', [0], 1),
        (b'[{"a":1,"\\uDFFF":1}]', [0, "?"], 8),
    ],
    "NUL": [(b'[{"a":["\\u0000"]}]', [0, "a", 0], 7), (b'{"\\u0000":1}', ["\0"], 1)],
    "byte order mark": [(b"\xef\xbb\xbf[]", [], 0)],
    "UTF-8": [
        (b'[{"k":"abc\xff"}]', [0, "k"], 10),
        ('[{"ä":1},"'.encode() + b"\xed\xa0\x80", [1], 11),
        ("[1]".encode("utf-16"), [], 0),
    ],
    "invalid JSON": [
        (b"[1,]", [1], 3),
        # The parser of Python 3.13 names the comma, those before it the brace.
        (b'[{"a":1,}]', *(([0, "a"], 7) if sys.version_info >= (3, 13) else ([0], 8))),
        (b"[1 2]", [1], 3),
        (b"[01]", [1], 2),
        (b"[+1]", [0], 1),
        (b"[.5]", [0], 1),
        (b"['a']", [0], 1),
        (b'["a\nb"]', [0], 3),
        (b'[{"a":"\\x"}]', [0, "a"], 7),
        (b"[/**/]", [0], 1),
        (b"  ", [], 2),
        (b"[1", [1], 2),
        (b'{"a":1', ["a"], 6),
        (b"[\xc2\xa01]", [0], 1),
        ("[1]".encode("utf-16-le"), [0], 1),
    ],
    "goes on": [(b"[]x", [], 2), (b"[1]\n[2]", [], 4), (b"[1]\x00", [], 3)],
}


@pytest.mark.parametrize(
    ("reason", "body", "path", "offset"),
    [(reason, *case) for reason, cases in REFUSED.items() for case in cases],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
def test_other_json_is_refused_with_its_place(
    reason: str, body: bytes, path: list[int | str], offset: int
) -> None:
    """The error has the reason, the path with the number of the record, and the offset in bytes."""
    with pytest.raises(StrictJsonError, match=re.escape(reason)) as caught:
        parse(body)
    error = caught.value
    assert (list(error.path), error.offset) == (path, offset)
    json.dumps(error.path, ensure_ascii=False).encode()


ACCEPTED = {
    b"[]": [],
    b" \n[ ]\t": [],
    b'["\\ud83d\\ude00", "\\\\u0000", "\\\\ud800"]': ["\U0001f600", "\\u0000", "\\ud800"],
    b"[18446744073709551615, -9223372036854775808, -0, 1e-999]": [2**64 - 1, -(2**63), 0, 0.0],
    b'{"a":[{"a":1},{"a":2}]}': {"a": [{"a": 1}, {"a": 2}]},
    '["\ufeff\u2028\uffff\U0010ffff"]'.encode(): ["\ufeff\u2028\uffff\U0010ffff"],
}


@pytest.mark.parametrize(("body", "value"), ACCEPTED.items())
def test_strict_json_is_accepted(body: bytes, value: object) -> None:
    """Escaped backslashes, pairs of surrogates, and the limits of integers are accepted."""
    assert parse(body) == value


def test_the_deepest_value_is_accepted() -> None:
    """As many levels as the maximum are accepted, as arrays and as objects."""
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert parse(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * MAX_ITEMS + b"{}]",
        b'[{"a":[' + b"[]," * (MAX_VALUES // 2) + b"1]}]",
    ],
    ids=["records", "values"],
)
def test_the_number_of_values_is_bounded(body: bytes) -> None:
    """Many tiny values take far more memory than their text."""
    with pytest.raises(StrictJsonError, match="more than"):
        parse(body)


STRINGS = st.text(st.characters(codec=None, categories=None))
EDGES = st.sampled_from(
    [
        "\0",
        "\ud800",
        "\udfff",
        "\U0001f600",
        float("nan"),
        float("-inf"),
        2**64,
        2**64 - 1,
        -(2**63) - 1,
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | STRINGS | EDGES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=12,
)


def is_storable(value: object) -> bool:
    """Return whether every part of a value is in the range that both databases store."""
    match value:
        case list():
            return all(map(is_storable, value))
        case dict():
            return all(map(is_storable, [*value, *value.values()]))
        case str():
            return "\0" not in value and not any(0xD800 <= ord(each) <= 0xDFFF for each in value)
        case bool() | None:
            return True
        case int():
            return -(2**63) <= value < 2**64
        case float():
            return abs(value) != float("inf") and value == value
    return False


def place_of(body: bytes) -> int | None:
    """Return the offset of the problem of a body, None if it is accepted."""
    try:
        parse(body)
    except StrictJsonError as error:
        return error.offset
    return None


@given(VALUES)
def test_exactly_the_storable_values_are_accepted(value: object) -> None:
    """Of all values that Python writes as JSON, those in range are returned, others refused."""
    # Two surrogates that follow each other in a string are one character in JSON.
    text = json.dumps(value)
    value = json.loads(text)
    place = place_of(text.encode())
    assert (place is None) == is_storable(value)
    assert parse(text.encode()) == value if place is None else place < len(text)


@given(st.binary(max_size=30) | st.text(alphabet='[]{}:," \\u0dD8eE+-.1tN\n', max_size=30))
def test_accepted_bodies_are_json_for_another_parser(body: bytes | str) -> None:
    """Any accepted body is accepted by orjson with the same value; any other has a place."""
    content = body.encode() if isinstance(body, str) else body
    place = place_of(content)
    if place is None:
        assert orjson.loads(content) == parse(content)
    else:
        assert 0 <= place <= len(content)


def test_a_refusal_takes_memory_in_proportion() -> None:
    """The search for the place of a problem does not multiply a string of escapes."""
    body = b'["' + b"\\n" * 300_000 + b'\\u0000"]'
    tracemalloc.start()
    try:
        assert place_of(body) == 1
        assert tracemalloc.get_traced_memory()[1] < 10 * len(body)
    finally:
        tracemalloc.stop()


def longest_pause(body: bytes) -> float:
    """Return the longest pause of another thread, as a share of the time of parsing."""
    parsing = ThreadPoolExecutor(1).submit(parse, body)
    began = last = time.perf_counter()
    longest = 0.0
    while not parsing.done():
        time.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert parsing.result()
    return longest / (last - began)


def test_other_threads_run_while_a_large_body_is_parsed() -> None:
    """Another thread pauses for a fraction of the time; the machine's own pauses are left out."""
    body = json.dumps([{f"name{n}": "x" * 30 for n in range(40)}] * 6_000).encode()
    assert min(longest_pause(body) for _ in range(5)) < 1 / 3
