"""Normalises Suricata, Zeek and generic records; adds a batch to a tenant's minutes, once by id."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Literal

from sqlalchemy import BigInteger, case, literal
from sqlalchemy.orm import Session

from securenet_obs.store import (
    NetworkMinute,
    ProcessedBatch,
    dialect_insert,
    ensure_tenant,
    insert_once,
)

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
_METRICS = ("records", "octets")

MAX_COUNTER = 2**63 - 1
"""Maximum of a minute's counters: the largest integer of both databases."""


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


@dataclass(frozen=True)
class Rejection:
    """Reason for rejecting a record; it does not contain any of the record's content."""

    reason: str


@dataclass
class Minute:
    """Metrics of one minute."""

    records: int = 0
    octets: int = 0


@dataclass
class Batch:
    """A normalised batch: the accepted records, and the number of rejected ones by reason."""

    accepted: list[NetworkRecord] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    def minutes(self) -> dict[datetime, Minute]:
        """Return the metrics of each minute with records, in chronological order."""
        minutes: dict[datetime, Minute] = {}
        for record in sorted(self.accepted, key=lambda record: record.timestamp):
            minute = minutes.setdefault(record.timestamp.replace(second=0, microsecond=0), Minute())
            minute.records += 1
            minute.octets += record.octets
        return minutes


def normalise_batch(records: Iterable[object]) -> Batch:
    """Normalise records one by one; an invalid one is counted by reason and skipped."""
    batch = Batch()
    for record in records:
        match normalise(record):
            case Rejection(reason):
                batch.rejected[reason] += 1
            case NetworkRecord() as accepted:
                batch.accepted.append(accepted)
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
    return NetworkRecord(
        timestamp=timestamp,
        format=_format(record),
        kind=str(_first(record, "kind") or "event")[:64],
        source=source,
        destination=destination,
        source_port=_port(_first(record, "source_port")),
        destination_port=_port(_first(record, "destination_port")),
        protocol=str(_first(record, "protocol") or "")[:32].lower() or None,
        octets=_octets(record),
    )


def count_batch(session: Session, tenant_id: str, batch_id: str, batch: Batch) -> bool:
    """Add a batch to the tenant's minutes; return False, without a change, if it was counted."""
    ensure_tenant(session, tenant_id)
    if not insert_once(session, ProcessedBatch, batch_id=batch_id, tenant_id=tenant_id):
        return False
    add_minutes(session, tenant_id, batch)
    return True


def add_minutes(session: Session, tenant_id: str, batch: Batch) -> None:
    """Add a batch to the tenant's minutes; concurrent additions are safe.

    Batches lock their minutes in chronological order, without deadlocks. A counter stays at
    `MAX_COUNTER`.
    """
    insert = dialect_insert(session, NetworkMinute)
    increments = {
        name: _sum(getattr(NetworkMinute, name), insert.excluded[name]) for name in _METRICS
    }
    rows = [
        {
            "tenant_id": tenant_id,
            "minute": moment,
            **{name: min(getattr(new, name), MAX_COUNTER) for name in _METRICS},
        }
        for moment, new in batch.minutes().items()
    ]
    if rows:
        keys = ["tenant_id", "minute"]
        session.execute(insert.on_conflict_do_update(index_elements=keys, set_=increments), rows)


def _sum(stored: Any, added: Any) -> Any:
    """Return SQL for a sum that does not overflow: SQLite would turn it into a float."""
    return case(
        (stored > literal(MAX_COUNTER, BigInteger) - added, MAX_COUNTER), else_=stored + added
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


def _port(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:6])
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535
    return value if known and isinstance(value, int) else None


def _octets(record: Mapping[str, Any]) -> int:
    flow = record.get("flow")
    places = [record, flow] if isinstance(flow, Mapping) else [record]
    return sum(_count(place, names) for place in places for names in (_SENT, _RECEIVED))


def _count(place: Mapping[str, Any], names: Iterable[str]) -> int:
    values = (place.get(name) for name in names)
    counts = (value for value in values if isinstance(value, int) and not isinstance(value, bool))
    return next((count for count in counts if 0 <= count < _MAX_COUNT), 0)
