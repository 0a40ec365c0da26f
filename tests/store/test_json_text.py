"""JSON of the store's columns: every value of a message is stored and restored on each database."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from securenet_obs.store import Submission, ensure_tenant, session_scope
from securenet_obs.store.json_text import decode, encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from(
        ["NaN", 'a "NaN" b', "-Infinity", "\\", '\\"Infinity', "\x00", "\ud800", "$float"]
    )
)
KEYS = st.text() | st.sampled_from(["$float", "$$float", "$$$float"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def same(value: Any) -> str:
    """Return a text that is equal for equal values, NaN included."""
    return json.dumps(value)


@given(VALUES)
@example([math.nan, math.inf, -math.inf, {"NaN": "NaN", "x": math.nan}])
@example([None, math.nan])
@example({"$float": "other"})
@example({"$float": "NaN"})
@example([{"$$float": "-Infinity"}, {"$float": math.inf}, '{"$float": "NaN"}', '{"'])
@example({"$float": "NaN", "x": 1})
@example([2**64 - 1, 2**64, -(2**63) - 1, -0.0, 5e-324, "\u2028", {"x": [True, None]}])
def test_a_value_is_restored(value: Any) -> None:
    """Also numbers that standard JSON lacks, next to texts that look like them."""
    text = encode(value)
    assert same(decode(text)) == same(value)
    assert same(decode(text.encode())) == same(value)
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))


@pytest.mark.parametrize("value", [datetime.now(UTC), b"bytes", {1, 2}, object()])
def test_types_that_json_lacks_are_refused(value: Any) -> None:
    """As by Python's encoder, and also beside values that are JSON."""
    with pytest.raises(TypeError):
        encode({"a": [None, value]})


def test_keys_that_are_no_texts_become_texts() -> None:
    """As in Celery's messages."""
    assert decode(encode({1: "x", None: math.nan})) == {
        "1": "x",
        "null": pytest.approx(math.nan, nan_ok=True),
    }


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(VALUES)
@example([math.nan, math.inf, "\x00", "\ud800", 2**70, -(2**63) - 1, 1e308])
@example([[[["deep"]]]])
@example([{"$float": "NaN"}, math.nan, None, "\xe9\u4e2d\U0001f600\x7f"])
def test_each_database_stores_a_value(empty_store: str, value: Any) -> None:
    """A batch that the API accepts and arguments that a task has can be stored."""
    with session_scope() as session:
        session.execute(delete(Submission))
        ensure_tenant(session, "acme")
        session.flush()
        session.add(
            Submission(
                task_id="a task",
                tenant_id="acme",
                records=[value],
                ids={},
                accepted_at=datetime.now(UTC),
                publications=1,
            )
        )
    with session_scope() as session:
        row = session.get_one(Submission, "a task")
        assert same(row.records) == same([value])


@pytest.mark.parametrize("depth", [64, 900])
def test_deep_nesting_is_stored(empty_store: str, depth: int) -> None:
    """As deep as a message can be."""
    nested: list[Any] = [math.nan]
    for _ in range(depth):
        nested = [nested]
    test_each_database_stores_a_value.hypothesis.inner_test(empty_store, nested)  # type: ignore[attr-defined]
