"""Network records in every supported format."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network_logs import (
    MAX_OCTETS,
    OVERFLOW,
    Batch,
    NetworkRecord,
    Rejection,
    normalise,
    normalise_batch,
)

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


ADDRESSED_ONLY: dict[str, Any] = {
    "timestamp": "2026-01-01T00:00:00Z",
    "src_ip": "10.0.0.1",
    "dest_ip": "10.0.0.2",
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


COUNTS = [(0, 0), (7, 7), (7.0, 7), ("7", 7), (2**53 - 1, 2**53 - 1)]


@pytest.mark.parametrize(("sent", "octets"), COUNTS)
@pytest.mark.parametrize("name", ["orig_bytes", "resp_bytes", "bytes_toserver", "bytes"])
def test_a_byte_count_is_read(name: str, sent: object, octets: int) -> None:
    """A whole number is read, also of a float or of digits."""
    assert accepted({**ADDRESSED_ONLY, name: sent}).octets == octets


@pytest.mark.parametrize("octets", [True, "many", "", "-", None, [1], {"a": 1}])
def test_other_values_than_numbers_are_no_byte_count(octets: object) -> None:
    """Sensors write such values for a count that they do not have."""
    assert accepted({**ADDRESSED_ONLY, "orig_bytes": octets}).octets == 0


@pytest.mark.parametrize(
    "octets", [-1, -0.5, 1.5, 2**53, 2**63, 2**64 - 1, 2**70, 1e300, float("nan"), "9" * 5000]
)
@pytest.mark.parametrize("place", ["record", "flow"])
def test_an_impossible_byte_count_rejects_its_record(place: str, octets: object) -> None:
    """A negative, fractional or huge count rejects the record, and no other of its batch."""
    change = {"bytes": octets} if place == "record" else {"flow": {"bytes_toclient": octets}}
    batch = normalise_batch([ZEEK, ADDRESSED_ONLY | change, ZEEK])
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
        "rejected": {OVERFLOW: 600 - fitting},
        "minutes": 2,
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
TIMES = st.sampled_from([1588205199.5, "2026-01-01T00:00:00Z", "1990-01-01T00:00:00+23:59"])
ADDRESSES = st.sampled_from(["10.0.0.1", "::1", "fe80::1%" + "x" * 300])
RECORDS = st.fixed_dictionaries(
    {"ts": TIMES | JSON, "src_ip": ADDRESSES | JSON, "dest_ip": ADDRESSES | JSON},
    optional={
        name: JSON | st.integers(-(2**64), 2**64)
        for name in ("src_port", "proto", "event_type", "orig_bytes", "resp_bytes", "flow")
    },
)


@given(st.lists(RECORDS | JSON, max_size=4))
def test_no_record_costs_its_batch(records: list[Any]) -> None:
    """With any other records, the valid ones are accepted, and each record has one outcome."""
    batch: Batch = normalise_batch([*records, ZEEK])
    assert batch.accepted[-1] == accepted(ZEEK)
    assert len(batch.accepted) + batch.rejected.total() == len(records) + 1
    for minute, metrics in batch.minutes().items():
        assert 1990 <= minute.year < 2100
        assert 0 <= metrics.octets <= MAX_OCTETS


def test_a_nested_kind_is_left_out() -> None:
    """Only text is a kind or a protocol, so that a deep value is never written out."""
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    record = accepted(SURICATA | {"event_type": deep, "proto": deep})
    assert (record.kind, record.protocol) == ("event", None)


def test_minutes_add_up() -> None:
    """Metrics are per minute of the record's own time, in order."""
    later = ZEEK | {"ts": ZEEK["ts"] + 60}  # type: ignore[operator]
    minutes = normalise_batch([later, ZEEK, ZEEK, "bad"]).minutes()
    assert [(minute.records, minute.octets) for minute in minutes.values()] == [(2, 188), (1, 94)]
    assert list(minutes) == sorted(minutes)


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
