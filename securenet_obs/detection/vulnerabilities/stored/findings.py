"""Findings of a tenant over time: when each was seen, why it is new, waived, resolved, notified."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from securenet_obs import store
from securenet_obs.detection.vulnerabilities.components import Package
from securenet_obs.detection.vulnerabilities.matching import Match, Use, judge
from securenet_obs.detection.vulnerabilities.report import Finding, Report
from securenet_obs.detection.vulnerabilities.stored.advisories import StoredIndex
from securenet_obs.detection.vulnerabilities.waivers import Waived, Waiver

INVENTORY_CHANGED = "inventory_changed"
ADVISORY_NEW = "advisory_new"
ADVISORY_AMENDED = "advisory_amended"
WAIVER_EXPIRED = "waiver_expired"
SCANNER_CHANGED = "scanner_changed"
"""Cause of a finding if neither inventory nor advisory changed: this version judges otherwise."""


@dataclass(frozen=True)
class Causes:
    """Names the cause of a new finding, by the changes since the scan before.

    Attributes:
        before: packages with their versions in the inventory of the scan before.
        sync_number: last synchronisation that the scan before has read.
    """

    before: frozenset[tuple[Package, str]]
    sync_number: int
    index: StoredIndex

    def cause_of(self, match: Match) -> str:
        """Return the cause of a match that the scan before did not have."""
        use = match.use
        if (use.package, use.version) not in self.before:
            return INVENTORY_CHANGED
        every = match.vulnerability.entries
        entries = [entry for entry in every if judge(entry, use.version) is True]
        numbers = [self.index.numbers_of(entry) for entry in entries]
        if any(added_in > self.sync_number for added_in, _ in numbers):
            return ADVISORY_NEW
        if any(changed_in > self.sync_number for _, changed_in in numbers):
            return ADVISORY_AMENDED
        return SCANNER_CHANGED


def record_findings(
    session: Session, tenant_id: str, report: Report, waived: Waived, causes: Causes
) -> list[store.Finding]:
    """Store the findings of a scan; return the critical ones that were not notified before.

    A finding is the same as before if it shares an id, of the same version, with it: its id stays,
    although a preferred advisory may name the vulnerability later. Findings that the report does
    not have are resolved.
    """
    now = datetime.now(UTC)
    stored = _Stored(session, tenant_id)
    for position, (finding, match) in enumerate(zip(report.findings, report.matches, strict=True)):
        row = stored.row_of(match.use, finding)
        waiver = waived.by_finding.get(position)
        if row is None:
            row = stored.add(match.use, finding, now)
            row.cause = causes.cause_of(match)
        elif row.resolved_at is not None:
            _reopen(row, causes.cause_of(match), now)
        elif row.waived_until is not None and waiver is None:
            _reopen(row, WAIVER_EXPIRED, now)
        row.details = finding.as_json() | {"ids": list(finding.ids)}
        row.last_seen, row.waived_until = now, _end_of(waiver)
    stored.resolve_others(now)
    return [row for row in stored.seen if _notify(row, now)]


def list_findings(session: Session, tenant_id: str, *, resolved: bool) -> list[store.Finding]:
    """Return a tenant's findings, the newest first; resolved ones on request only."""
    query = select(store.Finding).where(store.Finding.tenant_id == tenant_id)
    if not resolved:
        query = query.where(store.Finding.resolved_at.is_(None))
    order = store.Finding.new_at.desc(), store.Finding.package, store.Finding.advisory_id
    return list(session.scalars(query.order_by(*order)))


def as_row(row: store.Finding) -> dict[str, Any]:
    """Return a stored finding as JSON values, with the times of its history."""
    times = ("first_seen", "new_at", "last_seen", "resolved_at", "waived_until")
    moments = {name: getattr(row, name) for name in times}
    return {
        **row.details,
        "cause": row.cause,
        **{name: moment and f"{moment:%FT%TZ}" for name, moment in moments.items()},
    }


class _Stored:
    """A tenant's stored findings, and those of them that a scan has seen."""

    def __init__(self, session: Session, tenant_id: str) -> None:
        self._session, self._tenant_id = session, tenant_id
        self._rows = list_findings(session, tenant_id, resolved=True)
        self._by_id: defaultdict[tuple[Package, str, str], list[store.Finding]] = defaultdict(list)
        self.seen: list[store.Finding] = []
        for row in self._rows:
            package = Package(row.ecosystem, row.package)
            for one in {row.advisory_id, *row.details["ids"]}:
                self._by_id[package, row.version, one].append(row)

    def row_of(self, use: Use, finding: Finding) -> store.Finding | None:
        """Return the row of a finding, open ones before resolved ones; None for a new finding."""
        keys = ((use.package, use.version, one) for one in finding.ids)
        same = [row for key in keys for row in self._by_id.get(key, ())]
        same.sort(key=lambda row: row.resolved_at is not None)
        self.seen += same[:1]
        return same[0] if same else None

    def add(self, use: Use, finding: Finding, now: datetime) -> store.Finding:
        """Add the row of a new finding."""
        row = store.Finding(
            tenant_id=self._tenant_id,
            ecosystem=use.package.ecosystem,
            package=use.package.name,
            version=use.version,
            advisory_id=finding.advisory_id,
            first_seen=now,
            new_at=now,
        )
        self._session.add(row)
        self.seen.append(row)
        return row

    def resolve_others(self, now: datetime) -> None:
        """Mark the open findings that the scan has not seen as resolved."""
        seen = set(map(id, self.seen))
        for row in self._rows:
            if id(row) not in seen and row.resolved_at is None:
                row.resolved_at = now


def _reopen(row: store.Finding, cause: str, now: datetime) -> None:
    row.cause, row.new_at = cause, now
    row.resolved_at = row.notified_at = None


def _notify(row: store.Finding, now: datetime) -> bool:
    """Mark a critical finding as notified, once; return whether it has to be logged now."""
    is_due = (
        row.details["severity"] == "critical"
        and row.waived_until is None
        and row.notified_at is None
    )
    if is_due:
        row.notified_at = now
    return is_due


def _end_of(waiver: Waiver | None) -> datetime | None:
    """Return the end of a waiver's last day."""
    return None if waiver is None else datetime.combine(waiver.expires_on, time.max, UTC)
