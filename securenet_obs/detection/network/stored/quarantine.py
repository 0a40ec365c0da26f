"""The stored quarantine of a tenant: items that are not records, and their replay."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from securenet_obs.detection.network.batch import OVERFLOW, Batch
from securenet_obs.detection.network.readers.envelopes import unwrap
from securenet_obs.detection.network.records import normaliser
from securenet_obs.detection.network.stored.file_quarantine import count_lines, list_lines
from securenet_obs.detection.network.stored.minutes import add_minutes
from securenet_obs.errors import RecordError
from securenet_obs.store import QuarantinedRecord, Submission

ORIGINAL_GONE = "the original is no longer kept"


class Replay(NamedTuple):
    """Outcome of a replay: items that became records, and items that stay in quarantine."""

    replayed: int
    remaining: int


def store_quarantined(session: Session, tenant_id: str, task_id: str, batch: Batch) -> None:
    """Add the quarantined items of a batch, in the transaction that counts it."""
    now = datetime.now(UTC)
    rows = [
        {
            "tenant_id": tenant_id,
            "task_id": task_id,
            "item": item.line,
            "place": item.place,
            "reason": item.reason,
            "sample": item.sample.replace("\0", "\ufffd"),
            "at": now,
        }
        for item in batch.quarantined
    ]
    if rows:
        session.execute(insert(QuarantinedRecord), rows)


def list_quarantined(session: Session, tenant_id: str | None, limit: int) -> list[dict[str, Any]]:
    """Return the items of batches and files that wait in quarantine, the most recent ones first.

    Returns:
        rows with `tenant_id`, `source` ("batch" or "file"), `name` (id of the batch's task, or path
        of the file), `line` (index in the batch, from 0, or number of the line, from 1), `offset`
        (position of the line's first byte, decompressed; None in a batch), `place` (index in an
        envelope), `reason`, `sample` and `at` (ISO 8601).
    """
    query = select(QuarantinedRecord).where(*_waiting(tenant_id))
    rows = session.scalars(query.order_by(QuarantinedRecord.id.desc()).limit(limit))
    both = [*map(_row_of, rows), *list_lines(session, tenant_id, limit)]
    return sorted(both, key=itemgetter("at"), reverse=True)[:limit]


def count_quarantined(session: Session, tenant_id: str | None) -> int:
    """Return the number of items of batches and files that wait in quarantine, listed or not."""
    items = select(func.count()).select_from(QuarantinedRecord).where(*_waiting(tenant_id))
    return (session.scalar(items) or 0) + count_lines(session, tenant_id)


def _row_of(row: QuarantinedRecord) -> dict[str, Any]:
    return {
        "tenant_id": row.tenant_id,
        "source": "batch",
        "name": row.task_id,
        "line": row.item,
        "offset": None,
        "place": row.place,
        "reason": row.reason,
        "sample": row.sample,
        "at": row.at.isoformat(),
    }


def waiting_tasks(session: Session, tenant_id: str | None) -> list[str]:
    """Return the tasks with items that wait in quarantine."""
    return list(
        session.scalars(select(QuarantinedRecord.task_id).where(*_waiting(tenant_id)).distinct())
    )


def count_replayable(session: Session) -> int:
    """Return the number of items of batches that a replay would count; writes nothing.

    An item that the batch could not hold is left out: it would not fit again.
    """
    waiting = select(QuarantinedRecord).where(*_waiting(None), QuarantinedRecord.reason != OVERFLOW)
    by_task = groupby(
        session.scalars(waiting.order_by(QuarantinedRecord.task_id)), lambda row: row.task_id
    )
    return sum(_count_records(session.get(Submission, task), rows) for task, rows in by_task)


def _count_records(submission: Submission | None, rows: Iterable[QuarantinedRecord]) -> int:
    originals = None if submission is None else submission.records
    return sum(_is_record(originals, row) for row in rows)


def _is_record(originals: list[Any] | None, row: QuarantinedRecord) -> bool:
    try:
        normaliser().normalise(_original(originals, row))
    except RecordError:
        return False
    return True


def replay(session: Session, task_id: str) -> Replay:
    """Normalise a batch's quarantined items again, and count those that are records now.

    The transaction locks the items, so that two replays at once count each item once.
    """
    rows = _claimed(session, task_id)
    submission = session.get(Submission, task_id)
    batch = _replayed(rows, None if submission is None else submission.records)
    if rows:
        add_minutes(session, rows[0].tenant_id, batch)
    for item in batch.quarantined:
        rows[item.line].reason = OVERFLOW
    counted = {index for index, _ in batch.accepted}
    for index, row in enumerate(rows):
        if index not in counted:
            row.replayed_at = None
    return Replay(len(counted), len(rows) - len(counted))


def _claimed(session: Session, task_id: str) -> list[QuarantinedRecord]:
    """Mark a batch's waiting items as replayed, and return them; SQLite locks only by a write."""
    of_task = QuarantinedRecord.task_id == task_id, *_waiting(None)
    claim = update(QuarantinedRecord).where(*of_task).values(replayed_at=datetime.now(UTC))
    rows = session.scalars(claim.returning(QuarantinedRecord)).all()
    return sorted(rows, key=lambda row: row.id)


def _replayed(rows: Iterable[QuarantinedRecord], originals: list[Any] | None) -> Batch:
    """Return a batch of the rows' items; a record's index is that of its row."""
    batch = Batch()
    for index, row in enumerate(rows):
        try:
            item = _original(originals, row)
            batch.accepted.append((index, normaliser().normalise(item)))
        except RecordError as error:
            row.reason = str(error)
    return batch


def _original(originals: list[Any] | None, row: QuarantinedRecord) -> Any:
    if originals is None:
        raise RecordError(ORIGINAL_GONE)
    return unwrap(originals[row.item])[row.place]


def _waiting(tenant_id: str | None) -> list[Any]:
    waiting = [QuarantinedRecord.replayed_at.is_(None)]
    return waiting if tenant_id is None else [*waiting, QuarantinedRecord.tenant_id == tenant_id]
