"""Route of a tenant's package inventory: reads a document, stores it as the current version."""

from typing import Annotated, Any, Literal

import structlog
from fastapi import Body, Path
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from securenet_obs.api.access import create_tenant_router
from securenet_obs.api.answers import answers, described_headers
from securenet_obs.detection.vulnerabilities.components import Inventory
from securenet_obs.detection.vulnerabilities.inventory import read_document
from securenet_obs.detection.vulnerabilities.stored.inventories import store_inventory
from securenet_obs.monitoring import bind_tenant
from securenet_obs.settings import TENANT_ID
from securenet_obs.store import REQUEST, session_scope

MAX_PROBLEMS = 100
"""Maximum number of problems in an answer."""

router = create_tenant_router()
_log = structlog.get_logger(__name__)


class CycloneDx(BaseModel, extra="allow"):
    """A bill of materials in CycloneDX's JSON; an invalid component is a problem of its own."""

    bom_format: Literal["CycloneDX"] = Field(alias="bomFormat")
    spec_version: Literal["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"] = Field(alias="specVersion")


class PackageLock(BaseModel, extra="allow"):
    """A package-lock.json of npm."""

    lockfile_version: int = Field(alias="lockfileVersion")


class InventoryProblem(BaseModel):
    """An entry of the document that cannot be read."""

    place: str
    reason: str


class StoredInventory(BaseModel):
    """The tenant's current inventory."""

    number: int = Field(description="Number of this version of the inventory, from 1.")
    changed: bool = Field(
        description="`false` if it equals the version before, whose number it is."
    )
    components: int = Field(description="Number of components.")
    unjudged: int = Field(description="Number of components that no advisory can be matched with.")
    problems: list[InventoryProblem] = Field(
        description=f"Entries that cannot be read, {MAX_PROBLEMS} at most; the others are stored."
    )


@router.put(
    "/tenants/{tenant_id}/inventory",
    responses={
        200: {"headers": described_headers({})},
        **answers(401, 403, 408, 413, 415, 422, 503),
    },
)
async def put_inventory(
    tenant_id: Annotated[str, Path(pattern=TENANT_ID)],
    document: Annotated[
        CycloneDx | PackageLock | list[Any],
        Body(description="CycloneDX JSON 1.2 to 1.7, a package-lock.json, or a list of purls."),
    ],
) -> StoredInventory:
    """Make this the tenant's package inventory."""
    bind_tenant(tenant_id)
    stored = await run_in_threadpool(_store, tenant_id, document)
    _log.info(
        "inventory_stored",
        number=stored.number,
        changed=stored.changed,
        components=stored.components,
        problems=len(stored.problems),
    )
    return stored


def _store(tenant_id: str, document: BaseModel | list[Any]) -> StoredInventory:
    content = document.model_dump(by_alias=True) if isinstance(document, BaseModel) else document
    inventory = read_document(content, "body")
    with session_scope(REQUEST) as session:
        number, changed = store_inventory(session, tenant_id, inventory, "api")
    return _answer(number, changed, inventory)


def _answer(number: int, changed: bool, inventory: Inventory) -> StoredInventory:
    problems = inventory.problems[:MAX_PROBLEMS]
    return StoredInventory(
        number=number,
        changed=changed,
        components=len(inventory.components),
        unjudged=sum(bool(component.unjudged) for component in inventory.components),
        problems=[InventoryProblem(place=row.place, reason=row.reason) for row in problems],
    )
