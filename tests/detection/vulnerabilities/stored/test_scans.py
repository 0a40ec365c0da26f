"""Scans of a tenant's stored inventory: findings over time, causes, waivers, notifications."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.stored.advisories import sync_advisories
from securenet_obs.detection.vulnerabilities.stored.findings import list_findings
from securenet_obs.detection.vulnerabilities.stored.inventories import store_inventory
from securenet_obs.detection.vulnerabilities.stored.scans import MAX_REPORTED, scan_tenant
from securenet_obs.detection.vulnerabilities.stored.sources import store_exploited
from securenet_obs.detection.vulnerabilities.stored.waivers import store_waivers
from securenet_obs.detection.vulnerabilities.waivers import Waiver
from securenet_obs.stack.samples import store_samples
from securenet_obs.store import AdvisorySync, Finding, Inventory, Tenant, session_scope
from tests.detection.vulnerabilities.osv import CRITICAL, advisory, before, inventory_of

pytestmark = pytest.mark.usefixtures("empty_store")

TENANTS = ("acme", "other")
FAR = date(2100, 1, 1)


def sync(*records: dict[str, Any]) -> None:
    """Make these the stored advisories."""
    sync_advisories("test", [Source(str(row["id"]), row) for row in records])


def put(*pairs: tuple[str, str], tenant_id: str = "acme") -> None:
    """Make these packages the tenant's inventory."""
    with session_scope() as session:
        store_inventory(session, tenant_id, inventory_of(*pairs), "test")


def waive(*waivers: Waiver) -> None:
    """Make these the tenant's waivers."""
    with session_scope() as session:
        store_waivers(session, "acme", waivers)


def rows(*, resolved: bool = False) -> dict[str, Finding]:
    """Return the tenant's stored findings by id."""
    with session_scope() as session:
        return {row.advisory_id: row for row in list_findings(session, "acme", resolved=resolved)}


def test_a_scan_resolves_the_findings_that_are_gone() -> None:
    """Findings have the times of their first and last scan; tenants do not share them."""
    store_samples(os.environ["DATABASE_URL"], TENANTS)
    for tenant_id in TENANTS:
        assert len(scan_tenant(tenant_id)["findings"]) == 3
    put(("requests", "2.30.0"), ("Werkzeug", "3.1.4"))
    assert [found["package"] for found in scan_tenant("acme")["findings"]] == ["requests"]
    stored = rows(resolved=True)
    assert {name for name, row in stored.items() if row.resolved_at} == {
        "PYSEC-2023-57",
        "PYSEC-2023-58",
    }
    (kept,) = rows().values()
    assert kept.first_seen < kept.last_seen
    assert kept.first_seen == kept.new_at
    with session_scope() as session:
        assert len(list_findings(session, "other", resolved=False)) == 3


def test_a_window_is_scanned_once() -> None:
    """A second scan for the same window returns the first result, and records nothing."""
    store_samples(os.environ["DATABASE_URL"], TENANTS)
    first = scan_tenant("acme", "2026-01-01T06:00Z")
    put(("requests", "2.31.0"))
    assert scan_tenant("acme", "2026-01-01T06:00Z") == first
    assert len(rows()) == 3


def test_a_tenant_without_an_inventory_has_no_findings() -> None:
    """A scan adds neither sample packages nor the tenant itself."""
    store_samples(os.environ["DATABASE_URL"], TENANTS)
    answer = scan_tenant("real")
    assert (answer["packages"], answer["inventory"], answer["findings"]) == (0, 0, [])
    with session_scope() as session:
        assert session.get(Tenant, "real") is None
        assert sorted(session.scalars(select(Inventory.tenant_id))) == sorted(TENANTS)


def test_the_causes_of_new_findings_are_told_apart() -> None:
    """Inventory changed, advisory new or amended, waiver expired: each has its own finding."""
    waived = Waiver("W-1", "", "accepted", FAR)
    old = [
        advisory("A-1", *before("1.0")),
        advisory("W-1", *before("9")),
        advisory("I-1", package="b"),
    ]
    sync(*old[:2], advisory("I-1", *before("2"), package="b"))
    put(("left-pad", "1.0"), ("b", "2"))
    waive(waived)
    scan_tenant("acme")
    assert {name: row.cause for name, row in rows().items()} == {"W-1": "inventory_changed"}
    sync(
        advisory("A-1", *before("1.5")),
        advisory("N-1", *before("3")),
        old[1],
        advisory("I-1", *before("2"), package="b"),
    )
    put(("left-pad", "1.0"), ("b", "1"))
    waive()
    scan_tenant("acme")
    expected = {
        "A-1": "advisory_amended",
        "I-1": "inventory_changed",
        "N-1": "advisory_new",
        "W-1": "waiver_expired",
    }
    assert {name: row.cause for name, row in rows().items()} == expected
    scan_tenant("acme")
    assert {name: row.cause for name, row in rows().items()} == expected


def test_a_finding_that_returns_is_new_again() -> None:
    """It has the first time of before, and the cause of its return."""
    sync(advisory("A-1", *before("2")))
    put(("left-pad", "1"))
    scan_tenant("acme")
    first = rows()["A-1"].first_seen
    for version in ("2", "1"):
        put(("left-pad", version))
        scan_tenant("acme")
    returned = rows()["A-1"]
    assert (returned.first_seen, returned.cause) == (first, "inventory_changed")
    assert returned.new_at > first


def test_a_finding_keeps_its_id_when_another_database_names_it() -> None:
    """A preferred advisory with the same alias is not a second finding."""
    sync(advisory("GHSA-1", *before("2"), aliases=["CVE-1"]))
    put(("left-pad", "1"))
    scan_tenant("acme")
    sync(
        advisory("GHSA-1", *before("2"), aliases=["CVE-1"]),
        advisory("PYSEC-1", *before("2"), aliases=["CVE-1"]),
    )
    (found,) = scan_tenant("acme")["findings"]
    assert found["id"] == "PYSEC-1"
    assert [(name, row.cause) for name, row in rows().items()] == [("GHSA-1", "inventory_changed")]


@pytest.fixture
def errors() -> Iterator[Callable[[], list[Any]]]:
    """Yield a function that returns the advisories of the critical findings logged so far."""
    with capture_logs() as lines:
        yield lambda: [row["advisory_id"] for row in lines if row["log_level"] == "error"]


def test_a_critical_finding_is_logged_once(errors: Callable[[], list[Any]]) -> None:
    """Neither a second scan nor a second version of its text logs it again."""
    sync(advisory("A-1", *before("2"), vector=CRITICAL), advisory("B-1", *before("2")))
    put(("left-pad", "1"))
    for window in range(2):
        scan_tenant("acme", str(window))
    sync(advisory("A-1", *before("2"), vector=CRITICAL, summary="amended"))
    scan_tenant("acme", "0")
    scan_tenant("acme", "2")
    assert errors() == ["A-1"]
    for version in ("2", "1"):
        put(("left-pad", version))
        scan_tenant("acme")
    assert errors() == ["A-1", "A-1"]


def test_concurrent_scans_log_it_once(errors: Callable[[], list[Any]]) -> None:
    """Scans of different windows record one after another."""
    sync(advisory("A-1", *before("2"), vector=CRITICAL))
    put(("left-pad", "1"))
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: scan_tenant("acme", f"window-{n}"), range(12)))
    assert {len(result["findings"]) for result in results} == {1}
    assert errors() == ["A-1"]
    assert list(rows()) == ["A-1"]


def test_a_waived_critical_finding_is_logged_once_the_waiver_ends(
    errors: Callable[[], list[Any]],
) -> None:
    """A waiver names the vulnerability by any id; unused and expired ones are reported."""
    sync(advisory("A-1", *before("2"), vector=CRITICAL, aliases=["CVE-1"]))
    put(("left-pad", "1"))
    waive(Waiver("CVE-1", "Left-Pad", "not reachable", FAR), Waiver("X", "", "unused", FAR))
    answer = scan_tenant("acme")
    assert [row["id"] for row in answer["waivers"]["unused"]] == ["X"]
    assert (errors(), answer["counts"]["waived"]) == ([], 1)
    assert rows()["A-1"].waived_until is not None
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    waive(Waiver("CVE-1", "left-pad", "not reachable", yesterday))
    answer = scan_tenant("acme")
    assert [row["id"] for row in answer["waivers"]["expired"]] == ["CVE-1"]
    assert (errors(), rows()["A-1"].cause) == (["A-1"], "waiver_expired")


def test_without_recent_advisories_a_scan_is_refused() -> None:
    """The findings stay as they are: old advisories would resolve them, or miss new ones."""
    put(("left-pad", "1"))
    assert "no advisories are stored" in scan_tenant("acme")["refused"]
    sync(advisory("A-1", *before("2")))
    assert scan_tenant("acme", "window")["refused"] is None
    with session_scope() as session:
        session.execute(
            update(AdvisorySync).values(synced_at=datetime.now(UTC) - timedelta(days=40))
        )
    put(("left-pad", "2"))
    assert scan_tenant("acme")["refused"] == (
        "the advisories were synchronised 40 days ago, at most 30 count"
    )
    assert list(rows()) == ["A-1"]


def test_an_exploited_vulnerability_is_the_first() -> None:
    """CISA's list names it by one of its aliases."""
    sync(
        advisory("A-1", *before("2"), vector=CRITICAL),
        advisory("B-1", *before("2"), aliases=["CVE-2"]),
    )
    store_exploited({"CVE-2": "2026-01-01"})
    put(("left-pad", "1"))
    findings = scan_tenant("acme")["findings"]
    assert [(row["id"], row["known_exploited"]) for row in findings] == [
        ("B-1", True),
        ("A-1", False),
    ]


def test_an_invalid_version_is_not_judged() -> None:
    """A version outside PEP 440 does not stop the scan, and is not clean either."""
    sync(advisory("A-1", *before("2")))
    put(("left-pad", "not-a-version"))
    answer = scan_tenant("acme")
    assert (answer["packages"], answer["findings"]) == (1, [])
    assert [row["ids"] for row in answer["unjudged"]] == [["A-1"]]


def test_a_result_is_bounded() -> None:
    """The counts are those of all findings; a result is stored in Redis, too."""
    sync(*(advisory(f"A-{n}", *before("2")) for n in range(MAX_REPORTED + 1)))
    put(("left-pad", "1"))
    answer = scan_tenant("acme")
    assert (len(answer["findings"]), answer["counts"]["findings"]) == (
        MAX_REPORTED,
        MAX_REPORTED + 1,
    )
    assert len(rows()) == MAX_REPORTED + 1
