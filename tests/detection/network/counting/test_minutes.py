"""Metrics of a minute."""

from typing import Any

from securenet_obs.detection.network.counting.minutes import MAX_OCTETS, Minute
from securenet_obs.detection.network.records import normaliser
from tests.detection.network.test_records import SURICATA, ZEEK


def minute_with(*items: dict[str, Any]) -> Minute:
    """Return the metrics of records."""
    minute = Minute()
    for item in items:
        assert minute.add(normaliser().normalise(item))
    return minute


def test_each_event_is_counted_by_its_meaning() -> None:
    """Bytes by direction, alerts by severity, DNS failures, denied events, distinct peers."""
    dns = {"ts": 1.6e9, "uid": "C", "_path": "dns", "query": "a", "rcode_name": "NXDOMAIN"}
    minute = minute_with(ZEEK, ZEEK, SURICATA, dns, {**dns, "rcode_name": "NOERROR"})
    counts = {name: value for name, value in minute.counts().items() if value}
    assert counts == {
        "records": 5, "octets": 188, "octets_out": 78, "octets_in": 110, "alerts_medium": 1,
        "dns_failures": 1, "denied": 1,
    }  # fmt: skip
    assert minute.peers.estimate == 4


def test_an_alert_does_not_count_the_bytes_of_its_flow_again() -> None:
    """The flow's own record has them."""
    flow = SURICATA | {"event_type": "flow", "alert": None}
    assert minute_with(SURICATA, flow).octets == minute_with(flow).octets == 6822


def test_an_alert_of_another_severity_is_counted() -> None:
    """An intrusion sensor may have its own scale, or none."""
    alert = {**SURICATA, "alert": {"severity": 9}}
    assert minute_with(alert, {**SURICATA, "alert": {}}).alerts_other == 2


def test_a_sum_that_would_overflow_is_refused() -> None:
    """The minute stays as it was."""
    minute = Minute(octets=MAX_OCTETS - 93)
    assert not minute.add(normaliser().normalise(ZEEK))
    assert minute == Minute(octets=MAX_OCTETS - 93)
    assert minute.add(normaliser().normalise(ZEEK | {"resp_bytes": 54}))
    assert minute.octets == MAX_OCTETS


def test_parts_of_a_minute_add_up() -> None:
    """Distinct peers are not counted twice."""
    minute = minute_with(ZEEK, SURICATA)
    minute.merge(minute_with(ZEEK))
    assert minute == minute_with(ZEEK, SURICATA, ZEEK)
    assert minute.peers.estimate == 4
