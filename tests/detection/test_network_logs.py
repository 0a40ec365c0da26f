"""Network records in every supported format."""

import gzip
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from securenet_obs.detection.network_logs import (
    MAX_COUNTER,
    NetworkRecord,
    Rejection,
    count_batch,
    normalise,
    normalise_batch,
)
from securenet_obs.store import NetworkMinute, session_scope

LOGS = Path(__file__).parents[3] / "shared" / "data" / "netlogs"

SURICATA = {
    "timestamp": "2011-08-12T14:52:57.716360+0200",
    "event_type": "alert",
    "src_ip": "147.32.84.165",
    "src_port": 1181,
    "dest_ip": "78.40.125.4",
    "dest_port": 6667,
    "proto": "TCP",
    "flow": {"bytes_toserver": 2302, "bytes_toclient": 4520},
}
ZEEK = {
    "ts": 1588205199.5,
    "id.orig_h": "10.0.1.6",
    "id.orig_p": 54243,
    "id.resp_h": "10.0.0.4",
    "id.resp_p": 53,
    "proto": "udp",
    "orig_bytes": 39,
    "resp_bytes": 55,
    "_path": "conn",
}


def accepted(record: object) -> NetworkRecord:
    """Return the common record of one that must be accepted."""
    normalised = normalise(record)
    assert isinstance(normalised, NetworkRecord), normalised
    return normalised


def test_suricata_becomes_a_common_record() -> None:
    """Time in UTC, bytes of both directions from the flow, protocol in lower case."""
    assert accepted(SURICATA) == NetworkRecord(
        timestamp=datetime(2011, 8, 12, 12, 52, 57, 716360, UTC),
        format="suricata",
        kind="alert",
        source="147.32.84.165",
        destination="78.40.125.4",
        source_port=1181,
        destination_port=6667,
        protocol="tcp",
        octets=6822,
    )


def test_zeek_becomes_a_common_record() -> None:
    """Unix seconds, dotted names, and the bytes of both directions."""
    record = accepted(ZEEK)
    assert (record.format, record.kind, record.octets) == ("zeek", "conn", 94)
    assert record.timestamp == datetime(2020, 4, 30, 0, 6, 39, 500000, UTC)


def test_underscored_zeek_is_zeek_too() -> None:
    """Some shippers replace the dots."""
    record = {name.replace(".", "_"): value for name, value in ZEEK.items()}
    assert accepted(record).format == "zeek"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"timestamp": None}, "no timestamp"),
        ({"timestamp": "yesterday"}, "invalid timestamp"),
        ({"timestamp": True}, "invalid timestamp"),
        ({"timestamp": float("nan")}, "invalid timestamp"),
        ({"timestamp": 1e300}, "invalid timestamp"),
        ({"timestamp": -5}, "invalid timestamp"),
        ({"src_ip": "not an address"}, "no source or destination address"),
        ({"dest_ip": {"nested": 1}}, "no source or destination address"),
    ],
)
def test_an_invalid_record_is_rejected_with_its_reason(change: dict[str, Any], reason: str) -> None:
    """The reason is one of a few, and contains nothing of the record."""
    assert normalise(SURICATA | change) == Rejection(reason)


@pytest.mark.parametrize("record", [None, "text", 7, [], True])
def test_other_values_than_objects_are_rejected(record: object) -> None:
    """A list, a text or a number in a batch does not stop the others."""
    assert normalise(record) == Rejection("not an object")


@pytest.mark.parametrize("port", [-1, 65_536, "http", True, 2.5, "99999999999999999999"])
def test_an_invalid_port_is_left_out(port: object) -> None:
    """The record is accepted without it."""
    assert accepted(SURICATA | {"src_port": port}).source_port is None


@pytest.mark.parametrize("octets", [-1, 2**60, True, "many", None])
def test_an_invalid_byte_count_is_zero(octets: object) -> None:
    """An impossible count does not reach the metrics."""
    assert accepted({**ZEEK, "orig_bytes": octets, "resp_bytes": 0}).octets == 0


def test_minutes_add_up() -> None:
    """Metrics are per minute of the record's own time, in order."""
    later = ZEEK | {"ts": ZEEK["ts"] + 60}  # type: ignore[operator]
    minutes = normalise_batch([later, ZEEK, ZEEK, "bad"]).minutes()
    assert [(minute.records, minute.octets) for minute in minutes.values()] == [(2, 188), (1, 94)]
    assert list(minutes) == sorted(minutes)


def test_concurrent_batches_are_all_counted(empty_store: None) -> None:
    """Concurrent additions to the same minute of a new tenant are all stored."""

    def count(name: str) -> None:
        with session_scope() as session:
            count_batch(session, "acme", name, normalise_batch([ZEEK, ZEEK]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, [f"batch-{number}" for number in range(16)]))
    with session_scope() as session:
        (minute,) = session.scalars(select(NetworkMinute)).all()
    assert (minute.records, minute.octets) == (32, 16 * 188)


def test_batches_with_the_same_minutes_do_not_deadlock(empty_store: None) -> None:
    """Two batches that list the same minutes in opposite orders are both counted."""
    moments = [f"2026-01-01T{n // 60:02}:{n % 60:02}:00Z" for n in range(300)]
    addresses = {"src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"}
    batches = [
        normalise_batch([{"timestamp": moment, **addresses} for moment in order])
        for order in (moments, moments[::-1])
    ]

    def count(number: int) -> None:
        with session_scope() as session:
            count_batch(session, "acme", f"batch-{number}", batches[number % 2])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(32)))
    with session_scope() as session:
        assert {row.records for row in session.scalars(select(NetworkMinute))} == {32}


def test_a_counter_does_not_overflow(empty_store: None) -> None:
    """It stays at the largest integer: neither an error nor a float, on each database."""
    record = {"timestamp": "2026-01-01T00:00:00Z", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"}
    huge = normalise_batch([{**record, "orig_bytes": 2**53 - 1, "resp_bytes": 2**53 - 1}] * 300)
    small = normalise_batch([{**record, "orig_bytes": 5}])
    for number, batch in enumerate([small, huge, huge, huge, small]):
        with session_scope() as session:
            count_batch(session, "acme", f"batch-{number}", batch)
    with session_scope() as session:
        (minute,) = session.scalars(select(NetworkMinute)).all()
    assert (minute.records, minute.octets, type(minute.octets)) == (902, MAX_COUNTER, int)


def read(path: Path) -> list[Any]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.splitlines() if line.strip()]


ADDRESSED = (
    {"src_ip", "dest_ip"},
    {"id.orig_h", "id.resp_h"},
    {"id_orig_h", "id_resp_h"},
    {"SourceIp", "DestinationIp"},
)


@pytest.mark.skipif(not LOGS.is_dir(), reason="the recorded network logs are not on this machine")
@pytest.mark.parametrize(
    ("name", "kind", "expected_count"),
    [
        ("zeek_apt29/day1_combined_zeek.log", "zeek", 1_304),
        ("vast/suricata_eve_small.json", "suricata", 6),
        ("vast/conn.log.json.gz", "zeek", None),
        ("vast/suricata_eve_pcap.json.gz", "suricata", None),
        ("vast/dns.log.json.gz", "zeek", None),
        ("vast/sysmon.json", "generic", 1_348),
    ],
)
def test_recorded_logs_are_accepted(name: str, kind: str, expected_count: int | None) -> None:
    """Every record of real sensors with both addresses is accepted, and no other."""
    records = read(LOGS / name)
    batch = normalise_batch(records)
    addressed = [record for record in records if any(record.keys() >= two for two in ADDRESSED)]
    assert len(batch.accepted) == len(addressed) > 0
    assert expected_count in {None, len(addressed)}
    assert len(batch.accepted) + batch.rejected.total() == len(records)
    assert Counter(record.format for record in batch.accepted).most_common(1)[0][0] == kind


@pytest.mark.skipif(not LOGS.is_dir(), reason="the recorded network logs are not on this machine")
@pytest.mark.parametrize("name", ["array-types", "empty-object", "string-types", "nested-object"])
def test_recorded_logs_of_other_kinds_are_rejected(name: str) -> None:
    """Objects that are not network events are counted with a reason."""
    batch = normalise_batch(read(LOGS / "vast" / f"{name}.json"))
    assert batch.accepted == []
    assert batch.rejected.total() >= 1
