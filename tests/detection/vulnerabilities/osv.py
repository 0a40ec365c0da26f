"""Builds OSV records and inventories for tests."""

from collections.abc import Sequence
from typing import Any

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.advisories.index import MemoryIndex, build_index
from securenet_obs.detection.vulnerabilities.components import Component, Inventory
from securenet_obs.detection.vulnerabilities.ecosystems import package_of

HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def advisory(
    advisory_id: str,
    *events: dict[str, str],
    package: str = "left-pad",
    ecosystem: str = "PyPI",
    kind: str = "ECOSYSTEM",
    versions: Sequence[str] = (),
    vector: str = "",
    **fields: Any,
) -> dict[str, Any]:
    """Return an advisory with one affected package and one range of these events."""
    affected: dict[str, Any] = {"package": {"ecosystem": ecosystem, "name": package}}
    if events:
        affected["ranges"] = [{"type": kind, "events": list(events)}]
    if versions:
        affected["versions"] = list(versions)
    severity = [{"type": "CVSS_V3", "score": vector}] if vector else []
    return {
        "id": advisory_id,
        "modified": "2026-01-01T00:00:00Z",
        "severity": severity,
        "affected": [affected],
        **fields,
    }


def before(fixed: str, start: str = "0") -> tuple[dict[str, str], dict[str, str]]:
    """Return the events of a range up to a fixed version."""
    return {"introduced": start}, {"fixed": fixed}


def index_of(*records: dict[str, Any]) -> MemoryIndex:
    """Return the index of records."""
    return build_index(Source(str(row["id"]), row) for row in records)


def inventory_of(*pairs: tuple[str, str], ecosystem: str = "PyPI") -> Inventory:
    """Return an inventory of packages with versions."""
    return Inventory(
        [Component(package_of(ecosystem, name), name, version, "test") for name, version in pairs]
    )
