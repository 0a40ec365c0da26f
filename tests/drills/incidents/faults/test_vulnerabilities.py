"""The fault of a package is a real finding in its block, and resolved after it."""

from securenet_obs.detection.vulnerabilities.stored.findings import list_findings
from securenet_obs.detection.vulnerabilities.stored.waivers import load_waivers
from securenet_obs.drills.incidents.faults.vulnerabilities import ADVISORY, TENANT, publish_advisory
from securenet_obs.stack import LocalStack
from securenet_obs.store import session_at


def test_the_finding_is_open_in_the_block_only(stack: LocalStack) -> None:
    """Also if no runbook has decided on it; the waivers are as before."""
    url = stack.environment["DATABASE_URL"]

    def find() -> list[str]:
        with session_at(url) as session:
            rows = list_findings(session, TENANT, resolved=False)
            return [row.details["severity"] for row in rows if row.advisory_id == ADVISORY]

    with publish_advisory(stack):
        assert find() == ["critical"]
    assert find() == []
    with session_at(url) as session:
        assert load_waivers(session, TENANT) == []
