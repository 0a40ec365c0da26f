"""What came of a load: counted in the store, batch by batch, and in no other way.

Each batch has a minute of its tenant's for itself, so the store tells of every single one whether
it was counted, and whether twice; it needs no part of the code that shall count it once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from securenet_obs.stack.drills.load import RECORDS, Submitted
from securenet_obs.store import NetworkMinute


@dataclass(frozen=True)
class Tally:
    """Labels of the batches that were accepted and not counted whole, and of those counted more.

    Counted more are those counted twice, and those counted although they were refused. Of a batch
    without a clear answer, once and not at all are both right.
    """

    lost: tuple[str, ...]
    doubled: tuple[str, ...]


def tally(engine: Engine, submitted: Iterable[Submitted]) -> Tally:
    """Count what the store has of these batches."""
    batches = list(submitted)
    counted = _counted(engine, batches)
    lost, doubled = [], []
    for batch in batches:
        records = counted.get((batch.tenant_id, batch.minute), 0)
        if batch.answer == "accepted" and records < RECORDS:
            lost.append(batch.label)
        if records > (0 if batch.answer == "refused" else RECORDS):
            doubled.append(batch.label)
    return Tally(tuple(lost), tuple(doubled))


def _counted(engine: Engine, batches: list[Submitted]) -> dict[tuple[str, object], int]:
    minutes = [batch.minute for batch in batches]
    if not minutes:
        return {}
    columns = select(NetworkMinute.tenant_id, NetworkMinute.minute, NetworkMinute.records)
    asked = columns.where(NetworkMinute.minute.between(min(minutes), max(minutes)))
    with Session(engine) as session:
        return {(tenant, minute): records for tenant, minute, records in session.execute(asked)}
