"""Matches a tenant's package inventory with OSV advisories, and stores the findings."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from sqlalchemy import delete, select

from securenet_obs.detection.effects import Effect
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
        `tenant_id`, `packages` and `advisories` (their numbers), `invalid_versions` (number of
        packages without a valid version), `findings` (objects `package`, `version`, `advisory`).
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
    tenant_id: str, inventory: Sequence[InventoryItem], advisories: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "packages": len(inventory),
        "advisories": len(advisories),
        "invalid_versions": sum(_version(item.version) is None for item in inventory),
        "findings": list(_findings(inventory, advisories)),
    }


def affects(advisory: Mapping[str, Any], package: str, version: Version) -> bool:
    """Return whether an OSV advisory affects this version of a PyPI package."""
    name = canonicalize_name(package)
    affected = [
        entry
        for entry in advisory.get("affected", ())
        if entry["package"]["ecosystem"] == "PyPI"
        and canonicalize_name(entry["package"]["name"]) == name
    ]
    return any(_is_listed(entry, version) or _in_ranges(entry, version) for entry in affected)


def _in_ranges(entry: Mapping[str, Any], version: Version) -> bool:
    ranges = (part for part in entry.get("ranges", ()) if part["type"] == "ECOSYSTEM")
    return any(is_in_range(part["events"], version) for part in ranges)


def is_in_range(events: Sequence[Mapping[str, str]], version: Version) -> bool:
    """Return whether a version is in an OSV range: introduced, not fixed, not past the last.

    Events are evaluated in order of version, regardless of their order in the advisory.
    """
    affected = False
    for kind, bound in sorted(_bounds(events), key=lambda pair: pair[1]):
        if kind == "introduced" and version >= bound:
            affected = True
        elif (kind == "fixed" and version >= bound) or (
            kind == "last_affected" and version > bound
        ):
            affected = False
    return affected


def _bounds(events: Iterable[Mapping[str, str]]) -> Iterable[tuple[str, Version]]:
    for event in events:
        for kind, text in event.items():
            # OSV's "0" precedes every version; the earliest version in PEP 440 is 0.dev0.
            bound = Version("0.dev0") if text == "0" else _version(text)
            if bound is not None:
                yield kind, bound


def _is_listed(entry: Mapping[str, Any], version: Version) -> bool:
    return any(_version(text) == version for text in entry.get("versions", ()))


def _findings(
    inventory: Iterable[InventoryItem], advisories: Iterable[Mapping[str, Any]]
) -> Iterable[dict[str, str]]:
    known = list(advisories)
    for item in inventory:
        version = _version(item.version)
        for advisory in known:
            if version is not None and affects(advisory, item.package, version):
                yield {
                    "package": item.package,
                    "version": item.version,
                    "advisory": str(advisory["id"]),
                }


def _columns(found: Mapping[str, str]) -> dict[str, str]:
    return {
        "advisory_id": found["advisory"],
        "package": found["package"],
        "version": found["version"],
    }


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
