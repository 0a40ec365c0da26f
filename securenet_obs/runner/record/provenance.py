"""Provenance of a command, for its journal: git commit, digest of the code, versions, host."""

import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_PRODUCT = Path(__file__).parents[2]
_SUFFIXES = frozenset({".py", ".json", ".toml", ".yml"})


def read_provenance() -> dict[str, Any]:
    """Return `commit` of git, `code` (a digest of this product's), `versions` and `host`."""
    facts = {"commit": _commit(), "code": digest_code(), "versions": _versions()}
    return {**facts, "host": _host()}


def digest_code(root: Path = _PRODUCT) -> str:
    """Return a digest of this product's files, so that changes without a commit count."""
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.suffix in _SUFFIXES):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _commit() -> str | None:
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _versions() -> dict[str, str]:
    """Return the versions of Python, this project and its installed requirements."""
    names = ["securenet-obs", *_names(importlib.metadata.requires("securenet-obs") or [])]
    versions = {"python": platform.python_version()}
    for name in names:
        try:
            text = importlib.metadata.distribution(name).read_text("METADATA") or ""
        except importlib.metadata.PackageNotFoundError:
            continue
        # `importlib.metadata.version` parses the whole file, README included, as an e-mail.
        if found := re.search(r"^Version: (.+)$", text, re.MULTILINE):
            versions[name] = found[1]
    return versions


def _names(requirements: Iterable[str]) -> list[str]:
    """Return the package names in requirement lines, without those of the extra `dev`."""
    return sorted(
        {
            found[0]
            for line in requirements
            if "extra == 'dev'" not in line and (found := re.match(r"[A-Za-z0-9._-]+", line))
        }
    )


def _host() -> dict[str, Any]:
    return {
        "name": platform.node(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "python": sys.implementation.name,
    }
