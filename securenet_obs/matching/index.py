"""The index of runbooks by pattern: a file of the package, for services without the notebooks.

`make index` writes it from the notebooks' metadata; a test compares the two.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from securenet_obs.matching.pattern import Pattern, parse_pattern

NAME = "index.json"
"""Name of the file in this package."""


@dataclass(frozen=True)
class Entry:
    """A runbook, with the parts of its metadata by which it is found."""

    name: str
    title: str
    severity: str
    patterns: tuple[str, ...]
    fallback_patterns: tuple[str, ...]
    symptoms: tuple[str, ...]
    failed_checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Index:
    """Runbooks with their parsed patterns.

    Attributes:
        entries: the runbooks, by name.
        patterns: (name, pattern) of every pattern.
        fallback_patterns: the same of the patterns of consequences.
    """

    entries: dict[str, Entry]
    patterns: tuple[tuple[str, Pattern], ...]
    fallback_patterns: tuple[tuple[str, Pattern], ...]

    def runbooks_of_check(self, check: str) -> list[str]:
        """Return the names of the runbooks that a failed check of a validation leads to."""
        return [row.name for row in self.entries.values() if check in row.failed_checks]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Index":
        """Return the index of some runbooks.

        Raises:
            ValueError: a pattern cannot be used; the message names the runbook.
        """
        rows = sorted(entries, key=lambda entry: entry.name)
        return cls(
            {row.name: row for row in rows},
            tuple(pair for row in rows for pair in _parse(row.name, row.patterns)),
            tuple(pair for row in rows for pair in _parse(row.name, row.fallback_patterns)),
        )


def _parse(name: str, texts: Iterable[str]) -> Iterable[tuple[str, Pattern]]:
    for text in texts:
        try:
            yield name, parse_pattern(text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def render_index(index: Index) -> str:
    """Return the file of an index: JSON, a runbook a line."""
    rows = ",\n".join(json.dumps(asdict(entry)) for entry in index.entries.values())
    return f"[\n{rows}\n]\n"


def parse_index(text: str) -> Index:
    """Return the index in a file.

    Raises:
        ValueError: the file is not an index.
    """
    return Index.of(map(_read_entry, json.loads(text)))


def _read_entry(row: dict[str, Any]) -> Entry:
    lists = {name: tuple(value) for name, value in row.items() if isinstance(value, list)}
    return Entry(**{**row, **lists})


@cache
def packaged_index() -> Index:
    """Return the index of this package."""
    return parse_index(files("securenet_obs.matching").joinpath(NAME).read_text(encoding="utf-8"))
