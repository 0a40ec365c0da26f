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
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def same(value: Any) -> str:
    """Return a text that is equal for equal values, NaN included."""
    return json.dumps(value)


@given(VALUES)
@example([math.nan, math.inf, -math.inf, {"NaN": "NaN", "x": math.nan}])
@example({"$float": "other"})
def test_a_value_is_restored(value: Any) -> None:
    """Also numbers that standard JSON lacks, next to texts that look like them."""
    text = encode(value)
    assert same(decode(text)) == same(value)
    assert same(decode(text.encode())) == same(value)
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(VALUES)
@example([math.nan, math.inf, "\x00", "\ud800", 2**70, -(2**63) - 1, 1e308])
@example([[[["deep"]]]])
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
