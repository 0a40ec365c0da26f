"""Statements that both databases support."""

import pytest

from securenet_obs.store import Tenant, ensure_tenant, insert_once, session_scope

pytestmark = pytest.mark.usefixtures("empty_store")


def test_a_row_is_inserted_once() -> None:
    """An existing key returns False, and does not end the transaction."""
    for first in (True, False):
        with session_scope() as session:
            assert insert_once(session, Tenant, tenant_id="acme") is first
            assert ensure_tenant(session, "acme").tenant_id == "acme"
