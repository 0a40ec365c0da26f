import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securenet_obs.probes.logs.frame import log_frame
from tests.searching import examples

ABSENT = object()


def read_column(folder: Path, values: list[Any]) -> pd.Series:
    """Write a line for each value of a field, read them, and return the field's column."""
    file = folder / "values.jsonl"
    # Records of two fields or more are gathered together if all have the same ones.
    records = [{"other": 1} | ({} if value is ABSENT else {"v": value}) for value in values]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return log_frame(file).frame["v"]


def describe(value: Any) -> str:
    """Return type and value, the same for each way to write a missing one."""
    if value is ABSENT or value is None or (not isinstance(value, list | dict) and pd.isna(value)):
        return "missing"
    plain = value.item() if isinstance(value, np.generic) else value
    return f"{type(plain).__name__} {plain!r}"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2, -3], "int64"),
        ([9007199254740993, ABSENT], "Int64"),
        ([9007199254740993, None], "Int64"),
        ([2**63 - 1, -(2**63), ABSENT], "Int64"),
        ([2**64 - 1, 0], "uint64"),
        ([2**64 - 1, ABSENT], "UInt64"),
        ([2**64 - 1, -1], "object"),
        ([2**64, 7], "object"),
        ([-(2**63) - 1, ABSENT], "object"),
        ([10**300], "object"),
        ([1.5, 2.0, ABSENT], "float64"),
        ([-0.0, 5e-324, 1.7976931348623157e308], "float64"),
        ([True, False], "bool"),
        ([True, ABSENT], "boolean"),
        ([True, 1, 1.0, "1", "true"], "object"),
        ([1, 2.5], "object"),
        ([1.5, 2**64, "7"], "object"),
        ([9007199254740993, 0.5, ABSENT], "object"),
        (["a", "", ABSENT], "str"),
        (["NaN", "nan", "None", "null", "<NA>", "NaT", "", "1", "\x00"], "str"),
        (["a", None], "str"),
        ([None, None], "object"),
        ([None, ABSENT, "a"], "object"),
        ([None, ABSENT, 1], "object"),
        ([[1, 2], [3, 4]], "object"),
        ([[2**64], [{"a": [2**70]}]], "object"),
        ([{}, {}], "object"),
        ([[], "x", {}, 0, False, None], "object"),
    ],
)
def test_values_are_unaltered(tmp_path: Path, values: list[Any], dtype: str) -> None:
    """Each value has the type and the value that were written; the column has a fitting type."""
    column = read_column(tmp_path, values)
    assert str(column.dtype) == dtype
    assert list(map(describe, column)) == list(map(describe, values))


def test_null_and_absent_are_distinguished(tmp_path: Path) -> None:
    """In a column of objects null is None and an absent field NaN."""
    column = read_column(tmp_path, [None, ABSENT, "", "a"])
    assert column[0] is None
    assert np.isnan(column[1])
    assert list(column[2:]) == ["", "a"]


NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = (
    st.sampled_from(
        [ABSENT, None, True, False, 0, 1, 0.0, -0.0, 1.0, "", "1", "NaN", [], {}, [1.0]]
    )
    | NUMBERS
    | st.text(max_size=4)
    | st.lists(NUMBERS, max_size=3)
)
LISTS = st.one_of(
    *(st.lists(kind, min_size=1, max_size=9) for kind in (VALUES, NUMBERS, st.integers())),
    st.lists(st.integers(-(2**64), 2**65) | st.just(ABSENT), min_size=1, max_size=9),
)


@pytest.mark.slow
@examples(100)
@given(values=LISTS, copies=st.sampled_from([1, 700]))
@example(values=["1", 1, True, 1.0], copies=700)
@example(values=[1, True], copies=700)
@example(values=["a"], copies=7000)
def test_any_values_are_unaltered(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], copies: int
) -> None:
    """Whatever values a field has, in few lines or in several batches, each is read back."""
    values = values * copies
    if all(value is ABSENT for value in values):
        return
    column = read_column(tmp_path_factory.getbasetemp(), values)
    assert list(map(describe, column)) == list(map(describe, values))


def test_field_absent_from_whole_batches_keeps_its_rows(tmp_path: Path) -> None:
    """A value stays in its row if thousands of lines before it, all alike, have other fields."""
    values = [*range(10_000), *[ABSENT] * 10_000, *range(10_000)]
    column = read_column(tmp_path, values)
    assert list(map(describe, column)) == list(map(describe, values))
