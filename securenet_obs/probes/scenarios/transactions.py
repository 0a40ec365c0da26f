"""Reads back and judges the transactions of a chain: request, task, and that task's child."""

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.telemetry.readers import TelemetryReader, Transaction

CHAIN_TRANSACTIONS = (
    "/v1/diagnostics/error",
    "securenet_obs.workers.tasks.relay_canary",
    "securenet_obs.workers.tasks.raise_diagnostic_error",
)
"""Transactions of the chain that `ApiClient.raise_error(where="chain")` provokes, in order."""

_COLUMNS = ["transaction", "op", "sent by", "spans"]


def read_back_transactions(
    telemetry: TelemetryReader, trace_id: str, deadline_s: float
) -> list[Transaction]:
    """Return the transactions of a chain's trace, waiting until all of them are there.

    Raises:
        ForbiddenError: the backend refuses to be read.
        UnreachableError: the backend does not answer; a missing transaction is not an error.
        NotStoredError: the backend drops transactions.
    """
    try:
        return telemetry.find_transactions(trace_id, deadline_s, expected=len(CHAIN_TRANSACTIONS))
    except NotFoundError:
        return []


def tabulate_transactions(transactions: Sequence[Transaction]) -> pd.DataFrame:
    """Return a row for each transaction, in the order of the chain.

    Returns:
        `transaction`, `op`, `sent by` (the transaction with the span that sent it; missing without
        one), `spans` (their number).
    """
    rows = [
        (each.name, each.op, _find_sender(each, transactions), len(each.spans))
        for each in sorted(transactions, key=_position)
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def find_missing_transactions(transactions: Sequence[Transaction]) -> list[str]:
    """Return the names of the chain's transactions that have not arrived."""
    names = {each.name for each in transactions}
    return [name for name in CHAIN_TRANSACTIONS if name not in names]


def find_unlinked_transactions(transactions: Sequence[Transaction]) -> list[str]:
    """Return the names of the tasks without a transaction that the one before them sent."""
    linked = {(_find_sender(each, transactions), each.name) for each in transactions}
    pairs = pairwise(CHAIN_TRANSACTIONS)
    return [name for sender, name in pairs if (sender, name) not in linked]


def find_spanless_transactions(transactions: Sequence[Transaction]) -> list[str]:
    """Return the names of the chain's transactions that have not arrived with spans."""
    with_spans = {each.name for each in transactions if each.spans}
    return [name for name in CHAIN_TRANSACTIONS if name not in with_spans]


def _find_sender(transaction: Transaction, others: Sequence[Transaction]) -> str | None:
    return next(
        (other.name for other in others if transaction.parent_span_id in other.span_ids), None
    )


def _position(transaction: Transaction) -> int:
    names = list(CHAIN_TRANSACTIONS)
    return names.index(transaction.name) if transaction.name in names else len(names)
