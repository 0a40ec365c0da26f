"""Differential test: what `log_frame` reads against a plain `json.loads` of each line."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securenet_obs.probes.logs.frame import OWN_COLUMNS, REST_COLUMN, log_frame
from tests.searching import examples

NAMES = st.sampled_from(
    [*OWN_COLUMNS, REST_COLUMN, "record.file", "record.line", "a", "b", "a.b", "b.a", "", ".", "ts"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**70), 2**70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=5)


def flatten(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and the value of each field of a record."""
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def describe(value: Any) -> str:
    """Return a value's type and digits; that of a missing one is null's."""
    value = value.item() if hasattr(value, "item") else value
    return "None" if value is pd.NA or value != value else repr(value)


def read_back(row: dict[str, Any]) -> list[str]:
    """Return the values of a row of the frame, whatever columns they are in."""
    rest = row.pop(REST_COLUMN, None)
    values = list(rest.values()) if isinstance(rest, dict) else []
    values += [value for name, value in row.items() if name not in OWN_COLUMNS]
    return [text for text in map(describe, values) if text != "None"]


@examples(50)
@given(st.lists(RECORDS, min_size=1, max_size=8), st.sampled_from([1, 400]))
@example([{"a": {"b": 1}, "a.b": 2, "a.b ": 1.0}, {"a.b": True}], 1)
@example([{"file": 1, "record.file": 2, REST_COLUMN: {"x": 3}}], 400)
@example([{"level": "INFO", "timestamp": 1.5}, {"level": 30, "timestamp": "2026-11-26"}], 1)
def test_each_value_is_that_of_a_strict_loop(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], copies: int
) -> None:
    """Each value other than null is in its row once, of the same type and digits.

    A time or level that our column holds in the same spelling has no other column.
    """
    file = tmp_path_factory.getbasetemp() / "differential.jsonl"
    lines = [json.dumps(record) for record in records] * copies
    file.write_text("\n".join(lines))
    logs = log_frame(file)
    assert len(logs.frame) == len(lines)
    columns = {name: list(logs.frame[name].astype(object)) for name in logs.frame}
    for position, record in enumerate(records * copies):
        row = {name: values[position] for name, values in columns.items()}
        assert row["line"] == position + 1
        wanted = [
            describe(value)
            for name, value in flatten(json.loads(lines[position]))
            if value is not None and not _is_own(name, value, row)
        ]
        assert sorted(read_back(row)) == sorted(wanted), record


def _is_own(name: str, value: Any, row: dict[str, Any]) -> bool:
    if name == "level":
        return bool(row["level"] == value)
    is_text = name == "timestamp" and isinstance(value, str) and row["timestamp"] is not pd.NaT
    return is_text and f"{row['timestamp']:%Y-%m-%dT%H:%M:%S.%f}Z" == value
