"""Follows a request, or a tenant's requests, through the log lines; leaves other tenants out."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from securenet_obs.probes.logs.lines import LineReading
from securenet_obs.probes.logs.newest import Record
from securenet_obs.probes.logs.records.gathering import GatheredRange

_Key = tuple[str, ...]


@dataclass(frozen=True)
class Followed:
    """Lines of one tenant, and the number of those that were left out.

    Args:
        lines: the lines, in the order of their times.
        foreign: lines under the same ids of other tenants, or of an unknown one.
        tenants: tenants that the lines name.
    """

    lines: Sequence[Record]
    foreign: int
    tenants: Sequence[str]


def follow(
    source: str, *, request_id: str, tenant_id: str, since: datetime, until: datetime
) -> Followed:
    """Return the lines of a request, or of all requests of a tenant; rotations are read, too.

    Args:
        source: a file, a folder or a glob.
        request_id: id of the request; empty for all of the tenant.
        tenant_id: the tenant; empty for that of the request, if its lines name one alone.
        since: time of the oldest line.
        until: time of the newest line.

    Raises:
        SettingsError: no source was given.
        NotFoundError: the source does not exist, or holds no log file.
    """
    kept: list[Record] = []
    tenants: set[str] = set()
    others: set[_Key] = set()
    foreign = 0
    for row in _read(source):
        if not _is_wanted(row, request_id) or not since <= (read_time(row) or since) <= until:
            continue
        named = str(row.get("tenant_id") or "")
        tenants |= {named} - {""}
        if named and tenant_id and named != tenant_id:
            others.update(_keys(row))
            foreign += 1
        else:
            kept.append(row)
    wanted = tenant_id or (min(tenants) if len(tenants) == 1 else "")
    own = select_own(kept, wanted, others) if wanted else []
    left_out = len(kept) - len(own) + foreign if request_id else 0
    return Followed(sorted(own, key=_order), left_out, sorted(tenants))


def select_own(
    lines: Sequence[Record], tenant_id: str, others: Set[_Key] = frozenset()
) -> list[Record]:
    """Return the lines of a tenant, and those without one that are certainly of its requests.

    A line without a tenant is certain if its task, or its request and trace, has a line of this
    tenant and none of another: clients choose their request ids, and may choose the same.

    Args:
        lines: lines of this tenant, and lines without one.
        tenant_id: the tenant.
        others: tasks, and requests with their traces, of other tenants' lines.
    """
    own = {key for row in lines if row.get("tenant_id") == tenant_id for key in _keys(row)}
    certain = own - others
    return [
        row
        for row in lines
        if row.get("tenant_id") == tenant_id
        or (not row.get("tenant_id") and any(key in certain for key in _keys(row)))
    ]


def find_foreign_ids(source: str, tenant_id: str, since: datetime, until: datetime) -> set[str]:
    """Return the ids of tasks and events on the lines that name another tenant.

    Args:
        source: a file, a folder or a glob.
        tenant_id: the tenant.
        since: time of the oldest line.
        until: time of the newest line.

    Raises:
        SettingsError: no source was given.
        NotFoundError: the source does not exist, or holds no log file.
    """
    return {
        str(row[name])
        for row in _read(source)
        if row.get("tenant_id") not in (None, tenant_id)
        and since <= (read_time(row) or since) <= until
        for name in ("task_id", "queued_task_id", "sentry_event_id")
        if row.get(name)
    }


def read_time(row: Record) -> datetime | None:
    """Return the time of a line; None if it has none with a zone."""
    try:
        at = datetime.fromisoformat(str(row.get("timestamp")))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _read(source: str) -> Iterator[Record]:
    for part in LineReading(source).read():
        if not isinstance(part.records, GatheredRange):
            yield from part.records.records


def _is_wanted(row: Record, request_id: str) -> bool:
    if request_id:
        return row.get("request_id") == request_id
    return bool(row.get("request_id") or row.get("tenant_id"))


def _keys(row: Record) -> Iterable[_Key]:
    """Return the task of a line; else its request and trace."""
    if row.get("task_id"):
        return [("task", str(row["task_id"]))]
    if row.get("request_id") and row.get("trace_id"):
        return [("request", str(row["request_id"]), str(row["trace_id"]))]
    return []


def _order(row: Record) -> str:
    return str(row.get("timestamp"))
