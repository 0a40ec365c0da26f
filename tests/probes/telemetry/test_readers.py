"""Polling for traces and check-ins."""

from datetime import UTC, datetime, timedelta

import pytest

from securenet_obs.errors import ForbiddenError, NotFoundError
from securenet_obs.probes.telemetry.readers import (
    CheckIn,
    Span,
    Transaction,
    poll_check_ins,
    poll_transactions,
)
from securenet_obs.processes.polling import Deadline


def transaction(name: str) -> Transaction:
    """Return a transaction with one span, whose ids begin with its name."""
    return Transaction("t", f"{name}-1", None, name, None, (Span(f"{name}-2", None, None, None),))


def test_polling_ends_with_the_expected_number() -> None:
    """An answer with fewer transactions is asked for again."""
    answers = [[], [transaction("a")], [transaction("a"), transaction("b")]]

    def read(deadline: Deadline) -> list[Transaction]:
        assert deadline.left_s > 0
        return answers.pop(0)

    found = poll_transactions(read, "t", 10, 2)
    assert [each.name for each in found] == ["a", "b"]
    assert found[0].span_ids == {"a-1", "a-2"}
    assert answers == []


def test_fewer_transactions_are_the_answer_at_the_deadline() -> None:
    """Those that have arrived are returned; only without any is the trace not found."""
    found = poll_transactions(lambda _: [transaction("a")], "t", 0.1, 2)
    assert [each.name for each in found] == ["a"]
    with pytest.raises(NotFoundError, match=r"Trace t has no transaction after 0\.1 s"):
        poll_transactions(lambda _: [], "t", 0.1, 1)


def test_a_refusal_ends_the_polling() -> None:
    """A token that may not read is reported at once."""

    def read(_: Deadline) -> list[Transaction]:
        raise ForbiddenError("the token may not read it")

    with pytest.raises(ForbiddenError):
        poll_transactions(read, "t", 60, 1)


def test_check_ins_are_the_newest_first() -> None:
    """They are sorted by their time; a monitor without one is not found."""
    now = datetime.now(UTC)
    check_ins = [CheckIn(str(age), now - timedelta(seconds=age)) for age in (2, 0, 1)]
    found = poll_check_ins(lambda _: check_ins, "canary", 1)
    assert [check_in.status for check_in in found] == ["0", "1", "2"]
    with pytest.raises(NotFoundError, match="Monitor canary has no check-in"):
        poll_check_ins(lambda _: [], "canary", 0.1)
