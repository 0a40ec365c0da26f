"""Finds the inventories in a file or folder, recognises their formats and reads them."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from securenet_obs.detection.vulnerabilities.components import Component, Inventory, Problem
from securenet_obs.detection.vulnerabilities.inventory.cyclonedx import read_cyclonedx
from securenet_obs.detection.vulnerabilities.inventory.npm import read_package_lock
from securenet_obs.detection.vulnerabilities.inventory.purls import read_purl_lines, read_purls
from securenet_obs.detection.vulnerabilities.inventory.requirements import (
    included_files,
    read_requirements,
)
from securenet_obs.detection.vulnerabilities.inventory.toml_locks import read_toml_lock
from securenet_obs.errors import InventoryError

Entries = Iterator[Component | Problem]

MAX_BYTES = 256 * 1024 * 1024
"""Maximum size of a file."""

_SKIPPED_FOLDERS = {".git", ".hg", ".tox", ".venv", "__pycache__", "node_modules", "venv"}
_NAMES = (
    "requirements*.txt", "uv.lock", "poetry.lock", "package-lock.json", "npm-shrinkwrap.json",
    "bom.json", "*.bom.json", "*.cdx.json", "purls.txt", "*.purls",
)  # fmt: skip


def read_inventory(path: Path) -> Inventory:
    """Read a file, or all inventories in a folder.

    Raises:
        InventoryError: a file cannot be read as any of the formats, or a folder has none.
        OSError: a file cannot be opened.
    """
    inventory, read = Inventory(), set[Path]()
    if not path.is_dir():
        inventory.add(_read_file(path, path.name, read))
        _refuse_unreadable(inventory, path.name)
        return inventory
    files = sorted(_find_inventories(path))
    if not files:
        raise InventoryError(f"{path} has no inventory; these names are known: {', '.join(_NAMES)}")
    for file in files:
        if file.resolve() not in read:
            _add_file(inventory, file, file.relative_to(path).as_posix(), read)
    return inventory


def read_document(document: object, name: str) -> Inventory:
    """Read a parsed JSON document: CycloneDX, package-lock.json, or a list of purls.

    Raises:
        InventoryError: it is none of them.
    """
    if isinstance(document, list):
        return Inventory().add(read_purls(document, name))
    if isinstance(document, Mapping):
        if document.get("bomFormat") == "CycloneDX":
            return Inventory().add(read_cyclonedx(document, name))
        if "lockfileVersion" in document:
            return Inventory().add(read_package_lock(document, name))
        if isinstance(document.get("purls"), list):
            return Inventory().add(read_purls(document["purls"], f"{name}: purls"))
    raise InventoryError(f"{name} is neither CycloneDX, nor a package-lock.json, nor a purl list")


def _find_inventories(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED_FOLDERS]
        for name in names:
            path = Path(root, name)
            if any(path.match(pattern) for pattern in _NAMES) and path.is_file():
                yield path


def _refuse_unreadable(inventory: Inventory, name: str) -> None:
    """Refuse a file without any readable entry, rather than list each of its lines."""
    if inventory.problems and not inventory.components:
        first = inventory.problems[0]
        raise InventoryError(f"{name}: no entry can be read; {first.place}: {first.reason}")


def _add_file(inventory: Inventory, path: Path, name: str, read: set[Path]) -> None:
    """Add a file of a folder; one that cannot be read is a problem, and the others are read."""
    try:
        inventory.add(_read_file(path, name, read))
    except (InventoryError, OSError) as error:
        inventory.add([Problem(name, str(error))])


def _read_file(path: Path, name: str, read: set[Path]) -> Entries:
    """Read a file and the files that it includes; `read` gets their paths."""
    read.add(path.resolve())
    text = _read_text(path, name)
    reader = _recognise(text, name)
    yield from reader(text, name)
    if reader is read_requirements:
        yield from _read_included(text, path, name, read)


def _read_included(text: str, path: Path, name: str, read: set[Path]) -> Entries:
    for number, included in included_files(text):
        target = path.parent / included
        if target.resolve() in read:
            continue
        if target.is_file():
            yield from _read_file(target, (PurePath(name).parent / included).as_posix(), read)
        else:
            yield Problem(f"{name}:{number}", f"the included file {included} does not exist")


def _read_text(path: Path, name: str) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise InventoryError(f"{name} has more than {MAX_BYTES} bytes")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InventoryError(f"{name} is not UTF-8 (byte {error.start})") from None


def _recognise(text: str, name: str) -> Callable[[str, str], Entries]:
    """Return the reader of a format, by the text itself: names vary."""
    lines = [line.strip() for line in text.splitlines()]
    if "[[package]]" in lines or name.endswith((".lock", ".toml")):
        return read_toml_lock
    if text.lstrip().startswith(("{", "[")) or name.endswith(".json"):
        return _read_json
    meaningful = [line for line in lines if line and not line.startswith("#")]
    if any(line.startswith("pkg:") for line in meaningful) or name.endswith(".purls"):
        return read_purl_lines
    return read_requirements


def _read_json(text: str, name: str) -> Entries:
    inventory = read_document(_parse_json(text, name), name)
    yield from inventory.components
    yield from inventory.problems


def _parse_json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InventoryError(f"{name} is not valid JSON: {error}") from None
