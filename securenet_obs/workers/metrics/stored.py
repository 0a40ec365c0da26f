"""State of the store for a scraper: dead letters, and batches of the outbox."""

from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select

from securenet_obs.store import REQUEST, DeadLetter, Submission, session_scope


def read_stored() -> Iterator[Metric]:
    """Yield the numbers of open dead letters and unfinished batches, and the age of the oldest.

    Raises:
        SchemaError: the store's schema is not the one that this code uses.
        StoreUnavailableError: the store cannot be read now.
    """
    with session_scope(REQUEST) as session:
        letters = session.execute(
            select(DeadLetter.task, DeadLetter.reason, func.count())
            .where(DeadLetter.requeued_at.is_(None))
            .group_by(DeadLetter.task, DeadLetter.reason)
        ).all()
        count, oldest = session.execute(
            select(func.count(), func.min(Submission.accepted_at)).where(
                Submission.finished_at.is_(None), Submission.due_at.is_not(None)
            )
        ).one()
    family = GaugeMetricFamily(
        "securenet_dead_letters",
        "Tasks that failed for good and were not requeued.",
        labels=("task", "reason"),
    )
    for task, reason, number in letters:
        family.add_metric((task, reason), number)
    yield family
    yield GaugeMetricFamily(
        "securenet_outbox_batches", "Accepted batches that are not processed yet.", value=count
    )
    yield GaugeMetricFamily(
        "securenet_outbox_oldest_age_seconds",
        "Time since the oldest unprocessed batch was accepted; 0 without any.",
        value=max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0,
    )
