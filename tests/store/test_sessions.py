"""Sessions: commits, rollbacks, forks."""

import multiprocessing

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from securenet_obs.store import Tenant, ensure_tenant, session_scope

pytestmark = pytest.mark.usefixtures("empty_store")


def test_a_failed_session_is_rolled_back() -> None:
    """A session commits all of its changes or none."""
    with pytest.raises(IntegrityError), session_scope() as session:
        session.execute(insert(Tenant).values([{"tenant_id": "acme"}, {"tenant_id": None}]))
    with session_scope() as session:
        assert session.get(Tenant, "acme") is None


def use_in_child(results: "multiprocessing.SimpleQueue[str]") -> None:
    """Use the store in a forked process."""
    with session_scope() as session:
        ensure_tenant(session, "child")
    results.put("done")


def test_a_forked_child_opens_its_own_connections() -> None:
    """A child that uses the store does not break the parent's connection."""
    forking = multiprocessing.get_context("fork")
    with session_scope() as session:
        ensure_tenant(session, "parent")
    results = forking.SimpleQueue()
    child = forking.Process(target=use_in_child, args=(results,))
    child.start()
    child.join(20)
    assert (child.exitcode, results.get()) == (0, "done")
    with session_scope() as session:
        assert session.get(Tenant, "child") is not None
