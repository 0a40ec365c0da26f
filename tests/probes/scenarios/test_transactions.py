"""What is lacking in the transactions of a chain is named."""

import pytest

from securenet_obs.errors import NotFoundError
from securenet_obs.probes import (
    CHAIN_TRANSACTIONS,
    Transaction,
    find_missing_transactions,
    find_spanless_transactions,
    find_unlinked_transactions,
    read_back_transactions,
    tabulate_transactions,
)
from securenet_obs.probes.telemetry.readers import Span

REQUEST, TASK, CHILD = CHAIN_TRANSACTIONS
TRACE = "a" * 32


def transaction(name: str, root: str, parent: str | None, *spans: str) -> Transaction:
    """Return a transaction with spans of these ids."""
    inner = tuple(Span(span_id, root, "db", "SELECT 1") for span_id in spans)
    return Transaction(TRACE, root, parent, name, "op", inner)


WHOLE = [
    transaction(CHILD, "c1", "b2", "c2"),
    transaction(REQUEST, "a1", None, "a2"),
    transaction(TASK, "b1", "a2", "b2"),
]


def test_a_whole_chain_lacks_nothing() -> None:
    """The order of arrival does not matter."""
    assert find_missing_transactions(WHOLE) == []
    assert find_unlinked_transactions(WHOLE) == []
    assert find_spanless_transactions(WHOLE) == []
    table = tabulate_transactions(WHOLE)
    assert list(table.transaction) == [REQUEST, TASK, CHILD]
    assert list(table["sent by"])[1:] == [REQUEST, TASK]
    assert list(table.spans) == [1, 1, 1]


@pytest.mark.parametrize(
    ("transactions", "missing", "unlinked", "spanless"),
    [
        ([], [REQUEST, TASK, CHILD], [TASK, CHILD], [REQUEST, TASK, CHILD]),
        (WHOLE[:1] + WHOLE[2:], [REQUEST], [TASK], [REQUEST]),
        (WHOLE[:2], [TASK], [TASK, CHILD], [TASK]),
        ([*WHOLE[:2], transaction(TASK, "b1", "x9", "b2")], [], [TASK], []),
        ([*WHOLE[:2], transaction(TASK, "b1", "c2", "b2")], [], [TASK], []),
        ([*WHOLE[:2], transaction(TASK, "b2", "a2")], [], [], [TASK]),
        ([*WHOLE, transaction("other", "o1", "a2")], [], [], []),
    ],
)
def test_what_is_lacking_is_named(
    transactions: list[Transaction], missing: list[str], unlinked: list[str], spanless: list[str]
) -> None:
    """A transaction that has not arrived proves neither its link nor its spans."""
    assert find_missing_transactions(transactions) == missing
    assert find_unlinked_transactions(transactions) == unlinked
    assert find_spanless_transactions(transactions) == spanless


def test_a_trace_that_is_not_found_has_no_transactions() -> None:
    """It is a result to judge; every other error is raised."""

    class Reader:
        stored_kinds = frozenset({"transactions"})

        def find_transactions(self, trace_id: str, deadline_s: float, *, expected: int) -> None:
            assert expected == 3
            raise NotFoundError("none")

    assert read_back_transactions(Reader(), TRACE, 1) == []  # type: ignore[arg-type]
    assert list(tabulate_transactions([]).columns) == ["transaction", "op", "sent by", "spans"]
