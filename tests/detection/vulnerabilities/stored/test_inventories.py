"""Stored inventories."""

import pytest

from securenet_obs.detection.vulnerabilities.components import Inventory, Problem
from securenet_obs.detection.vulnerabilities.stored.inventories import (
    MAX_VERSION,
    load_inventory,
    store_inventory,
)
from securenet_obs.errors import NotFoundError
from securenet_obs.store import session_scope
from tests.detection.vulnerabilities.osv import inventory_of

pytestmark = pytest.mark.usefixtures("empty_store")


def put(inventory: Inventory, tenant_id: str = "acme") -> tuple[int, bool]:
    """Store an inventory."""
    with session_scope() as session:
        return store_inventory(session, tenant_id, inventory, "test")


def test_each_change_is_a_version() -> None:
    """An equal inventory is not stored again; earlier ones can be read."""
    first, second = inventory_of(("a", "1")), inventory_of(("a", "2"))
    assert put(first) == (1, True)
    assert put(first) == (1, False)
    assert put(second) == (2, True)
    assert put(first) == (3, True)
    assert put(second, "other") == (1, True)
    with session_scope() as session:
        assert load_inventory(session, "acme").number == 3
        assert load_inventory(session, "acme", 2).inventory == second
        with pytest.raises(NotFoundError, match="acme has no inventory 4"):
            load_inventory(session, "acme", 4)


def test_a_tenant_without_one_has_an_empty_inventory() -> None:
    """Its number is 0."""
    with session_scope() as session:
        assert load_inventory(session, "acme").number == 0


def test_problems_are_stored_and_too_long_texts_become_one() -> None:
    """An entry is never dropped without a trace, nor cut."""
    inventory = inventory_of(("a", "1"), ("b", "1" * (MAX_VERSION + 1)))
    inventory.problems.append(Problem("r.txt:7", "not a requirement \ud800 \0"))
    put(inventory)
    with session_scope() as session:
        stored = load_inventory(session, "acme").inventory
    assert [row.name for row in stored.components] == ["a"]
    assert [row.reason for row in stored.problems] == [
        "not a requirement \ud800 \0",
        "its name or version is too long to be stored",
    ]
