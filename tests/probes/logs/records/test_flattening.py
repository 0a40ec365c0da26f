import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.probes.logs.records.flattening import (
    MAX_DOTTED_LENGTH,
    MAX_NAME_LENGTH,
    flatten,
)

Record = dict[str, Any]


def flatten_one_by_one(record: Record) -> list[tuple[str, Any]]:
    """Return dotted names and values, the outer ones first."""
    cells, todo = [], [("", record)]
    for prefix, part in todo:
        for key, value in part.items():
            if isinstance(value, dict) and value:
                todo.append((f"{prefix}{key}.", value))
            else:
                cells.append((prefix + key, value))
    return cells


def flatten_together(records: list[Record]) -> list[list[tuple[str, Any]]]:
    cells: list[list[tuple[str, Any]]] = [[] for _ in records]
    for name, rows, values, types in flatten(range(len(records)), records):
        assert types >= set(map(type, values))
        for row, value in zip(rows, values, strict=True):
            cells[row].append((name, value))
    return cells


NAMES = st.sampled_from(["a", "b", "a.b", "c", ""])
RECORDS = st.dictionaries(
    NAMES,
    st.recursive(
        st.sampled_from([1, 1.0, True, None, "1", "x", [], [{}], {}]),
        lambda inner: st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@given(st.lists(RECORDS, min_size=1, max_size=6))
def test_columns_hold_the_cells_of_each_record(records: list[Record]) -> None:
    """Flattening a column at a time gives what flattening each record by itself does."""
    for found, record in zip(flatten_together(records), records, strict=True):
        wanted = flatten_one_by_one(record)
        assert sorted(map(repr, found)) == sorted(map(repr, wanted))


def test_object_with_too_long_names_is_kept() -> None:
    """A chain of objects is flattened up to a bounded name; no value is lost."""
    deep: Record = {"leaf": 1}
    for _ in range(900):
        deep = {"k" * 549: deep}
    ((cell,),) = flatten_together([{"ctx": deep}])
    name, value = cell
    assert len(name) <= MAX_NAME_LENGTH + 550
    assert json.dumps(value).count("k" * 549) == 900 - name.count(".")


def test_dotted_names_of_a_record_are_bounded() -> None:
    """Many small objects below a long name are kept, and each record has its own bound."""
    wide = {"p" * 1000: {str(number): {"a": number} for number in range(1000)}, "short": {"a": 1}}
    first, second = flatten_together([wide, {"p" * 1000: {"0": {"a": 0}}}])
    assert sum(len(name) for name, _ in first) <= MAX_DOTTED_LENGTH + 1000
    assert dict(first)["p" * 1000] == wide["p" * 1000]
    assert dict(first)["short.a"] == 1
    assert dict(second) == {f"{'p' * 1000}.0.a": 0}
