"""Fixes: the lowest version that is free of a vulnerability, or of all from a severity up."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from securenet_obs.detection.vulnerabilities.advisories.index import Index
from securenet_obs.detection.vulnerabilities.advisories.ranges import end_of
from securenet_obs.detection.vulnerabilities.matching import (
    Match,
    Matches,
    Use,
    Vulnerability,
)
from securenet_obs.detection.vulnerabilities.severity import is_at_least
from securenet_obs.detection.vulnerabilities.versions import Key, is_prerelease, key_of, major_of
from securenet_obs.errors import VersionError


@dataclass(frozen=True, slots=True)
class Fix:
    """The upgrade of one version in use.

    Attributes:
        fixed: lowest version without the vulnerabilities, empty if none is known.
        resolves: ids of the vulnerabilities that the upgrade is for.
    """

    use: Use
    fixed: str
    resolves: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values; `reason` is empty if there is a fix."""
        reason = "" if self.fixed else "none exists: every known later version is affected"
        return {
            "package": self.use.name,
            "ecosystem": self.use.package.ecosystem,
            "version": self.use.version,
            "fixed": self.fixed or None,
            "same_major": bool(self.fixed) and major_of(self.fixed) == major_of(self.use.version),
            "resolves": list(self.resolves),
            "reason": reason,
        }


class Fixes:
    """Finds the fixes of matches.

    Later versions of a version in use are computed once, for all its vulnerabilities.
    """

    def __init__(self, result: Matches, index: Index) -> None:
        self._result = result
        self._known = index.known_versions_of({match.use.package for match in result.matches})
        self._later: dict[Use, list[list[str]]] = {}

    def fixed_in(self, match: Match) -> str:
        """Return the lowest later version without a vulnerability, empty if none is known."""
        return lowest_free(self._later_versions(match.use), [match.vulnerability])

    def plan(self, severity: str) -> list[Fix]:
        """Return the upgrade of each version in use with a vulnerability at or above a severity.

        An upgrade is free of every known vulnerability at or above that severity, not only of those
        of the version in use.
        """
        grave: dict[Use, list[str]] = {}
        for match in self._result.matches:
            if is_at_least(match.vulnerability.severity.level, severity):
                grave.setdefault(match.use, []).append(match.vulnerability.advisory_id)
        return [self._upgrade(use, tuple(ids), severity) for use, ids in grave.items()]

    def _upgrade(self, use: Use, resolves: tuple[str, ...], severity: str) -> Fix:
        barring = [
            vulnerability
            for vulnerability in self._result.vulnerabilities[use.package]
            if is_at_least(vulnerability.severity.level, severity)
        ]
        return Fix(use, lowest_free(self._later_versions(use), barring), resolves)

    def _later_versions(self, use: Use) -> list[list[str]]:
        if use not in self._later:
            self._later[use] = candidates(use, self._known.get(use.package, ()))
        return self._later[use]


def candidates(use: Use, versions: Iterable[str]) -> list[list[str]]:
    """Return the later versions in groups: the same major first, releases before pre-releases.

    Each group is in ascending order. Pre-releases count as releases for a version in use that is
    one itself.
    """
    ecosystem, accepts = use.package.ecosystem, is_prerelease(use.package.ecosystem, use.version)
    try:
        current = key_of(ecosystem, use.version)
    except VersionError:
        return []
    groups: defaultdict[tuple[bool, bool], list[str]] = defaultdict(list)
    for version in set(versions):
        if _is_later(ecosystem, version, current):
            unstable = not accepts and is_prerelease(ecosystem, version)
            groups[major_of(version) != major_of(use.version), unstable].append(version)
    # By text first: versions of equal rank have a fixed order.
    return [
        sorted(sorted(groups[name]), key=lambda version: key_of(ecosystem, version))
        for name in sorted(groups)
    ]


def _is_later(ecosystem: str, version: str, current: Key) -> bool:
    try:
        return bool(current < key_of(ecosystem, version))
    except VersionError:
        return False


def lowest_free(groups: Iterable[list[str]], vulnerabilities: Iterable[Vulnerability]) -> str:
    """Return the first of the versions that no vulnerability affects, empty if there is none."""
    barring = list(vulnerabilities)
    for group in groups:
        position = 0
        while position < len(group):
            affecting = (n for n, one in enumerate(barring) if one.affects(group[position]))
            first = next(affecting, None)
            if first is None:
                return group[position]
            # It is the first to be asked about the next version, which it may affect, too.
            barring.insert(0, barring.pop(first))
            position = _next_position(group, position, barring[0])
    return ""


def _next_position(group: Sequence[str], position: int, vulnerability: Vulnerability) -> int:
    """Return the position of the next version that a vulnerability may not affect."""
    ecosystem = vulnerability.entries[0].package.ecosystem
    key = key_of(ecosystem, group[position])
    ends = (end_of(entry.intervals, ecosystem, key) for entry in vulnerability.entries)
    end = next((end for end in ends if end is not None), None)
    if end is None:
        return position + 1
    bound = key_of(ecosystem, end)
    later = bisect_left(group, bound, position + 1, key=lambda text: key_of(ecosystem, text))
    return max(later, position + 1)
