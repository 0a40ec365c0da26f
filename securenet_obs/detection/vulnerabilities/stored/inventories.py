"""Inventories of tenants in the store: each change is a new number, an equal one is not stored."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from securenet_obs import store
from securenet_obs.detection.vulnerabilities.components import Component, Inventory, Problem
from securenet_obs.errors import NotFoundError

MAX_NAME, MAX_VERSION = 400, 256
"""Greatest lengths of a name and a version, in characters."""


@dataclass(frozen=True)
class StoredInventory:
    """One version of a tenant's inventory; `number` counts from 1, and is 0 for none."""

    number: int
    imported_at: datetime | None
    source: str
    inventory: Inventory


def store_inventory(
    session: Session, tenant_id: str, inventory: Inventory, source: str
) -> tuple[int, bool]:
    """Store an inventory as the tenant's current one; return its number, and whether it is new.

    If it equals the current one, that one's number is returned and nothing is stored.
    """
    store.ensure_tenant(session, tenant_id)
    store.lock_tenant(session, tenant_id)
    components = [component.as_json() for component in inventory.components if _fits(component)]
    problems = [
        problem.as_json() for problem in (*inventory.problems, *_too_long(inventory.components))
    ]
    digest = hashlib.sha256(json.dumps([components, problems]).encode()).hexdigest()
    current = _row(session, tenant_id, None)
    if current is not None and current.digest == digest:
        return current.number, False
    row = store.Inventory(
        tenant_id=tenant_id,
        number=1 if current is None else current.number + 1,
        imported_at=datetime.now(UTC),
        source=source[:200],
        digest=digest,
        components=components,
        problems=problems,
    )
    session.add(row)
    session.flush()
    return row.number, True


def load_inventory(session: Session, tenant_id: str, number: int | None = None) -> StoredInventory:
    """Return a version of a tenant's inventory, by default the current one.

    A tenant without an inventory has an empty one with number 0.

    Raises:
        NotFoundError: the tenant has no inventory with this number.
    """
    row = _row(session, tenant_id, number)
    if row is None:
        if number:
            raise NotFoundError(f"{tenant_id} has no inventory {number}")
        return StoredInventory(0, None, "", Inventory())
    inventory = Inventory(
        [Component.from_json(component) for component in row.components],
        [Problem(problem["place"], problem["reason"]) for problem in row.problems],
    )
    return StoredInventory(row.number, row.imported_at, row.source, inventory)


def _fits(component: Component) -> bool:
    return len(component.package.name) <= MAX_NAME and len(component.version) <= MAX_VERSION


def _too_long(components: Iterable[Component]) -> Iterator[Problem]:
    for component in components:
        if not _fits(component):
            yield Problem(component.place, "its name or version is too long to be stored")


def _row(session: Session, tenant_id: str, number: int | None) -> store.Inventory | None:
    query = select(store.Inventory).where(store.Inventory.tenant_id == tenant_id)
    if number is not None:
        query = query.where(store.Inventory.number == number)
    return session.scalars(query.order_by(store.Inventory.number.desc()).limit(1)).first()
