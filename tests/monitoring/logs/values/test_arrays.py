"""Arrays and scalars of numpy, and missing values of pandas."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from securenet_obs.monitoring.logs.values.arrays import is_missing, is_numpy, plain_array


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array(5), 5),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.datetime64("2026-01-02"), "2026-01-02"),
        (np.datetime64("NaT"), None),
        (np.timedelta64("NaT"), None),
        (np.longdouble(1), "1.0"),
        (np.array([(1, 2.0)], dtype=[("a", int), ("b", float)])[0], {"a": 1, "b": 2.0}),
    ],
    ids=repr,
)
def test_an_array_becomes_builtin_objects(value: Any, plain: Any) -> None:
    """A scalar, an array, a date and a record."""
    assert is_numpy(type(value))
    assert plain_array(value, 10) == plain


def test_a_large_array_is_not_converted_as_a_whole() -> None:
    """Only its first items are."""
    assert plain_array(np.zeros(10_000_000), 3) == [0.0] * 3
    assert [type(row) for row in plain_array(np.zeros((1_000, 1_000)), 2)] == [np.ndarray] * 2


@pytest.mark.parametrize(("value", "missing"), [(pd.NaT, True), (pd.NA, True), (None, False)])
def test_missing_values_are_recognised(value: Any, missing: bool) -> None:
    """By the class alone: comparing them raises."""
    assert is_missing(type(value)) is missing
    assert not is_numpy(type(value))
