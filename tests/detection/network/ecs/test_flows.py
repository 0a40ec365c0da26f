"""Addresses, protocols and community ids of flows."""

import pytest

from securenet_obs.detection.network.ecs.flows import (
    canonical_address,
    community_id_of,
    transport_of,
)
from tests.detection.network.recorded import items, needs_recorded_logs

# https://github.com/corelight/community-id-spec/tree/master/baseline
VECTORS = [
    ("tcp", "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("tcp", "66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("tcp", "10.0.0.1", "10.0.0.2", 10, 11569, "1:SXBGMX1lBOwhhoDrZynfROxnhnM="),
    ("udp", "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    ("icmp", "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    ("icmp", "192.168.0.1", "192.168.0.89", 0, 8, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    ("icmp", "192.168.0.89", "192.168.0.1", 20, 0, "1:3o2RFccXzUgjl7zDpqmY7yJi8rI="),
    ("icmp", "192.168.0.89", "192.168.0.1", 20, 1, "1:tz/fHIDUHs19NkixVVoOZywde+I="),
    ("ipv6-icmp", "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="),
    ("ipv6-icmp", "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:507:0:1:260:97ff:fe07:69ea", 3, 0,
     "1:/OGBt9BN1ofenrmSPWYicpij2Vc="),
    ("sctp", "192.168.170.8", "192.168.170.56", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="),
    ("rsvp", "1.2.3.4", "5.6.7.8", None, None, "1:ikv3kmf89luf73WPz1jOs49S768="),
]  # fmt: skip


@pytest.mark.parametrize("flow", VECTORS, ids=lambda flow: f"{flow[0]} {flow[1]}")
def test_community_ids_are_those_of_the_specification(
    flow: tuple[str, str, str, int | None, int | None, str],
) -> None:
    """Both directions of a flow have the id that the specification gives."""
    *parts, expected = flow
    assert community_id_of(*parts) == expected  # type: ignore[arg-type]


def test_a_flow_without_an_id_has_none() -> None:
    """Mixed versions, missing ports and unknown protocols have no id, and do not raise."""
    assert community_id_of("tcp", "10.0.0.1", "::1", 1, 2) is None
    assert community_id_of("tcp", "10.0.0.1", "10.0.0.2", None, 2) is None
    assert community_id_of("no such protocol", "10.0.0.1", "10.0.0.2", 1, 2) is None


@needs_recorded_logs
def test_community_ids_are_those_of_suricata() -> None:
    """The computed id of each recorded flow is the one that Suricata has written."""
    compared = 0
    for event in items("vast/suricata_eve_pcap.json.gz"):
        ports = event.get("src_port"), event.get("dest_port")
        if None not in ports:
            flow = event["proto"].lower(), event["src_ip"], event["dest_ip"], *ports
            assert community_id_of(*flow) == event["community_id"]
            compared += 1
    assert compared > 1000


def test_a_flow_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Neither an id nor a refusal is a line: a batch of 10,000 records would have 80,000."""
    caplog.set_level("INFO")
    assert community_id_of("tcp", "192.0.2.1", "192.0.2.2", 1, 2)
    assert community_id_of("tcp", "192.0.2.1", "192.0.2.2", 1, None) is None
    assert caplog.records == []


def test_addresses_are_canonical() -> None:
    """One address has one spelling; other text is none."""
    assert canonical_address("2001:DB8:0:0::1") == "2001:db8::1"
    assert canonical_address("fe80::1%eth0") == "fe80::1"
    assert canonical_address("ec2.amazonaws.com") is None
    assert canonical_address("10.0.0.1 " * 200) is None


def test_protocols_have_one_name() -> None:
    """Numbers and spellings become IANA's keyword."""
    names = ["6", "TCP", "IPv6-ICMP", "icmp6", "-", "unknown_transport", "254"]
    expected = ["tcp", "tcp", "ipv6-icmp", "ipv6-icmp", None, "unknown_transport", "254"]
    assert [transport_of(name) for name in names] == expected
