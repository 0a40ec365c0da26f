"""Normalises Suricata, Zeek and generic records, rejects invalid ones, sums a batch by minute."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Literal

Format = Literal["suricata", "zeek", "generic"]

# Field of a common record -> its names in the formats; the first one present is used.
_NAMES: dict[str, tuple[str, ...]] = {
    "timestamp": ("timestamp", "ts", "@timestamp", "time", "UtcTime", "event_time"),
    "source": ("src_ip", "id.orig_h", "id_orig_h", "source", "source_ip", "SourceIp", "src"),
    "source_port": ("src_port", "id.orig_p", "id_orig_p", "source_port", "SourcePort"),
    "destination": (
        "dest_ip", "id.resp_h", "id_resp_h", "destination", "destination_ip", "DestinationIp",
        "dst_ip", "dst",
    ),
    "destination_port": (
        "dest_port", "id.resp_p", "id_resp_p", "destination_port", "DestinationPort", "dst_port",
    ),
    "protocol": ("proto", "protocol", "Protocol"),
    "kind": ("event_type", "_path", "@stream", "kind", "type", "service"),
}  # fmt: skip
_SENT = ("orig_bytes", "bytes_toserver", "bytes_sent", "bytes")
_RECEIVED = ("resp_bytes", "bytes_toclient", "bytes_received")

_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_MAX_COUNT = 2**53
_MAX_DIGITS = 17

MAX_OCTETS = 2**63 - 1
"""Maximum sum of bytes in a minute: the largest integer that both databases store."""

OVERFLOW = "byte count overflows its minute"
"""Reason for rejecting a record with a count that is valid, but too large for its minute."""


@dataclass(frozen=True)
class NetworkRecord:
    """A network event, independent of its tool; `octets` are bytes in both directions."""

    timestamp: datetime
    format: Format
    kind: str
    source: str
    destination: str
    source_port: int | None
    destination_port: int | None
    protocol: str | None
    octets: int

    @property
    def minute(self) -> datetime:
        """Start of the minute in which the event happened."""
        return self.timestamp.replace(second=0, microsecond=0)


@dataclass(frozen=True)
class Rejection:
    """Reason for rejecting a record; it does not contain any of the record's content."""

    reason: str


@dataclass
class Minute:
    """Metrics of one minute."""

    records: int = 0
    octets: int = 0

    def add(self, record: NetworkRecord) -> bool:
        """Add a record; return False, without a change, if the bytes exceed `MAX_OCTETS`."""
        if self.octets + record.octets > MAX_OCTETS:
            return False
        self.records += 1
        self.octets += record.octets
        return True


@dataclass
class Batch:
    """A normalised batch: the accepted records, and the number of rejected ones by reason."""

    accepted: list[NetworkRecord] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    def minutes(self) -> dict[datetime, Minute]:
        """Return the metrics of each minute with records, in chronological order."""
        minutes: dict[datetime, Minute] = {}
        for record in sorted(self.accepted, key=lambda record: record.timestamp):
            minutes.setdefault(record.minute, Minute()).add(record)
        return minutes

    def summary(self) -> dict[str, Any]:
        """Return `accepted`, `rejected` (a count for each reason) and `minutes` (their number)."""
        return {
            "accepted": len(self.accepted),
            "rejected": dict(self.rejected),
            "minutes": len({record.minute for record in self.accepted}),
        }

    def keep_fitting(self, minutes: Mapping[datetime, Minute]) -> None:
        """Reject each record whose bytes do not fit into its minute, and add others to it.

        Args:
            minutes: metrics before this batch; records of other minutes are kept.
        """
        accepted = self.accepted
        self.accepted = [
            record
            for record in accepted
            if record.minute not in minutes or minutes[record.minute].add(record)
        ]
        if len(accepted) > len(self.accepted):
            self.rejected[OVERFLOW] += len(accepted) - len(self.accepted)


def normalise_batch(records: Iterable[object]) -> Batch:
    """Normalise records one by one; an invalid one is counted by reason and skipped."""
    batch = Batch()
    for record in records:
        match normalise(record):
            case Rejection(reason):
                batch.rejected[reason] += 1
            case NetworkRecord() as accepted:
                batch.accepted.append(accepted)
    batch.keep_fitting({record.minute: Minute() for record in batch.accepted})
    return batch


def normalise(record: object) -> NetworkRecord | Rejection:
    """Return a record of any supported format as a common record, or the reason to reject it."""
    if not isinstance(record, Mapping):
        return Rejection("not an object")
    if _first(record, "timestamp") is None:
        return Rejection("no timestamp")
    timestamp = _timestamp(_first(record, "timestamp"))
    if timestamp is None:
        return Rejection("invalid timestamp")
    source, destination = _address(record, "source"), _address(record, "destination")
    if source is None or destination is None:
        return Rejection("no source or destination address")
    octets = _octets(record)
    if octets is None:
        return Rejection("invalid byte count")
    return NetworkRecord(
        timestamp=timestamp,
        format=_format(record),
        kind=_text(record, "kind")[:64] or "event",
        source=source,
        destination=destination,
        source_port=_port(_first(record, "source_port")),
        destination_port=_port(_first(record, "destination_port")),
        protocol=_text(record, "protocol")[:32].lower() or None,
        octets=octets,
    )


def _first(record: Mapping[str, Any], meaning: str) -> Any:
    return next((record[name] for name in _NAMES[meaning] if record.get(name) is not None), None)


def _format(record: Mapping[str, Any]) -> Format:
    if "event_type" in record and "src_ip" in record:
        return "suricata"
    zeek = "id.orig_h" in record or "id_orig_h" in record
    return "zeek" if zeek and "ts" in record else "generic"


def _timestamp(value: object) -> datetime | None:
    """Parse unix seconds or ISO 8601 as UTC; a time without a zone counts as UTC."""
    try:
        moment = _moment(value)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment is not None and _EARLIEST <= moment < _LATEST else None


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    moment = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", value.strip()))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _address(record: Mapping[str, Any], meaning: str) -> str | None:
    value = _first(record, meaning)
    try:
        return str(ip_address(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(record: Mapping[str, Any], meaning: str) -> str:
    value = _first(record, meaning)
    return value if isinstance(value, str) else ""


def _port(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:6])
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535
    return value if known and isinstance(value, int) else None


def _octets(record: Mapping[str, Any]) -> int | None:
    """Return the bytes in both directions, None if a count is invalid."""
    flow = record.get("flow")
    places = [record, flow] if isinstance(flow, Mapping) else [record]
    counts = [_count(place, names) for place in places for names in (_SENT, _RECEIVED)]
    valid = [count for count in counts if count is not None]
    return sum(valid) if len(valid) == len(counts) else None


def _count(place: Mapping[str, Any], names: Iterable[str]) -> int | None:
    """Return the first count, 0 without any, None for one that no number of bytes can be."""
    values = (_number(place.get(name)) for name in names)
    count = next((value for value in values if value is not None), 0)
    return int(count) if 0 <= count < _MAX_COUNT and count == int(count) else None


def _number(value: object) -> int | float | None:
    """Return a number, also of digits in a string; None for any other value."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:_MAX_DIGITS])
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and isinstance(value, int | float) else None
