"""Stored findings as rows; test_scans.py has their history."""

from datetime import UTC, datetime, timedelta

import pytest

from securenet_obs.detection.vulnerabilities.stored.findings import as_row, list_findings
from securenet_obs.store import Finding, ensure_tenant, session_scope

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def finding(advisory_id: str, hours: int, *, resolved: bool = False) -> Finding:
    """Return a finding that became new some hours after noon."""
    at = NOON + timedelta(hours=hours)
    return Finding(
        tenant_id="acme",
        ecosystem="PyPI",
        package="left-pad",
        version="1",
        advisory_id=advisory_id,
        details={"id": advisory_id, "ids": [advisory_id]},
        cause="advisory_new",
        first_seen=NOON,
        new_at=at,
        last_seen=at,
        resolved_at=at if resolved else None,
    )


@pytest.mark.usefixtures("empty_store")
def test_the_newest_finding_is_the_first() -> None:
    """Resolved ones are listed on request; times are UTC."""
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.add_all([finding("A", 1), finding("B", 2), finding("C", 3, resolved=True)])
    with session_scope() as session:
        assert [row.advisory_id for row in list_findings(session, "acme", resolved=False)] == [
            "B",
            "A",
        ]
        newest = list_findings(session, "acme", resolved=True)[0]
    row = as_row(newest)
    assert (row["id"], row["cause"]) == ("C", "advisory_new")
    assert (row["first_seen"], row["resolved_at"]) == (
        "2026-01-01T12:00:00Z",
        "2026-01-01T15:00:00Z",
    )
    assert row["waived_until"] is None
