"""Sources of a synchronisation."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from securenet_obs.detection.vulnerabilities.components import Package
from securenet_obs.detection.vulnerabilities.stored.inventories import store_inventory
from securenet_obs.detection.vulnerabilities.stored.sources import (
    packages_in_use,
    store_exploited,
    sync_from,
)
from securenet_obs.errors import AdvisoriesError
from securenet_obs.store import ExploitedVulnerability, session_scope
from tests.detection.vulnerabilities.advisories.test_api import OsvServer, osv
from tests.detection.vulnerabilities.osv import advisory, before, inventory_of

__all__ = ["osv"]

pytestmark = pytest.mark.usefixtures("empty_store")


def put(tenant_id: str, *pairs: tuple[str, str]) -> None:
    """Store a tenant's inventory."""
    with session_scope() as session:
        store_inventory(session, tenant_id, inventory_of(*pairs), "test")


def test_a_path_is_read_whole(tmp_path: Path) -> None:
    """A folder is a source; one that does not exist is refused."""
    (tmp_path / "A.json").write_text(json.dumps(advisory("A", *before("2"))))
    assert sync_from(str(tmp_path), None).summary()["added"] == 1
    with pytest.raises(AdvisoriesError, match="older than 1 days"):
        sync_from(str(tmp_path), timedelta(days=1))
    with pytest.raises(AdvisoriesError, match="nowhere does not exist"):
        sync_from("nowhere", None)


def test_the_api_is_asked_for_the_packages_in_use(osv: OsvServer) -> None:
    """Those of the current inventories of all tenants, spelt as there."""
    put("acme", ("gone", "1"))
    put("acme", ("Left_Pad", "1"))
    put("other", ("clean", "1"))
    assert packages_in_use() == {
        Package("PyPI", "left-pad"): "Left_Pad",
        Package("PyPI", "clean"): "clean",
    }
    assert sync_from(osv.url, timedelta(days=1)).summary()["added"] == 4
    assert "Left_Pad-0" in osv.fetched


def test_the_list_of_exploited_vulnerabilities_is_replaced() -> None:
    """A CVE that CISA has removed does not stay."""
    store_exploited({"CVE-1": "2026-01-01", "CVE-2": "2026-01-02"})
    assert store_exploited({"CVE-2": "2026-01-03"}) == 1
    with session_scope() as session:
        rows = session.scalars(select(ExploitedVulnerability)).all()
    assert [(row.cve_id, row.added_on) for row in rows] == [("CVE-2", "2026-01-03")]
