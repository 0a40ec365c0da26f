"""Tables and their column types."""

from datetime import UTC, datetime

import pytest

from securenet_obs.store import NetworkMinute, ensure_tenant, session_scope

pytestmark = pytest.mark.usefixtures("empty_store")


def test_datetimes_are_restored_in_utc() -> None:
    """SQLite does not store the zone, so the column type restores it."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.add(NetworkMinute(tenant_id="acme", minute=noon))
    with session_scope() as session:
        assert session.get_one(NetworkMinute, ("acme", noon)).minute == noon
