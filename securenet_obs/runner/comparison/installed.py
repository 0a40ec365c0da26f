"""Facts of this installation: digests of the product's files, versions of installed packages."""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import securenet_obs
from securenet_obs.runner.notebook.catalog import PARAMETERS

_PRODUCT = Path(securenet_obs.__file__).parent
_SUFFIXES = frozenset({".py", ".toml", ".yml", ".json", ".txt"})
DIGEST_LENGTH = 12


def read_code(root: Path = _PRODUCT) -> dict[str, str]:
    """Return a digest of each file of the product, by its path: uncommitted changes count."""
    return {
        path.relative_to(root.parent).as_posix(): _digest(path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.suffix in _SUFFIXES
    }


def read_packages() -> dict[str, str]:
    """Return the versions of Python and of all installed packages.

    The names of their folders suffice; reading the metadata of each takes fifty times as long.
    """
    folders = (Path(entry) for entry in reversed(sys.path) if Path(entry).is_dir())
    names = (path.stem for folder in folders for path in folder.glob("*.dist-info"))
    pairs = (name.rpartition("-") for name in names)
    found = {name.lower().replace("_", "-"): version for name, _, version in pairs if name}
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python, **dict(sorted(found.items()))}


def read_sources(name: str, document: Mapping[str, Any]) -> dict[str, str]:
    """Return a digest of each code cell of a notebook, except that of its parameters.

    Args:
        name: the notebook's name.
        document: the notebook as read.
    """
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    return {
        f"{name}, cell {number}": _digest("".join(cell["source"]).encode("utf-8", "replace"))
        for number, cell in enumerate(code, 1)
        if PARAMETERS not in (cell["metadata"].get("tags") or [])
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]
