"""Batches of parsed items."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.batch import OVERFLOW, Batch, digest_of, normalise_batch
from securenet_obs.detection.network.counting.minutes import MAX_OCTETS
from securenet_obs.detection.network.records import normaliser
from tests.detection.network.recorded import items, needs_recorded_logs
from tests.detection.network.test_records import (
    CLOUDTRAIL,
    JSON,
    SECURITY_5156,
    SURICATA,
    SYSMON_3,
    VPC_FLOW,
    ZEEK,
)

ADDRESSED: dict[str, Any] = {
    "timestamp": "2026-01-01T00:00:00Z",
    "src_ip": "10.0.0.1",
    "dest_ip": "10.0.0.2",
}


def octets_of(record: dict[str, Any]) -> int:
    """Return the bytes that a record adds to its minute."""
    (minute,) = normalise_batch([record]).minutes().values()
    return minute.octets


@pytest.mark.parametrize("sent", [7, 7.0, "7"])
@pytest.mark.parametrize("name", ["orig_bytes", "resp_bytes", "bytes_toserver", "bytes"])
def test_a_byte_count_is_read(name: str, sent: object) -> None:
    """A whole number is read, also of a float or of digits."""
    assert octets_of({**ADDRESSED, name: sent}) == 7


@pytest.mark.parametrize("octets", [True, "many", "", "-", None, [1], {"a": 1}])
def test_other_values_than_numbers_are_no_byte_count(octets: object) -> None:
    """Sensors write such values for a count that they do not have."""
    assert octets_of({**ADDRESSED, "orig_bytes": octets}) == 0


@pytest.mark.parametrize("octets", [-1, 1.5, 2**53, 2**64 - 1, 2**70, 1e300, float("nan")])
@pytest.mark.parametrize("place", ["record", "flow"])
def test_an_impossible_byte_count_rejects_its_record(place: str, octets: object) -> None:
    """A negative, fractional or huge count rejects the record, and no other of its batch."""
    change = {"bytes": octets} if place == "record" else {"flow": {"bytes_toclient": octets}}
    batch = normalise_batch([ZEEK, ADDRESSED | change, ZEEK])
    assert (len(batch.accepted), batch.rejected) == (2, {"invalid byte count": 1})


def test_records_that_overflow_their_minute_are_rejected() -> None:
    """The sum of a minute stays within 63 bits; later, smaller records of the batch still fit."""
    huge = ZEEK | {"orig_bytes": 2**53 - 1, "resp_bytes": 2**53 - 1}
    later = huge | {"ts": 1588205299.5}
    batch = normalise_batch([huge] * 600 + [later] + [ZEEK])
    fitting = MAX_OCTETS // (2 * (2**53 - 1))
    assert (len(batch.accepted), batch.rejected) == (fitting + 2, {OVERFLOW: 600 - fitting})
    assert [minute.octets <= MAX_OCTETS for minute in batch.minutes().values()] == [True, True]
    assert batch.summary() == {
        "accepted": fitting + 2,
        "untimed": 0,
        "rejected": {OVERFLOW: 600 - fitting},
        "minutes": 2,
        "log_types": {"zeek.conn": fitting + 2},
    }


def test_every_format_is_accepted() -> None:
    """Windows and CloudTrail records too, and those of an envelope; one has no time."""
    kinds = [SURICATA, ZEEK, CLOUDTRAIL, SECURITY_5156, SYSMON_3, VPC_FLOW, {"x": 1}]
    batch = normalise_batch([*kinds, {"Records": [CLOUDTRAIL, CLOUDTRAIL]}])
    assert (len(batch.accepted), batch.rejected, batch.untimed) == (9, {}, 1)
    assert [index for index, _ in batch.accepted] == [0, 1, 2, 3, 4, 5, 6, 7, 7]


@given(st.lists(JSON | st.dictionaries(st.sampled_from([*ADDRESSED, "bytes"]), JSON), max_size=4))
def test_no_record_costs_its_batch(given_items: list[Any]) -> None:
    """With any other items, the valid ones are accepted, and each item has an outcome."""
    batch: Batch = normalise_batch([*given_items, ZEEK])
    assert batch.accepted[-1] == (len(given_items), normaliser().normalise(ZEEK))
    with_outcome = {index for index, _ in batch.accepted} | {q.line for q in batch.quarantined}
    empty = {index for index, item in enumerate(given_items) if item == []}
    assert with_outcome | empty == set(range(len(given_items) + 1))
    for minute, metrics in batch.minutes().items():
        assert 1990 <= minute.year < 2100
        assert 0 <= metrics.octets <= MAX_OCTETS


def test_quarantined_items_have_their_place_and_reason() -> None:
    """The place is the index in the batch, then that in an envelope."""
    batch = normalise_batch([ZEEK, "text", {"Records": [ZEEK, 7]}])
    found = [(q.line, q.place, q.reason, q.sample) for q in batch.quarantined]
    assert found == [(1, 0, "not an object", '"text"'), (2, 1, "not an object", "7")]


def test_minutes_add_up() -> None:
    """Metrics are per minute of the record's own time, in order."""
    later = ZEEK | {"ts": ZEEK["ts"] + 60}
    minutes = normalise_batch([later, ZEEK, ZEEK, "bad"]).minutes()
    assert [(minute.records, minute.octets) for minute in minutes.values()] == [(2, 188), (1, 94)]
    assert list(minutes) == sorted(minutes)


def test_equal_batches_have_equal_digests() -> None:
    """The order of names does not count; that of items does. Any value has a digest."""
    assert digest_of([{"a": 1, "b": 2}]) == digest_of([{"b": 2, "a": 1}])
    assert digest_of([1, 2]) != digest_of([2, 1])
    assert digest_of([2**70]) != digest_of([2**71])
    assert digest_of(["\ud800"]) != digest_of([""])


@needs_recorded_logs
def test_every_recorded_record_of_windows_is_accepted() -> None:
    """The batch path takes the same formats as files."""
    batch = normalise_batch(items("vast/sysmon.json"))
    assert (len(batch.accepted), batch.rejected) == (2_500, {})
