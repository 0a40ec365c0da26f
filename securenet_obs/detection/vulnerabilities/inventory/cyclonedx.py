"""Reads CycloneDX in JSON, 1.2 to 1.7: components with their nested ones, by purl."""

from collections.abc import Iterator, Mapping
from typing import Any

from packageurl import PackageURL

from securenet_obs.detection.vulnerabilities.components import Component, Package, Problem
from securenet_obs.detection.vulnerabilities.ecosystems import component_of
from securenet_obs.errors import InventoryError

VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
"""Versions of the specification that are read."""

_MAX_DEPTH = 100


def read_cyclonedx(bom: Mapping[str, Any], file: str) -> Iterator[Component | Problem]:
    """Yield the components of a bill of materials; one that the specification refuses is a problem.

    Files, and components of the product itself (`metadata.component`), are left out.

    Raises:
        InventoryError: the version of the specification is not supported.
    """
    version = bom.get("specVersion")
    if version not in VERSIONS:
        raise InventoryError(
            f"{file}: specVersion is {version!r}; CycloneDX {VERSIONS[0]} to {VERSIONS[-1]} is read"
        )
    yield from _read_components(bom.get("components", []), f"{file}: components", 0)


def _read_components(rows: Any, place: str, depth: int) -> Iterator[Component | Problem]:
    if not isinstance(rows, list) or depth > _MAX_DEPTH:
        yield Problem(place, "it is not a list of components, or is nested too deeply")
        return
    for index, row in enumerate(rows):
        here = f"{place}[{index}]"
        if not isinstance(row, Mapping):
            yield Problem(here, "the component is not an object")
            continue
        if row.get("type") != "file":
            yield _read_component(row, here)
        if "components" in row:
            yield from _read_components(row["components"], f"{here}.components", depth + 1)


def _read_component(row: Mapping[str, Any], place: str) -> Component | Problem:
    # Takes a sixth of a second to import.
    from cyclonedx.model.component import Component as Parsed

    fields = {name: row[name] for name in ("type", "name", "version", "purl") if name in row}
    try:
        parsed = Parsed.from_json(fields)  # type: ignore[attr-defined] # added by a decorator
    # The library raises errors of the parts that refuse a value, of no common class.
    except Exception as error:  # noqa: BLE001
        return Problem(place, f"not a component of CycloneDX: {str(error)[:200]}")
    if isinstance(parsed.purl, PackageURL):
        return _with_version(component_of(parsed.purl, place), parsed.version or "")
    package = Package("unknown", parsed.name)
    return Component(package, parsed.name, parsed.version or "", place, "it has no purl")


def _with_version(component: Component, version: str) -> Component:
    """Return the component; if its purl has no version, with that of the component's own field."""
    if component.version or not version:
        return component
    reason = "" if component.unjudged == "it has no version" else component.unjudged
    return Component(component.package, component.name, version, component.place, reason)
