"""The quarantine is replayed by a confirmed action, and twice has the effect of once."""

from datetime import UTC, datetime

from securenet_obs.detection.network.batch import Batch
from securenet_obs.detection.network.quarantine import Quarantined
from securenet_obs.detection.network.stored.quarantine import store_quarantined
from securenet_obs.oncall.actions.quarantine import count_items, replay_quarantine
from securenet_obs.store import Submission, ensure_tenant, session_scope
from tests.detection.network.test_records import ZEEK


def quarantine_a_record() -> None:
    """Put two items into quarantine; an earlier version has not understood the first."""
    items = [ZEEK, "text"]
    now = datetime.now(UTC)
    batch = Batch()
    batch.quarantined += [
        Quarantined("t", index, 0, 0, "not understood", "sample") for index in range(len(items))
    ]
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.add(
            Submission(
                task_id="t", tenant_id="acme", records=items, ids={}, accepted_at=now,
                finished_at=now, publications=1,
            )
        )  # fmt: skip
        session.flush()
        store_quarantined(session, "acme", "t", batch)


def test_items_that_are_records_now_are_replayed(empty_store: str) -> None:
    """The other item stays, and a repetition counts nothing."""
    assert count_items() == (0, 0)
    quarantine_a_record()
    assert count_items() == (2, 1)
    action = replay_quarantine(1)
    assert action.read_state() == {"items that are records now": "1"}
    assert action.run() == "1 items were replayed, 1 of batches remain"
    assert count_items() == (1, 0)
    assert action.run() == "0 items were replayed, 1 of batches remain"
