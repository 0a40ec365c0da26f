"""Numbers since 1970, in any unit, as numbers and as texts."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.probes.logs.fields.epochs import (
    parse_epoch,
    parse_epoch_text,
    parse_floats,
    parse_integers,
)
from securenet_obs.probes.logs.fields.instants import Instants
from securenet_obs.probes.logs.fields.times import parse_times


@pytest.mark.parametrize(
    ("number", "instant"),
    [
        (1795406706, (1795406706, 0)),
        (1795406706123, (1795406706, 123_000_000)),
        (1795406706123456, (1795406706, 123_456_000)),
        (1795406706123456789, (1795406706, 123_456_789)),
        (Decimal("1795406706.123456789"), (1795406706, 123_456_789)),
        (1795406706.1, (1795406706, 100_000_000)),
        (-1.5, (-2, 500_000_000)),
        (float("nan"), None),
        (float("-inf"), None),
        (10**300, None),
    ],
)
def test_the_unit_follows_from_the_size(
    number: Decimal | float, instant: tuple[int, int] | None
) -> None:
    """Seconds, or a smaller unit if seconds would be centuries away; no other number is a time."""
    assert parse_epoch(number) == instant


@pytest.mark.parametrize("text", ["20261123040506", "12345678", "9" * 5000, "1e999999999", "", "x"])
def test_a_text_that_may_be_something_else_is_not_a_number(text: str) -> None:
    """A calendar date without separators, a short number and a huge one are not times."""
    assert parse_epoch_text(text) is None


def alone(instants: Instants) -> list[tuple[int, int] | None]:
    """Return each instant as `parse_epoch` returns it."""
    rows = zip(*(column.tolist() for column in instants), strict=True)
    return [(seconds, nanoseconds) if known else None for seconds, nanoseconds, known in rows]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), max_size=5))
def test_integers_parsed_together_are_those_parsed_alone(numbers: list[int]) -> None:
    """Any 64 bits have the same instant in an array as alone."""
    assert alone(parse_integers(np.array(numbers, np.int64))) == list(map(parse_epoch, numbers))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e19, 1e19) | st.sampled_from([float("nan"), float("inf")]), max_size=5))
def test_floats_parsed_together_are_those_parsed_alone(numbers: list[float]) -> None:
    """Any float has the same instant in an array as alone, NaN and infinity included."""
    assert alone(parse_floats(np.array(numbers, np.float64))) == list(map(parse_epoch, numbers))


@settings(deadline=None)
@given(st.lists(st.integers(0, 4 * 10**18), min_size=1, max_size=5), st.sampled_from([0, 3, 6, 9]))
def test_numbers_in_any_unit_are_exact(moments: list[int], digits: int) -> None:
    """Integers, floats of up to microseconds and their texts are read in each unit."""
    numbers = [moment // 10 ** (9 - digits) for moment in moments]
    numbers = [n for n in numbers if n == 0 or (10**digits) * 100_000_000 < n] or [
        10**digits * 2 * 10**8
    ]
    expected = [pd.Timestamp(n * 10 ** (9 - digits), tz="UTC") for n in numbers]
    assert list(parse_times(numbers).times) == expected
    texts = [n for n in numbers if n >= 10**8]
    assert list(parse_times([str(n) for n in texts]).times) == [
        pd.Timestamp(n * 10 ** (9 - digits), tz="UTC") for n in texts
    ]


@settings(deadline=None)
@given(st.lists(st.integers(0, 4 * 10**15), min_size=1, max_size=5))
def test_float_seconds_are_exact_to_microseconds(moments: list[int]) -> None:
    """The decimal that was written counts, not its nearest binary fraction."""
    numbers = [float(f"{moment // 10**6}.{moment % 10**6:06}") for moment in moments]
    assert list(parse_times(numbers).times) == [
        pd.Timestamp(moment * 1000, tz="UTC") for moment in moments
    ]
