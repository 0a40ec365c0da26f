"""The fault of a package is a real finding in its block, and resolved after it."""

from sqlalchemy import select

from securenet_obs.detection.vulnerabilities.stored.advisories import last_sync
from securenet_obs.detection.vulnerabilities.stored.findings import list_findings
from securenet_obs.detection.vulnerabilities.stored.waivers import load_waivers
from securenet_obs.drills.incidents.faults import vulnerabilities
from securenet_obs.drills.incidents.faults.vulnerabilities import ADVISORY, TENANT, publish_advisory
from securenet_obs.stack import LocalStack
from securenet_obs.stack.local_stack import TENANTS
from securenet_obs.store import VulnerabilityScan, session_at


def find(url: str, tenant_id: str) -> list[str]:
    """Return the severities of a tenant's open findings of the advisory."""
    with session_at(url) as session:
        rows = list_findings(session, tenant_id, resolved=False)
        return [row.details["severity"] for row in rows if row.advisory_id == ADVISORY]


def test_the_finding_is_open_in_the_block_only(stack: LocalStack) -> None:
    """Also if no runbook has decided on it; the waivers are as before."""
    url = stack.environment["DATABASE_URL"]
    with publish_advisory(stack):
        assert find(url, TENANT) == ["critical"]
    assert find(url, TENANT) == []
    with session_at(url) as session:
        assert load_waivers(session, TENANT) == []


def test_other_tenants_are_left_as_they_were(stack: LocalStack) -> None:
    """The schedule may scan one in the block; no scan is older than the advisories afterwards."""
    url, other = stack.environment["DATABASE_URL"], TENANTS[2]
    with publish_advisory(stack):
        vulnerabilities._scan(stack, other)
        assert find(url, other) == ["critical"]
    assert find(url, other) == []
    with session_at(url) as session:
        present = last_sync(session)
        of_stack = VulnerabilityScan.tenant_id.in_(TENANTS)
        scans = session.scalars(select(VulnerabilityScan).where(of_stack)).all()
        assert present
        assert {scan.sync_number for scan in scans} == {present.number}
        assert {TENANT, other} <= {scan.tenant_id for scan in scans}
