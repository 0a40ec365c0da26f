"""Finds lost and doubled batches of a load by their counts in the store alone.

Each batch has a minute of its tenant to itself, so the store shows for every single one whether it
was counted, and whether twice; this uses none of the code that should count it once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from securenet_obs.drills.load import RECORDS, SubmittedBatch
from securenet_obs.store import NetworkMinute


@dataclass(frozen=True)
class Tally:
    """Labels of the batches that were lost (accepted, not fully counted) and of those doubled.

    Doubled batches were counted twice, or counted although they were refused. A batch without a
    clear answer may be counted once or not at all.
    """

    lost: tuple[str, ...]
    doubled: tuple[str, ...]


def tally(engine: Engine, submitted: Iterable[SubmittedBatch]) -> Tally:
    """Compare the store's counts with these batches."""
    batches = list(submitted)
    counted = _read_counts(engine, batches)
    lost, doubled = [], []
    for batch in batches:
        records = counted.get((batch.tenant_id, batch.minute), 0)
        if batch.outcome == "accepted" and records < RECORDS:
            lost.append(batch.label)
        if records > (0 if batch.outcome == "refused" else RECORDS):
            doubled.append(batch.label)
    return Tally(tuple(lost), tuple(doubled))


def _read_counts(engine: Engine, batches: list[SubmittedBatch]) -> dict[tuple[str, object], int]:
    minutes = [batch.minute for batch in batches]
    if not minutes:
        return {}
    columns = select(NetworkMinute.tenant_id, NetworkMinute.minute, NetworkMinute.records)
    query = columns.where(NetworkMinute.minute.between(min(minutes), max(minutes)))
    with Session(engine) as session:
        return {(tenant, minute): records for tenant, minute, records in session.execute(query)}
