"""Minutes of a tenant in the store."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from securenet_obs.detection.network.batch import OVERFLOW, Batch, normalise_batch
from securenet_obs.detection.network.counting.minutes import MAX_OCTETS
from securenet_obs.detection.network.stored.minutes import add_minutes, count_batch
from securenet_obs.store import NetworkMinute, session_scope
from tests.detection.network.test_records import SURICATA, ZEEK

HALF = 2**53 - 1
HUGE = ZEEK | {"orig_bytes": HALF, "resp_bytes": HALF}


def count(name: str, records: list[dict[str, Any]]) -> Batch:
    """Count a batch whose digest is its name, and return it."""
    batch = normalise_batch(records)
    batch.digest = name
    with session_scope() as session:
        assert count_batch(session, "acme", batch)
    return batch


def stored() -> list[tuple[int, int]]:
    """Return records and bytes of each minute in the store, in chronological order."""
    with session_scope() as session:
        minutes = session.scalars(select(NetworkMinute).order_by(NetworkMinute.minute)).all()
    return [(minute.records, minute.octets) for minute in minutes]


def test_a_content_is_counted_once_for_a_tenant(empty_store: None) -> None:
    """A second delivery, also at the same time and in another order of names, changes nothing."""
    same = [ZEEK, dict(reversed(ZEEK.items()))]

    def deliver(number: int) -> bool:
        with session_scope() as session:
            return count_batch(session, "acme", normalise_batch([same[number % 2]]))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(deliver, range(8)))
    assert sorted(outcomes) == [False] * 7 + [True]
    assert stored() == [(1, 94)]
    with session_scope() as session:
        assert count_batch(session, "globex", normalise_batch([ZEEK]))


def test_all_metrics_are_stored(empty_store: None) -> None:
    """Sums add up over batches, and distinct peers are not counted twice."""
    other = ZEEK | {"id.orig_h": "10.9.9.9", "ts": 1.3131535e9}
    alert = SURICATA | {"timestamp": 1.3131535e9}
    for name in ("first", "second"):
        count(name, [alert, other])
    with session_scope() as session:
        minute = session.scalars(select(NetworkMinute)).one()
    assert (minute.records, minute.octets, minute.octets_out, minute.octets_in) == (4, 188, 78, 110)
    assert (minute.alerts_medium, minute.denied, minute.dns_failures) == (2, 2, 0)
    assert minute.peers == 4


def test_concurrent_batches_are_all_counted(empty_store: None) -> None:
    """Concurrent additions to the same minute of a new tenant are all stored."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: count(f"batch-{number}", [ZEEK, ZEEK]), range(16)))
    assert stored() == [(32, 16 * 188)]


@pytest.mark.slow
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
