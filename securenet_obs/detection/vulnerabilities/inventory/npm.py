"""Reads package-lock.json of lockfileVersion 1, 2 and 3: installed packages, without links."""

from collections.abc import Iterator, Mapping
from typing import Any

from securenet_obs.detection.vulnerabilities.components import Component, Problem
from securenet_obs.detection.vulnerabilities.ecosystems import package_of

_NODE_MODULES = "node_modules/"
_MAX_DEPTH = 100
_ALIAS = "npm:"


def read_package_lock(lock: Mapping[str, Any], file: str) -> Iterator[Component | Problem]:
    """Yield the components of a package-lock.json."""
    packages, dependencies = lock.get("packages"), lock.get("dependencies")
    if isinstance(packages, Mapping):
        yield from _read_packages(packages, file)
    elif isinstance(dependencies, Mapping):
        yield from _read_dependencies(dependencies, f"{file}: dependencies", 0)
    elif packages is not None or dependencies is not None:
        yield Problem(file, "`packages` or `dependencies` is not an object")


def _read_packages(packages: Mapping[str, Any], file: str) -> Iterator[Component | Problem]:
    """Read version 2 or 3: path of each package -> the package."""
    for path, package in packages.items():
        place = f"{file}: packages[{path!r}]"
        if not isinstance(package, Mapping):
            yield Problem(place, "the package is not an object")
        elif _NODE_MODULES in path and not package.get("link"):
            given = package.get("name") or path.rpartition(_NODE_MODULES)[2]
            yield _component(given, package.get("version"), place)


def _read_dependencies(
    dependencies: Mapping[str, Any], place: str, depth: int
) -> Iterator[Component | Problem]:
    """Read version 1: name of each package -> the package, with packages of its own."""
    for name, package in dependencies.items():
        here = f"{place}[{name!r}]"
        if not isinstance(package, Mapping) or depth > _MAX_DEPTH:
            yield Problem(here, "the package is not an object, or is nested too deeply")
            continue
        yield _component(name, package.get("version"), here)
        nested = package.get("dependencies")
        if isinstance(nested, Mapping):
            yield from _read_dependencies(nested, f"{here}.dependencies", depth + 1)


def _component(name: Any, version: Any, place: str) -> Component | Problem:
    if not isinstance(name, str) or not isinstance(version, str | None):
        return Problem(place, "the name or the version is not a text")
    if version and version.startswith(_ALIAS):
        name, _, version = version.removeprefix(_ALIAS).rpartition("@")
    reason = "" if version else "it has no version"
    if version and (":" in version or "/" in version):
        version, reason = "", "it is not installed from the registry"
    return Component(package_of("npm", name), name, version or "", place, reason)
