"""Matching of inventory and advisories."""

import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from packaging.version import InvalidVersion, Version
from sqlalchemy import select

from securenet_obs.detection.vulnerabilities import affects, is_in_range, scan_tenant
from securenet_obs.stack.samples import store_samples
from securenet_obs.store import Finding, InventoryItem, Tenant, session_scope

TENANTS = ("acme", "other")

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "advisories" / "PyPI" / "all.zip"


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("0.9", True),
        ("1.0", False),
        ("1.5", False),
        ("2.0", True),
        ("2.1.9", True),
        ("2.2rc1", True),
        ("2.2", False),
        ("3.0", False),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_ranges_are_judged_in_order_of_version(version: str, affected: bool, order: int) -> None:
    """Two intervals are recognised in any order of their events."""
    events = [{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}, {"fixed": "2.2"}]
    assert is_in_range(events[::order], Version(version)) is affected


def test_the_last_affected_version_is_affected() -> None:
    """last_affected is inclusive, fixed is not."""
    events = [{"introduced": "1.0"}, {"last_affected": "1.4"}]
    assert is_in_range(events, Version("1.4"))
    assert not is_in_range(events, Version("1.4.1"))


def test_names_are_compared_as_pypi_does() -> None:
    """Case, dots and underscores of a package's name do not matter."""
    package = {"ecosystem": "PyPI", "name": "ruamel-yaml"}
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]
    advisory = {"id": "X", "affected": [{"package": package, "ranges": ranges}]}
    assert affects(advisory, "Ruamel.YAML", Version("1"))
    assert not affects(advisory, "ruamel", Version("1"))
    other: dict[str, Any] = {"package": package | {"ecosystem": "npm"}, "ranges": ranges}
    assert not affects({"id": "Y", "affected": [other]}, "ruamel-yaml", Version("1"))


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
def test_an_invalid_version_is_counted() -> None:
    """A version outside PEP 440 does not stop the scan."""
    with session_scope() as session:
        session.add(Tenant(tenant_id="acme"))
        session.flush()
        session.add(InventoryItem(tenant_id="acme", package="requests", version="not-a-version"))
    answer = scan_tenant("acme")
    assert (answer["packages"], answer["invalid_versions"], answer["findings"]) == (1, 1, [])


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the advisories are not on this machine")
def test_ranges_agree_with_the_listed_versions() -> None:
    """Over published advisories, ranges find all but a few of the versions that they list."""
    judged = missed = 0
    with zipfile.ZipFile(PUBLISHED) as archive:
        for name in sorted(archive.namelist())[::10]:
            for entry in json.loads(archive.read(name)).get("affected", ()):
                ranges = [part for part in entry.get("ranges", ()) if part["type"] == "ECOSYSTEM"]
                for text in entry.get("versions", ()) if ranges else ():
                    try:
                        version = Version(text)
                    except InvalidVersion:
                        continue
                    judged += 1
                    missed += not any(is_in_range(part["events"], version) for part in ranges)
    assert judged > 5_000
    assert missed <= judged / 1_000


def test_concurrent_scans_of_a_tenant_all_succeed(empty_store: str) -> None:
    """Scans of different windows replace the findings one after another."""
    store_samples(empty_store, TENANTS)
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: scan_tenant(TENANTS[0], f"window-{n}"), range(18)))
    assert len({len(result["findings"]) for result in results}) == 1
    with session_scope() as session:
        rows = session.scalars(select(Finding).where(Finding.tenant_id == TENANTS[0])).all()
    assert len(rows) == len(results[0]["findings"])
