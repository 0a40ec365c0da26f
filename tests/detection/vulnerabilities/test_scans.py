"""Scans of a tenant's stored inventory."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from securenet_obs.detection.vulnerabilities.scans import scan_tenant
from securenet_obs.stack.samples import store_samples
from securenet_obs.store import Finding, InventoryItem, Tenant, session_scope

TENANTS = ("acme", "other")


@pytest.mark.usefixtures("empty_store")
def test_a_scan_replaces_the_findings_of_the_last() -> None:
    """Findings are those of the last scan, and only the tenant's own."""
    store_samples(os.environ["DATABASE_URL"], TENANTS)
    for tenant_id in TENANTS:
        assert len(scan_tenant(tenant_id)["findings"]) == 3
    with session_scope() as session:
        item = session.get_one(InventoryItem, ("acme", "Werkzeug", "2.2.2"))
        item.version = "3.1.4"
    assert [found["package"] for found in scan_tenant("acme")["findings"]] == ["requests"]
    with session_scope() as session:
        stored = session.scalars(select(Finding.tenant_id).order_by(Finding.tenant_id)).all()
    assert stored == ["acme", "other", "other", "other"]


@pytest.mark.usefixtures("empty_store")
def test_a_window_is_scanned_once() -> None:
    """A second scan for the same window returns the first result, and stores nothing."""
    store_samples(os.environ["DATABASE_URL"], TENANTS)
    first = scan_tenant("acme", "2026-01-01T06:00Z")
    with session_scope() as session:
        item = session.get_one(InventoryItem, ("acme", "Werkzeug", "2.2.2"))
        item.version = "3.1.4"
    assert scan_tenant("acme", "2026-01-01T06:00Z") == first
    with session_scope() as session:
        assert len(session.scalars(select(Finding)).all()) == 3


@pytest.mark.usefixtures("empty_store")
def test_a_tenant_without_an_inventory_has_no_findings() -> None:
    """A scan adds neither sample packages nor the tenant itself."""
    store_samples(os.environ["DATABASE_URL"], TENANTS)
    answer = scan_tenant("real")
    assert (answer["packages"], answer["advisories"], answer["findings"]) == (0, 7, [])
    with session_scope() as session:
        assert session.get(Tenant, "real") is None
        owners = session.scalars(select(InventoryItem.tenant_id).distinct()).all()
    assert sorted(owners) == sorted(TENANTS)


@pytest.mark.usefixtures("empty_store")
def test_an_invalid_version_is_not_judged() -> None:
    """A version outside PEP 440 does not stop the scan, and is not clean either."""
    store_samples(os.environ["DATABASE_URL"], ())
    with session_scope() as session:
        session.add(Tenant(tenant_id="acme"))
        session.flush()
        session.add(InventoryItem(tenant_id="acme", package="requests", version="not-a-version"))
    answer = scan_tenant("acme")
    assert (answer["packages"], answer["findings"]) == (1, [])
    assert [row["ids"] for row in answer["unjudged"]] == [["PYSEC-2023-74"]]


def test_concurrent_scans_of_a_tenant_all_succeed(empty_store: str) -> None:
    """Scans of different windows replace the findings one after another."""
    store_samples(empty_store, TENANTS)
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: scan_tenant(TENANTS[0], f"window-{n}"), range(18)))
    assert len({len(result["findings"]) for result in results}) == 1
    with session_scope() as session:
        rows = session.scalars(select(Finding).where(Finding.tenant_id == TENANTS[0])).all()
    assert len(rows) == len(results[0]["findings"])
