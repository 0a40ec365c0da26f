"""Synchronises the stored advisories with a folder, an archive or OSV's API; and CISA's list."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, func, select

from securenet_obs import store
from securenet_obs.detection.vulnerabilities.advisories.api import OsvApi
from securenet_obs.detection.vulnerabilities.advisories.files import read_records
from securenet_obs.detection.vulnerabilities.components import Component, Package
from securenet_obs.detection.vulnerabilities.stored.advisories import (
    Changes,
    sync_advisories,
)
from securenet_obs.errors import AdvisoriesError


def sync_from(source: str, max_age: timedelta | None) -> Changes:
    """Synchronise with a path or an address, and return the changes.

    OSV's API is asked for the packages of all tenants' current inventories.

    Raises:
        AdvisoriesError: the source does not exist, has no records, or older ones than `max_age`.
        UnreachableError: the API did not answer.
    """
    if source.startswith(("http://", "https://")):
        packages = packages_in_use()
        records = OsvApi(source).read_records(packages)
        return sync_advisories(source, records, packages=packages)
    path = Path(source)
    if not path.exists():
        raise AdvisoriesError(f"{source} does not exist")
    return sync_advisories(source, read_records(path), max_age=max_age)


def packages_in_use() -> dict[Package, str]:
    """Return the packages of all tenants' current inventories, each with a spelling of its name."""
    latest = (
        select(store.Inventory.tenant_id, func.max(store.Inventory.number).label("number"))
        .group_by(store.Inventory.tenant_id)
        .subquery()
    )
    query = select(store.Inventory.components).join(
        latest,
        (store.Inventory.tenant_id == latest.c.tenant_id)
        & (store.Inventory.number == latest.c.number),
    )
    with store.session_scope() as session:
        rows = [row for components in session.scalars(query) for row in components]
    components = map(Component.from_json, rows)
    return {row.package: row.name for row in components if not row.unjudged}


def store_exploited(exploited: Mapping[str, str]) -> int:
    """Replace the list of known exploited vulnerabilities; return its length."""
    with store.session_scope() as session:
        session.execute(delete(store.ExploitedVulnerability))
        session.add_all(
            store.ExploitedVulnerability(cve_id=cve_id[:100], added_on=added_on)
            for cve_id, added_on in exploited.items()
        )
    return len(exploited)
