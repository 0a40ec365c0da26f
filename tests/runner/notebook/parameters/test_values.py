"""Values as comparable texts: equal only for equal values, short, and safe to compute."""

import math
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.runner.notebook.parameters.cell import assignments
from securenet_obs.runner.notebook.parameters.secret import Secret
from securenet_obs.runner.notebook.parameters.values import NOT_DEFINED, described, read

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.dates() | st.datetimes(timezones=st.none() | st.just(UTC)) | st.timedeltas()
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(VALUES)
def test_a_value_is_described_the_same_on_both_sides_of_the_injected_cell(value: Any) -> None:
    """A value has the same description as given and as the injected cell's source restores it."""
    namespace: dict[str, Any] = {}
    exec(assignments({"n": value}), namespace)
    assert described(namespace["n"]) == described(value)


class Loud(int):
    """A subclass with methods that must not be called."""

    def __repr__(self) -> str:
        """Fail the test."""
        raise AssertionError("called")

    __str__ = __eq__ = __hash__ = __repr__  # type: ignore[assignment]


DIFFERENT = (
    1, 1.0, True, "1", None, "None", [1], (1,), {"a": 1}, {"a": 1.0}, {1: "a"}, {"1": "a"}, [[1]],
    [True], [1, "2"], ["1, int 2"], -0.0, 0.0, math.inf, 10**400, 10**400 + 1, "x" * 10**6,
    "x" * 10**6 + "y", date(2026, 1, 2), datetime(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC),
    datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=1))), timedelta(1),
    timedelta(1, 0, 1), Secret("secret:A"), "secret:A", Loud(1), OrderedDict(a=1), object,
)  # fmt: skip


def test_different_values_are_described_differently_and_shortly() -> None:
    """Types count, also in nested values; no method of an unknown class is called."""
    texts = [described(value) for value in DIFFERENT]
    assert len(set(texts)) == len(DIFFERENT)
    assert max(map(len, texts)) < 650


def test_a_value_that_holds_itself_is_described() -> None:
    """A recursive value is described: a notebook may plant one."""
    endless: list[Any] = []
    endless.append(endless)
    assert described(endless) == "list (nested too deeply)"


def test_a_variable_is_read_as_a_cell_would_find_it() -> None:
    """A name is looked up in locals, globals and builtins; a missing one is undefined."""

    class Refusing(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            raise OSError(name)

    assert read("n", {"n": 1}, {"n": 2}) == "int 2"
    assert read("n", {"n": 1}, {}) == "int 1"
    assert read("n", {}, {}) == NOT_DEFINED
    assert read("n", {}, Refusing()) == "not readable: OSError"
