"""Metrics of a minute: events, bytes, alerts by severity, failures, denials, distinct peers."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import NamedTuple

from securenet_obs.detection.network.counting.moments import minute_of_time
from securenet_obs.detection.network.counting.sketches import DistinctCount
from securenet_obs.detection.network.records import Record

MAX_OCTETS = 2**63 - 1
"""Maximum sum of bytes in a minute: the largest integer that both databases store."""

SEVERITIES = {1: "alerts_high", 2: "alerts_medium", 3: "alerts_low"}
"""Severity of an alert as Suricata has it -> its metric; any other is in `alerts_other`."""


@dataclass
class Minute:
    """Metrics of one minute.

    Attributes:
        records: events.
        octets: bytes in both directions; snapshots of a flow are left out, as in the next two.
        octets_out: bytes from source to destination.
        octets_in: bytes from destination to source.
        alerts_high: alerts of severity 1.
        alerts_medium: alerts of severity 2.
        alerts_low: alerts of severity 3.
        alerts_other: alerts with another severity, or none.
        dns_failures: DNS responses other than NOERROR.
        denied: events that were denied.
        peers: distinct source and destination addresses.
    """

    records: int = 0
    octets: int = 0
    octets_out: int = 0
    octets_in: int = 0
    alerts_high: int = 0
    alerts_medium: int = 0
    alerts_low: int = 0
    alerts_other: int = 0
    dns_failures: int = 0
    denied: int = 0
    peers: DistinctCount = field(default_factory=DistinctCount, compare=False)

    def add(self, record: Record) -> bool:
        """Add a record; return False, without a change, if the bytes exceed `MAX_OCTETS`."""
        fact = fact_of(record)
        sent, received, octets = bytes_of(record)
        if self.octets + octets > MAX_OCTETS:
            return False
        self.add_fact(fact, 1, sent, received, octets)
        for name in ("source.ip", "destination.ip"):
            if (address := record.fields.get(name)) is not None:
                self.peers.add(address)
        return True

    def add_fact(self, fact: "Fact", records: int, sent: int, received: int, octets: int) -> None:
        """Add a number of records with equal facts; bytes stay at `MAX_OCTETS` at most."""
        self.records += records
        self.octets_out = min(self.octets_out + sent, MAX_OCTETS)
        self.octets_in = min(self.octets_in + received, MAX_OCTETS)
        self.octets = min(self.octets + octets, MAX_OCTETS)
        if fact.alert:
            setattr(self, fact.alert, getattr(self, fact.alert) + records)
        self.denied += records if fact.is_denied else 0
        self.dns_failures += records if fact.is_dns_failure else 0

    def merge(self, other: "Minute") -> None:
        """Add the metrics of another part of the same minute."""
        for name in COUNTS:
            setattr(self, name, min(getattr(self, name) + getattr(other, name), MAX_OCTETS))
        self.peers.merge(other.peers)

    def counts(self) -> dict[str, int]:
        """Return the metrics that are sums, by name."""
        return {name: getattr(self, name) for name in COUNTS}


COUNTS = tuple(part.name for part in fields(Minute) if part.name != "peers")
"""Names of the metrics that are sums; those of two parts of a minute add up."""


class Fact(NamedTuple):
    """Properties of a record that metrics count, besides its bytes and addresses.

    Attributes:
        minute: its minute, since 1970; None without a time.
        alert: name of its metric of alerts; "" if it is not an alert.
        is_denied: whether the event was denied.
        is_dns_failure: whether it is a DNS response other than NOERROR.
        log_type: its log type.
    """

    minute: int | None
    alert: str
    is_denied: bool
    is_dns_failure: bool
    log_type: str


def fact_of(record: Record) -> Fact:
    """Return the properties of a record that metrics count."""
    get = record.fields.get
    moment, alert = get("@timestamp"), ""
    if get("event.kind") == "alert":
        alert = SEVERITIES.get(get("event.severity", 0), "alerts_other")
    return Fact(
        None if moment is None else minute_of_time(moment),
        alert,
        "denied" in get("event.type", ()),
        get("dns.response_code", "NOERROR") != "NOERROR",
        record.log_type,
    )


def bytes_of(record: Record) -> tuple[int, int, int]:
    """Return the bytes from source, from destination, and in both directions; 0 in a snapshot."""
    get = record.fields.get
    if record.is_snapshot or not (octets := get("network.bytes")):
        return 0, 0, 0
    return get("source.bytes", 0), get("destination.bytes", 0), octets


METRIC_FIELDS = frozenset({
    "@timestamp", "event.start", "event.end", "event.kind", "event.type", "event.severity",
    "source.ip", "source.bytes", "destination.ip", "destination.bytes", "network.bytes",
    "dns.response_code",
})  # fmt: skip
"""ECS fields that metrics read; those that follow from others need these alone."""


def minute_of(moment: datetime) -> datetime:
    """Return the start of a time's minute."""
    return moment.replace(second=0, microsecond=0)
