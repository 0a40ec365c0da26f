"""The store's state: open dead letters, unfinished batches."""

from datetime import UTC, datetime, timedelta

import pytest

from securenet_obs.store import DeadLetter, Submission, ensure_tenant, session_scope
from securenet_obs.workers.metrics.stored import read_stored


def letter(number: int, requeued_at: datetime | None) -> DeadLetter:
    now = datetime.now(UTC)
    return DeadLetter(
        task_id=str(number),
        task="scan",
        arguments={},
        redacted=False,
        reason="failed",
        error="E",
        message="",
        traceback="",
        first_at=now,
        last_at=now,
        times=1,
        requeued_at=requeued_at,
    )


def batch(number: int, age_s: float, *, finished: bool, due: bool = True) -> Submission:
    now = datetime.now(UTC)
    return Submission(
        task_id=str(number),
        tenant_id="acme",
        records=[],
        ids={},
        accepted_at=now - timedelta(seconds=age_s),
        due_at=now if due and not finished else None,
        publications=1,
        finished_at=now if finished else None,
    )


def test_open_letters_and_unfinished_batches_are_counted(empty_store: str) -> None:
    """A requeued letter, a finished batch and one that is a dead letter are not."""
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.flush()
        session.add_all([letter(1, None), letter(2, None), letter(3, datetime.now(UTC))])
        session.add_all([batch(1, 900, finished=True), batch(2, 60, finished=False)])
        session.add_all([batch(3, 30, finished=False), batch(4, 900, finished=False, due=False)])
    letters, batches, age = (family.samples for family in read_stored())
    assert [(each.labels, each.value) for each in letters] == [
        ({"task": "scan", "reason": "failed"}, 2)
    ]
    assert batches[0].value == 2
    assert age[0].value == pytest.approx(60, abs=20)


def test_an_empty_store_has_ages_of_zero(empty_store: str) -> None:
    """There is no oldest batch."""
    assert [[each.value for each in family.samples] for family in read_stored()] == [[], [0], [0]]
