"""Scans a tenant's stored inventory with the stored advisories, and stores the findings."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import delete, select

from securenet_obs.detection.effects import Effect
from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.advisories.index import build_index
from securenet_obs.detection.vulnerabilities.components import Component, Inventory
from securenet_obs.detection.vulnerabilities.ecosystems import package_of
from securenet_obs.detection.vulnerabilities.report import scan
from securenet_obs.store import Advisory, Finding, InventoryItem, lock_tenant, session_scope

_log = structlog.get_logger(__name__)


def scan_tenant(tenant_id: str, window: str | None = None) -> dict[str, Any]:
    """Match the tenant's inventory with the advisories in the store, and store the findings.

    A tenant without an inventory has no findings: `packages` is 0.

    Args:
        tenant_id: owner of the packages.
        window: the slot of a schedule, or any other key; if the store has a result for it, that
            result is returned and the findings are not stored again.

    Returns:
        `tenant_id`, `packages` and `advisories` (their numbers), `findings`, `unjudged` and `plan`
        as `scan` reports them.
    """
    effect = Effect(tenant_id, "run_vulnerability_scan", window or uuid.uuid4().hex)
    with session_scope() as session:
        if (earlier := effect.earlier_result(session)) is not None:
            return earlier
        inventory = session.scalars(
            select(InventoryItem).where(InventoryItem.tenant_id == tenant_id)
        ).all()
        advisories = [row.content for row in session.scalars(select(Advisory))]
    result = _scan(tenant_id, inventory, advisories)
    with session_scope() as session:
        lock_tenant(session, tenant_id)
        if effect.claim(session, result):
            session.execute(delete(Finding).where(Finding.tenant_id == tenant_id))
            rows = (Finding(tenant_id=tenant_id, **_columns(row)) for row in result["findings"])
            session.add_all(rows)
    counts = {"packages": result["packages"], "findings": len(result["findings"])}
    _log.info("vulnerability_scan_finished", **counts)
    return result


def _scan(
    tenant_id: str, items: Sequence[InventoryItem], advisories: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    components = [
        Component(package_of("PyPI", item.package), item.package, item.version) for item in items
    ]
    index = build_index(Source(f"advisory {row.get('id')}", row) for row in advisories)
    report = scan(Inventory(components), index)
    return {
        "tenant_id": tenant_id,
        "packages": len(items),
        "advisories": index.records,
        **report.as_json(),
    }


def _columns(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        "advisory_id": found["id"],
        "package": found["package"],
        "version": found["version"],
    }
