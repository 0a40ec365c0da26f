"""Common records of every supported format."""

import csv
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.readers.envelopes import unwrap
from securenet_obs.detection.network.readers.sources import read_source
from securenet_obs.detection.network.records import INVALID_TIME, NOT_AN_OBJECT, Record, normaliser
from securenet_obs.errors import RecordError
from tests.detection.network.recorded import (
    DATA,
    needs_ecs,
    needs_recorded_logs,
    recorded_logs,
)
from tests.searching import examples

SURICATA: dict[str, Any] = {
    "timestamp": "2011-08-12T14:52:57.716360+0200",
    "event_type": "alert",
    "src_ip": "147.32.84.165",
    "src_port": 1181,
    "dest_ip": "78.40.125.4",
    "dest_port": 6667,
    "proto": "TCP",
    "flow": {"bytes_toserver": 2302, "bytes_toclient": 4520},
    "alert": {
        "action": "blocked", "signature_id": 1, "signature": "S", "category": "C", "severity": 2,
        "metadata": {"mitre_technique_id": ["T1071"], "other": ["x"]},
    },
}  # fmt: skip
ZEEK: dict[str, Any] = {
    "ts": 1588205199.5,
    "id.orig_h": "10.0.1.6",
    "id.orig_p": 54243,
    "id.resp_h": "10.0.0.4",
    "id.resp_p": 53,
    "proto": "udp",
    "orig_bytes": 39,
    "resp_bytes": 55,
    "conn_state": "SF",
    "history": "Dd",
    "_path": "conn",
}
CLOUDTRAIL: dict[str, Any] = {
    "eventVersion": "1.08",
    "userIdentity": {"type": "IAMUser", "userName": "alice"},
    "eventTime": "2022-02-07T22:23:37Z",
    "eventSource": "ec2.amazonaws.com",
    "eventName": "RunInstances",
    "awsRegion": "ap-southeast-2",
    "sourceIPAddress": "1.2.3.4",
    "errorCode": "Client.UnauthorizedOperation",
}
SECURITY_5156: dict[str, Any] = {
    "EventID": 5156, "EventTime": "2020-05-02 03:00:01", "Hostname": "UTICA", "Protocol": "6",
    "Application": "\\device\\system", "Direction": "%%14593", "SourceAddress": "10.0.1.5",
    "SourcePort": "49762", "DestAddress": "10.0.0.4", "DestPort": "389",
}  # fmt: skip
SYSMON_3 = {
    "Event": {
        "System": {
            "EventID": 3, "TimeCreated": {"#attributes": {"SystemTime": "2020-05-02T03:00:01Z"}},
            "Computer": "UTICA",
        },
        "EventData": {
            "UtcTime": "2020-05-02 03:00:01.123", "SourceIp": "10.0.1.5", "SourcePort": 49762,
            "DestinationIp": "10.0.0.4", "DestinationPort": 389, "Protocol": "tcp",
            "SourceHostname": "-", "Initiated": "true",
        },
    }
}  # fmt: skip
VPC_FLOW = {
    "version": 2, "accountId": "1", "interfaceId": "eni-1", "srcAddr": "10.0.0.1",
    "dstAddr": "10.0.0.2", "srcPort": 20641, "dstPort": 22, "protocol": 6, "packets": 20,
    "bytes": 4249, "start": 1418530010, "end": 1418530070, "action": "REJECT", "logStatus": "OK",
}  # fmt: skip

EXPECTED: list[tuple[Any, str, dict[str, Any]]] = [
    (
        SURICATA,
        "suricata.alert",
        {
            "@timestamp": datetime(2011, 8, 12, 12, 52, 57, 716360, UTC),
            "event.kind": "alert",
            "event.type": ["denied"],
            "event.severity": 2,
            "rule.id": "1",
            "source.bytes": 2302,
            "network.bytes": 6822,
            "network.transport": "tcp",
            "network.iana_number": "6",
            "network.community_id": "1:5gOa9eOZ8nZ7C+4uXr6KEclk3f4=",
            "threat.technique.id": ["T1071"],
            "threat.framework": "MITRE ATT&CK",
        },
    ),
    (
        ZEEK,
        "zeek.conn",
        {
            "@timestamp": datetime(2020, 4, 30, 0, 6, 39, 500000, UTC),
            "event.type": ["connection", "start", "end"],
            "event.outcome": "success",
            "network.bytes": 94,
            "zeek.conn": {"history": "Dd", "_path": "conn", "conn_state": "SF"},
        },
    ),
    (
        CLOUDTRAIL,
        "cloudtrail",
        {
            "source.ip": "1.2.3.4",
            "user.name": "alice",
            "event.outcome": "failure",
            "event.type": ["denied"],
            "cloud.region": "ap-southeast-2",
        },
    ),
    (
        CLOUDTRAIL | {"sourceIPAddress": "ec2.amazonaws.com", "errorCode": None},
        "cloudtrail",
        {"source.address": "ec2.amazonaws.com", "event.outcome": "success"},
    ),
    (
        SECURITY_5156,
        "windows.5156",
        {
            "event.code": "5156",
            "source.ip": "10.0.1.5",
            "destination.port": 389,
            "network.transport": "tcp",
            "network.direction": "egress",
            "event.type": ["connection", "allowed"],
        },
    ),
    (
        SYSMON_3,
        "windows.3",
        {
            "@timestamp": datetime(2020, 5, 2, 3, 0, 1, tzinfo=UTC),
            "source.port": 49762,
            "network.direction": "egress",
            "host.name": "UTICA",
            "event.code": "3",
        },
    ),
    (
        {
            "UtcTime": "2020-05-02 03:00:01.123",
            "SourceIp": "10.0.1.5",
            "DestinationIp": "10.0.0.4",
            "RuleName": "technique_id=T1055,technique_name=Process Injection",
        },
        "windows.3",
        {
            "rule.name": "technique_id=T1055,technique_name=Process Injection",
            "threat.framework": "MITRE ATT&CK",
            "threat.technique.id": ["T1055"],
            "threat.technique.name": ["Process Injection"],
        },
    ),
    (
        VPC_FLOW,
        "vpcflow",
        {
            "@timestamp": datetime(2014, 12, 14, 4, 7, 50, tzinfo=UTC),
            "event.type": ["connection", "denied"],
            "source.bytes": 4249,
            "cloud.account.id": "1",
        },
    ),
    (
        {"time": "2026-01-01T00:00:00Z", "msg": "m", "level": 30, "x": {"y": None}},
        "json",
        {"message": "m", "log.level": "30", "json": {"x": {"y": None}}},
    ),
]


def normalised(item: object) -> Record:
    """Return the common record of an item."""
    return normaliser().normalise(item)


@pytest.mark.parametrize(
    ("item", "log_type", "expected"), EXPECTED, ids=lambda value: str(value)[:20]
)
def test_a_record_has_the_fields_of_ecs(item: Any, log_type: str, expected: dict[str, Any]) -> None:
    """Each supported format becomes one common record."""
    record = normalised(item)
    assert record.log_type == record.fields["event.dataset"] == log_type
    assert {name: record.fields.get(name) for name in expected} == expected


def test_names_with_underscores_are_those_of_zeek() -> None:
    """Some shippers replace the dots."""
    underscored = {name.replace(".", "_"): value for name, value in ZEEK.items()}
    assert normalised(underscored).fields == normalised(ZEEK).fields


def test_a_log_type_is_inferred_without_its_name() -> None:
    """Zeek writes no `_path` into a log of one type."""
    assert normalised({**ZEEK, "uid": "C1", "_path": None}).log_type == "zeek.conn"


def test_a_source_that_names_no_valid_address_is_kept() -> None:
    """An event without addresses is a record; an invalid one keeps its own name."""
    record = normalised(SURICATA | {"src_ip": "not an address", "dest_ip": None})
    assert "source.ip" not in record.fields
    assert record.fields["suricata.alert"]["src_ip"] == "not an address"


@pytest.mark.parametrize("time", ["yesterday", True, float("nan"), 1e300, -5, "", [1]])
def test_an_invalid_time_rejects_its_record(time: object) -> None:
    """A time that is given and invalid is a fault; none at all is not."""
    with pytest.raises(RecordError, match=INVALID_TIME):
        normalised(SURICATA | {"timestamp": time})
    assert normalised(SURICATA | {"timestamp": None}).timestamp is None


@pytest.mark.parametrize("item", [None, "text", 7, [], True])
def test_other_values_than_objects_are_rejected(item: object) -> None:
    """A list, a text or a number is not a record."""
    with pytest.raises(RecordError, match=NOT_AN_OBJECT):
        normalised(item)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
BASES = st.sampled_from([SURICATA, ZEEK, CLOUDTRAIL, SECURITY_5156, SYSMON_3, VPC_FLOW, {}])


@examples(50)
@given(BASES, st.data())
def test_any_record_is_accepted_or_rejected_with_a_reason(base: dict[str, Any], data: Any) -> None:
    """Whatever its fields hold, a record never raises any other error."""
    names = sorted(base) or ["ts"]
    changes = data.draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=4), JSON))
    try:
        record = normalised({**base, **changes})
    except RecordError as error:
        reason = str(error)
    else:
        reason = ""
        json.dumps(record.fields, default=str)
    assert reason in {"", INVALID_TIME, "invalid byte count"}


@needs_ecs
@needs_recorded_logs
def test_recorded_logs_become_ecs() -> None:
    """Each field of each recorded log is one of ECS, or in the object of unknown fields."""
    with (DATA / "ecs" / "fields.csv").open() as file:
        known = {row["field"]: row for row in csv.DictReader(file)}
    allowed = json.loads((DATA / "ecs" / "allowed_values.json").read_text())
    shapes = set()
    for path in recorded_logs():
        for entry in read_source(str(path)):
            if entry.is_blank or entry.fault:
                continue
            record = normalised(entry.item)
            if (record.log_type, *record.fields) in shapes:
                continue
            shapes.add((record.log_type, *record.fields))
            fields = dict(record.fields)
            fields.pop(record.log_type, None)
            for name, value in fields.items():
                check_value(known[name], value)
                if name in allowed:
                    assert set(value if isinstance(value, list) else [value]) <= set(allowed[name])
    assert len(shapes) > 100


TYPES = {
    "date": datetime, "long": int, "ip": str, "keyword": str, "boolean": bool, "wildcard": str,
    "match_only_text": str,
}  # fmt: skip


def check_value(field: dict[str, str], value: object) -> None:
    """Compare a value with the type that ECS has for its field."""
    values = value if isinstance(value, list) else [value]
    assert isinstance(value, list) == (field["normalization"] == "array"), field
    assert all(type(item) is TYPES[field["type"]] for item in values), (field, value)


# Known counts of records with both addresses, by file and log type.
COUNTS = [
    ("netlogs/zeek_apt29/day1_combined_zeek.log", "zeek.", 1_752),
    ("netlogs/vast/suricata_eve_small.json", "suricata.", 6),
    ("netlogs/vast/conn.log.json.gz", "zeek.conn", 729),
    ("netlogs/vast/zeek_tsv_conn.log.gz", "zeek.conn", 8_462),
    ("netlogs/vast/suricata_eve_pcap.json.gz", "suricata.", 1_183),
    ("netlogs/vast/sysmon.json", "windows.3", 1_348),
    ("jsonlogs/cloud_plaso/jsonl/aws_cloudtrail.jsonl", "cloudtrail", 0),
]


@needs_recorded_logs
@pytest.mark.parametrize(("name", "log_type", "addressed"), COUNTS)
def test_recorded_addresses_are_found(name: str, log_type: str, addressed: int) -> None:
    """Each record of real sensors with both addresses has them in the common record."""
    found = 0
    for entry in read_source(str(DATA / name)):
        for item in unwrap(entry.item) if not entry.is_blank else []:
            record = normalised(item)
            if {"source.ip", "destination.ip"} <= record.fields.keys():
                found += 1
                assert record.log_type.startswith(log_type)
    assert found == addressed
