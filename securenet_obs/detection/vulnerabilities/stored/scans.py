"""Scans a tenant's stored inventory with the stored advisories, and records the findings."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from securenet_obs import store
from securenet_obs.detection.effects import Effect
from securenet_obs.detection.vulnerabilities.report import Report, scan
from securenet_obs.detection.vulnerabilities.stored.advisories import StoredIndex, last_sync
from securenet_obs.detection.vulnerabilities.stored.findings import Causes, record_findings
from securenet_obs.detection.vulnerabilities.stored.inventories import (
    StoredInventory,
    load_inventory,
)
from securenet_obs.detection.vulnerabilities.stored.waivers import load_waivers
from securenet_obs.detection.vulnerabilities.waivers import Waived, apply_waivers

MAX_AGE = timedelta(days=30)
"""Greatest time since the last synchronisation of advisories, unless a setting changes it."""

MAX_REPORTED = 100
"""Maximum number of findings, unjudged packages and upgrades in a task's result."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Scan:
    """A scan of an inventory, and the versions of the data that it has read."""

    stored: StoredInventory
    index: StoredIndex
    report: Report
    waived: Waived

    def result(self, tenant_id: str) -> dict[str, Any]:
        """Return the result of the task."""
        rows = self.report.as_json()
        counts = {name: len(listed) for name, listed in rows.items()}
        return {
            "tenant_id": tenant_id,
            "refused": None,
            "packages": self.report.uses,
            "inventory": self.stored.number,
            "sync": self.index.sync_number,
            "counts": {**counts, "waived": len(self.waived.by_finding)},
            **{name: listed[:MAX_REPORTED] for name, listed in rows.items()},
            "waivers": self.waived.as_json(),
        }


def scan_tenant(
    tenant_id: str, window: str | None = None, max_age: timedelta = MAX_AGE
) -> dict[str, Any]:
    """Match the tenant's inventory with the advisories in the store, and record the findings.

    A tenant without an inventory has no findings: `packages` is 0. Without advisories, or with old
    ones, the scan is refused, and the findings stay as they are. Each new critical finding is
    logged as an error, once.

    Args:
        tenant_id: owner of the packages.
        window: the slot of a schedule, or any other key; if the store has a result for it, that
            result is returned and the findings are not recorded again.
        max_age: greatest time since the last synchronisation of advisories.

    Returns:
        `tenant_id`, `refused` (the reason, or None), `packages` (number of different versions of
        packages), `inventory` and `sync` (the numbers that were read), `counts` by list, and the
        lists `findings`, `unjudged` and `plan` as `scan` reports them, cut at `MAX_REPORTED`;
        `waivers` lists unused and expired ones.
    """
    effect = Effect(tenant_id, "run_vulnerability_scan", window or uuid.uuid4().hex)
    with store.session_scope() as session:
        if (earlier := effect.earlier_result(session)) is not None:
            return earlier
        if refusal := _refusal(session, max_age):
            _log.warning("vulnerability_scan_refused", reason=refusal)
            return {"tenant_id": tenant_id, "refused": refusal}
        done = _scan(session, tenant_id)
    result = done.result(tenant_id)
    for finding in _record(tenant_id, effect, done, result):
        _log.error("critical_vulnerability_found", **_log_fields(finding))
    _log.info("vulnerability_scan_finished", packages=result["packages"], **result["counts"])
    return result


def describe_last_scan(session: Session, tenant_id: str) -> str:
    """Return when a tenant was last scanned, and with which inventory, as half a sentence."""
    scan = session.get(store.VulnerabilityScan, tenant_id)
    if scan is None:
        return "never scanned"
    return f"last scanned {scan.scanned_at:%FT%TZ}, inventory {scan.inventory_number}"


def _refusal(session: Session, max_age: timedelta) -> str:
    sync = last_sync(session)
    if sync is None:
        return "no advisories are stored; run securenet-obs advisories sync"
    age = datetime.now(UTC) - sync.synced_at
    if age > max_age:
        return f"the advisories were synchronised {age.days} days ago, at most {max_age.days} count"
    return ""


def _scan(session: Session, tenant_id: str) -> _Scan:
    stored = load_inventory(session, tenant_id)
    index = StoredIndex(session)
    exploited = set(session.scalars(select(store.ExploitedVulnerability.cve_id)))
    report = scan(stored.inventory, index, exploited=exploited)
    today = datetime.now(UTC).date()
    waived = apply_waivers(report, load_waivers(session, tenant_id), today)
    return _Scan(stored, index, report, waived)


def _record(
    tenant_id: str, effect: Effect, done: _Scan, result: dict[str, Any]
) -> list[store.Finding]:
    """Record findings, unless a scan of newer data was recorded; return new critical ones."""
    with store.session_scope() as session:
        store.lock_tenant(session, tenant_id)
        last = session.get(store.VulnerabilityScan, tenant_id)
        if not effect.claim(session, result) or not done.stored.number or _is_newer(last, done):
            return []
        causes = _causes(session, last, done.index)
        critical = record_findings(session, tenant_id, done.report, done.waived, causes)
        session.merge(
            store.VulnerabilityScan(
                tenant_id=tenant_id,
                scanned_at=datetime.now(UTC),
                inventory_number=done.stored.number,
                sync_number=done.index.sync_number,
            )
        )
    return critical


def _is_newer(last: store.VulnerabilityScan | None, done: _Scan) -> bool:
    if last is None:
        return False
    read = done.stored.number, done.index.sync_number
    return last.inventory_number > read[0] or last.sync_number > read[1]


def _causes(session: Session, last: store.VulnerabilityScan | None, index: StoredIndex) -> Causes:
    if last is None:
        return Causes(frozenset(), 0, index)
    before = load_inventory(session, last.tenant_id, last.inventory_number).inventory
    versions = frozenset((row.package, row.version) for row in before.components)
    return Causes(versions, last.sync_number, index)


def _log_fields(finding: store.Finding) -> dict[str, Any]:
    names = ("package", "ecosystem", "version", "aliases", "fixed", "known_exploited")
    shown = {name: finding.details[name] for name in names}
    return {"advisory_id": finding.details["id"], "cause": finding.cause, **shown}
