"""The tally judges each batch: lost, counted once, or counted too often."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from securenet_obs.drills.load import RECORDS, SubmissionOutcome, SubmittedBatch
from securenet_obs.drills.tally import Tally, tally
from securenet_obs.store import NetworkMinute, Tenant, create_store_engine
from tests.stores import create_sqlite

MINUTE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Yield an empty store with one tenant."""
    engine = create_store_engine(create_sqlite(tmp_path / "store.sqlite3"))
    with Session(engine) as session, session.begin():
        session.add(Tenant(tenant_id="tenant-a"))
    yield engine
    engine.dispose()


def batch(number: int, outcome: SubmissionOutcome) -> SubmittedBatch:
    """Return a batch of tenant-a with its own minute."""
    task_id = f"task-{number}" if outcome == "accepted" else ""
    return SubmittedBatch("tenant-a", MINUTE + timedelta(minutes=number), outcome, task_id, 0.1)


def count(engine: Engine, batch: SubmittedBatch, times: float) -> None:
    """Store that a batch was counted this often."""
    with Session(engine) as session, session.begin():
        records = int(times * RECORDS)
        session.add(NetworkMinute(tenant_id="tenant-a", minute=batch.minute, records=records))


@pytest.mark.parametrize(
    ("outcome", "times", "expected"),
    [
        ("accepted", 0, Tally(("task-1",), ())),
        ("accepted", 0.5, Tally(("task-1",), ())),
        ("accepted", 1, Tally((), ())),
        ("accepted", 2, Tally((), ("task-1",))),
        ("refused", 0, Tally((), ())),
        ("refused", 1, Tally((), ("refused batch of tenant-a at 2026-01-01T00:01",))),
        ("unknown", 0, Tally((), ())),
        ("unknown", 1, Tally((), ())),
        ("unknown", 2, Tally((), ("unknown batch of tenant-a at 2026-01-01T00:01",))),
    ],
)
def test_batch_is_judged_by_its_outcome(
    engine: Engine, outcome: SubmissionOutcome, times: float, expected: Tally
) -> None:
    """An accepted batch counts once, a refused one never, an unknown one at most once."""
    one = batch(1, outcome)
    if times:
        count(engine, one, times)
    assert tally(engine, [one]) == expected


def test_doubled_batch_does_not_replace_a_lost_one(engine: Engine) -> None:
    """Each batch is judged separately."""
    lost, doubled, right = (batch(number, "accepted") for number in (1, 2, 3))
    count(engine, doubled, 2)
    count(engine, right, 1)
    assert tally(engine, [lost, doubled, right]) == Tally(("task-1",), ("task-2",))


def test_empty_load_has_an_empty_tally(engine: Engine) -> None:
    """Without batches there is nothing to count."""
    assert tally(engine, []) == Tally((), ())
