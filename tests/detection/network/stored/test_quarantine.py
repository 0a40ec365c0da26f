"""The stored quarantine, and its replay."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from securenet_obs.detection.network.batch import OVERFLOW, normalise_batch
from securenet_obs.detection.network.records import normaliser
from securenet_obs.detection.network.stored import quarantine
from securenet_obs.detection.network.stored.quarantine import (
    ORIGINAL_GONE,
    Replay,
    count_replayable,
    list_quarantined,
    replay,
    store_quarantined,
    waiting_tasks,
)
from securenet_obs.store import (
    NetworkMinute,
    QuarantinedRecord,
    Submission,
    ensure_tenant,
    session_scope,
)
from tests.detection.network.test_records import ZEEK

UNREADABLE = ZEEK | {"ts": "in a new form"}
ITEMS = [ZEEK, UNREADABLE, {"Records": [ZEEK, UNREADABLE]}, "text"]


@pytest.fixture
def batch(empty_store: str) -> str:
    """Return the id of a task whose batch has three items in quarantine."""
    now = datetime.now(UTC)
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.add(
            Submission(
                task_id="t", tenant_id="acme", records=ITEMS, ids={}, accepted_at=now,
                finished_at=now, publications=1,
            )
        )  # fmt: skip
        session.flush()
        store_quarantined(session, "acme", "t", normalise_batch(ITEMS))
    return "t"


def understand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the new form of time be read from now on."""

    class Newer:
        def normalise(self, item: Any) -> Any:
            known = {**item, "ts": ZEEK["ts"]} if isinstance(item, dict) else item
            return normaliser().normalise(known)

    monkeypatch.setattr(quarantine, "normaliser", Newer)


def counted() -> int:
    """Return the number of records in all minutes."""
    with session_scope() as session:
        return session.scalar(select(func.sum(NetworkMinute.records))) or 0


def test_items_are_listed_with_their_place(batch: str) -> None:
    """The item is the index in the batch, and its place that in an envelope."""
    with session_scope() as session:
        rows = list_quarantined(session, "acme", 10)
        assert list_quarantined(session, "globex", 10) == []
        assert waiting_tasks(session, None) == [batch]
    places = [(row["line"], row["place"], row["reason"]) for row in rows]
    assert places == [
        (3, 0, "not an object"), (2, 1, "invalid timestamp"), (1, 0, "invalid timestamp"),
    ]  # fmt: skip


def test_items_that_are_records_now_are_counted_before_a_replay(
    batch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting changes nothing; an item without an original, or over the limit, is none."""
    with session_scope() as session:
        assert count_replayable(session) == 0
    understand(monkeypatch)
    with session_scope() as session:
        assert count_replayable(session) == 2
    with session_scope() as session:
        assert count_replayable(session) == 2
        rows = list_quarantined(session, None, 10)
        assert {row["reason"] for row in rows} == {"not an object", "invalid timestamp"}
        session.scalars(select(QuarantinedRecord)).all()[0].reason = OVERFLOW
        session.flush()
        assert count_replayable(session) == 1
        session.get_one(Submission, batch).records = None
        session.flush()
        assert count_replayable(session) == 0


def test_a_replay_without_a_change_changes_nothing(batch: str) -> None:
    """The items stay where they are."""
    with session_scope() as session:
        assert replay(session, batch) == Replay(0, 3)
    assert counted() == 0


def test_a_replay_counts_each_item_once(batch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replays at once, and later ones, count what can be read now, and only once."""
    understand(monkeypatch)

    def again(_: int) -> Replay:
        with session_scope() as session:
            return replay(session, batch)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(again, range(4)))
    assert sum(outcome.replayed for outcome in outcomes) == 2
    assert counted() == 2
    with session_scope() as session:
        assert [row["line"] for row in list_quarantined(session, None, 10)] == [3]


def test_an_item_without_its_original_stays(batch: str) -> None:
    """The batch was deleted after its retention."""
    with session_scope() as session:
        session.delete(session.get_one(Submission, batch))
    with session_scope() as session:
        assert replay(session, batch) == Replay(0, 3)
        assert {row["reason"] for row in list_quarantined(session, None, 9)} == {ORIGINAL_GONE}
