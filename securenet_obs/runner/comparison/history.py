"""Earlier runs of a notebook on a target, newest first, from the evidence of other commands."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from securenet_obs.runner.comparison.facts import Facts, read_facts
from securenet_obs.runner.comparison.target_name import name_target

MAX_COMMANDS = 500
"""Number of the newest evidence folders that are searched for a green run."""

PASSED = "passed"
_NOT_JUDGED = frozenset({"skipped", "interrupted", "bad_parameters"})
"""Verdicts of runs that state nothing about the target."""


@dataclass(frozen=True)
class EarlierRun:
    """A finished run of another command.

    Attributes:
        folder: the command's evidence folder.
        row: the run's object in `run.json`.
    """

    folder: Path
    row: dict[str, Any] = field(hash=False)

    @property
    def is_green(self) -> bool:
        """Whether the run has passed."""
        return bool(self.row.get("verdict") == PASSED)

    @cached_property
    def facts(self) -> Facts:
        """The facts that the run and its command have left."""
        return read_facts(self.folder, self.row)

    @property
    def failing_checks(self) -> list[str]:
        """Names of the checks that failed."""
        rows = (self.row.get("checks") or {}).get("rows") or []
        return [str(row.get("name")) for row in rows if row.get("outcome") == "failed"]


def earlier_runs(root: Path, current: str, notebook: str, target: str) -> Iterator[EarlierRun]:
    """Yield the judged runs of a notebook on a target, newest first.

    Args:
        root: folder that contains the evidence folders.
        current: name of the folder of the running command, which is left out with all later ones.
        notebook: the notebook's name.
        target: the target's name, by `name_target`.
    """
    names = sorted((path.parent.name for path in root.glob("*/run.json")), reverse=True)
    earlier = (name for name in names if name != current and _second(name) <= _second(current))
    for name in islice(earlier, MAX_COMMANDS):
        manifest = _read_manifest(root / name / "run.json")
        if name_target(manifest.get("target") or {}) != target:
            continue
        for row in reversed(manifest.get("runs") or []):
            if _is_judged(row, notebook):
                yield EarlierRun(root / name, row)


def _second(name: str) -> str:
    """Return the time in the name of an evidence folder, to the second."""
    return name.partition("-")[0]


def _is_judged(row: Any, notebook: str) -> bool:
    return (
        isinstance(row, dict)
        and row.get("notebook") == notebook
        and row.get("verdict") not in _NOT_JUDGED
    )


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}
