"""Reads uv.lock and poetry.lock: packages with source and version; local ones are not judged."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from securenet_obs.detection.vulnerabilities.components import Component, Problem
from securenet_obs.detection.vulnerabilities.ecosystems import package_of
from securenet_obs.errors import InventoryError

_LOCAL = {"virtual", "editable", "directory"}


def read_toml_lock(text: str, file: str) -> Iterator[Component | Problem]:
    """Yield the components of a uv.lock or poetry.lock.

    Raises:
        InventoryError: it is not TOML, or has no list of packages.
    """
    try:
        lock = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InventoryError(f"{file} is not valid TOML: {error}") from None
    packages = lock.get("package", [])
    if not isinstance(packages, list):
        raise InventoryError(f"{file} has no list of packages ([[package]])")
    lines = _lines_of_packages(text)
    for index, package in enumerate(packages):
        place = f"{file}:{lines[index]}" if index < len(lines) else f"{file}: package {index + 1}"
        yield _read_package(package, place)


def _lines_of_packages(text: str) -> list[int]:
    """Return the line of each package: the parser does not know lines."""
    lines = enumerate(text.splitlines(), 1)
    return [number for number, line in lines if line.strip().startswith("[[package]]")]


def _read_package(package: Any, place: str) -> Component | Problem:
    name = package.get("name") if isinstance(package, Mapping) else None
    if not isinstance(name, str) or not name:
        return Problem(place, "the package has no name")
    version = package.get("version", "")
    if not isinstance(version, str):
        return Problem(place, f"the version of {name} is not a text")
    local = _LOCAL.intersection(_source_kinds(package.get("source", {})))
    if local:
        reason = f"it is a local package ({', '.join(sorted(local))})"
    else:
        reason = "" if version else "it has no version"
    return Component(package_of("PyPI", name), name, version, place, reason)


def _source_kinds(source: Any) -> set[str]:
    """Return the kinds of a source: uv's keys, or Poetry's type."""
    if not isinstance(source, Mapping):
        return set()
    return {*source, str(source.get("type", ""))}
