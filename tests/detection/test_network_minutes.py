"""Minutes of a tenant in the store."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import select

from securenet_obs.detection.network_logs import MAX_OCTETS, OVERFLOW, Batch, normalise_batch
from securenet_obs.detection.network_minutes import add_minutes, count_batch
from securenet_obs.store import NetworkMinute, session_scope
from tests.detection.test_network_logs import ZEEK

HALF = 2**53 - 1
HUGE = ZEEK | {"orig_bytes": HALF, "resp_bytes": HALF}


def count(name: str, records: list[dict[str, Any]]) -> Batch:
    """Count a batch, and return it."""
    batch = normalise_batch(records)
    with session_scope() as session:
        assert count_batch(session, "acme", name, batch)
    return batch


def stored() -> list[tuple[int, int]]:
    """Return records and bytes of each minute in the store, in chronological order."""
    with session_scope() as session:
        minutes = session.scalars(select(NetworkMinute).order_by(NetworkMinute.minute)).all()
    return [(minute.records, minute.octets) for minute in minutes]


def test_a_batch_is_counted_once(empty_store: None) -> None:
    """The second time, nothing changes."""
    count("b", [ZEEK])
    with session_scope() as session:
        assert not count_batch(session, "acme", "b", normalise_batch([ZEEK]))
    assert stored() == [(1, 94)]


def test_concurrent_batches_are_all_counted(empty_store: None) -> None:
    """Concurrent additions to the same minute of a new tenant are all stored."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: count(f"batch-{number}", [ZEEK, ZEEK]), range(16)))
    assert stored() == [(32, 16 * 188)]


def test_batches_with_the_same_minutes_do_not_deadlock(empty_store: None) -> None:
    """Two batches that list the same minutes in opposite orders are both counted."""
    moments = [ZEEK | {"ts": 1588205160 + 60 * number} for number in range(300)]
    orders = (moments, moments[::-1])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: count(f"batch-{number}", orders[number % 2]), range(32)))
    assert stored() == [(32, 32 * 94)] * 300


def test_a_minute_does_not_overflow_over_many_batches(empty_store: None) -> None:
    """Records that no longer fit are rejected, alone; the others of their batch are counted."""
    later = ZEEK | {"ts": 1588205299.5}
    batches = [count(f"b{number}", [*[HUGE] * 200, ZEEK, later]) for number in range(4)]
    fitting = (MAX_OCTETS - 94) // (2 * HALF)
    assert [batch.rejected[OVERFLOW] for batch in batches] == [0, 0, 600 - fitting, 200]
    assert [len(batch.accepted) for batch in batches][-1] == 2
    octets = fitting * 2 * HALF + 4 * 94
    assert stored() == [(fitting + 4, octets), (4, 4 * 94)]
    assert MAX_OCTETS - 2 * HALF < octets <= MAX_OCTETS


def test_a_full_minute_accepts_records_without_bytes(empty_store: None) -> None:
    """The largest sum is stored exactly."""
    count("b", [ZEEK])
    with session_scope() as session:
        minute = session.scalars(select(NetworkMinute)).one()
        minute.octets = MAX_OCTETS - 1
    one, none = ({**ZEEK, "orig_bytes": 0, "resp_bytes": n} for n in (1, 0))
    batch = count("c", [one, one, none])
    assert (len(batch.accepted), batch.rejected) == (2, {OVERFLOW: 1})
    assert stored() == [(3, MAX_OCTETS)]


def test_concurrent_batches_do_not_overflow(empty_store: None) -> None:
    """Of concurrent batches as many records are counted as fit, and none is counted twice."""
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda n: count(f"batch-{n}", [HUGE] * 90), range(16)))
    accepted = sum(len(batch.accepted) for batch in batches)
    assert accepted == MAX_OCTETS // (2 * HALF)
    assert stored() == [(accepted, accepted * 2 * HALF)]


def test_an_empty_batch_adds_nothing(empty_store: None) -> None:
    """A batch without accepted records fits."""
    with session_scope() as session:
        assert add_minutes(session, "acme", normalise_batch(["bad"]))
    assert stored() == []
