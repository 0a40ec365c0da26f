"""Metrics of a minute: events, bytes, alerts by severity, failures, denials, distinct peers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from securenet_obs.detection.network.records import Record
from securenet_obs.detection.network.sketches import DistinctCount

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
        get = record.fields.get
        if not record.is_snapshot and (octets := get("network.bytes")):
            if self.octets + octets > MAX_OCTETS:
                return False
            self.octets += octets
            self.octets_out += get("source.bytes", 0)
            self.octets_in += get("destination.bytes", 0)
        self.records += 1
        self._add_kind(record.fields)
        self._add_peers(get("source.ip"), get("destination.ip"))
        return True

    def _add_kind(self, of: Mapping[str, Any]) -> None:
        if of.get("event.kind") == "alert":
            name = SEVERITIES.get(of.get("event.severity", 0), "alerts_other")
            setattr(self, name, getattr(self, name) + 1)
        if "denied" in of.get("event.type", ()):
            self.denied += 1
        if "dns.response_code" in of and of["dns.response_code"] != "NOERROR":
            self.dns_failures += 1

    def _add_peers(self, *addresses: str | None) -> None:
        for address in addresses:
            if address is not None:
                self.peers.add(address)

    def merge(self, other: "Minute") -> None:
        """Add the metrics of another part of the same minute."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.peers.merge(other.peers)

    def counts(self) -> dict[str, int]:
        """Return the metrics that are sums, by name."""
        return {name: getattr(self, name) for name in COUNTS}


COUNTS = tuple(part.name for part in fields(Minute) if part.name != "peers")
"""Names of the metrics that are sums; those of two parts of a minute add up."""


def minute_of(moment: datetime) -> datetime:
    """Return the start of a time's minute."""
    return moment.replace(second=0, microsecond=0)
