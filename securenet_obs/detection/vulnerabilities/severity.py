"""Severity of advisories: levels, scores of CVSS 2 to 4, and levels that a database states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

UNKNOWN = "unknown"
"""Level of a vulnerability whose advisories give no severity."""

LEVELS = (UNKNOWN, "none", "low", "medium", "high", "critical")
"""Levels in ascending order; an unknown one is below all others."""

# Lower bounds of the levels, by the qualitative scale of CVSS 3.1 §5 and 4.0 §6.
_BOUNDS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"), (0.0, "none"))

_STATED = {"moderate": "medium", "important": "high", "negligible": "low"}


@dataclass(frozen=True, slots=True)
class Severity:
    """A level, with the CVSS score and vector that it follows from, if it follows from one."""

    level: str = UNKNOWN
    score: float | None = None
    vector: str = ""

    @property
    def rank(self) -> tuple[int, float]:
        """Position in the order of severities."""
        return LEVELS.index(self.level), self.score or 0.0


def is_at_least(level: str, bound: str) -> bool:
    """Return whether a level is at or above a bound."""
    return LEVELS.index(level) >= LEVELS.index(bound)


def severity_of(record: Mapping[str, Any]) -> Severity:
    """Return the most severe rating of an OSV record, or of one of its `affected` entries.

    A level that the database states counts only if there is no valid vector.
    """
    rows = record.get("severity")
    rated = (
        [_rate(row) for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    )
    best = most_severe(rated)
    return best if best.level != UNKNOWN else _stated(record)


def most_severe(severities: Iterable[Severity]) -> Severity:
    """Return the highest of several severities; unknown without any."""
    return max(severities, key=lambda severity: severity.rank, default=Severity())


def _rate(row: Mapping[str, Any]) -> Severity:
    score = row.get("score")
    if not isinstance(score, str):
        return Severity()
    if str(row.get("type", "")).startswith("CVSS_V"):
        return _rate_vector(score)
    return Severity(_level_named(score))


@lru_cache(maxsize=4096)
def _rate_vector(vector: str) -> Severity:
    # Takes a tenth of a second to import.
    import cvss

    version = "4" if vector.startswith("CVSS:4") else "3" if vector.startswith("CVSS:3") else "2"
    parse = {"4": cvss.CVSS4, "3": cvss.CVSS3, "2": cvss.CVSS2}[version]
    try:
        score = float(parse(vector).scores()[0])
    except cvss.CVSSError:
        return Severity()
    return Severity(next(level for bound, level in _BOUNDS if score >= bound), score, vector)


def _stated(record: Mapping[str, Any]) -> Severity:
    for name in ("database_specific", "ecosystem_specific"):
        part = record.get(name)
        if isinstance(part, Mapping) and isinstance(part.get("severity"), str):
            return Severity(_level_named(part["severity"]))
    return Severity()


def _level_named(text: str) -> str:
    level = _STATED.get(text.lower(), text.lower())
    return level if level in LEVELS else UNKNOWN
