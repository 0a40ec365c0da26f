"""Fixes: the lowest version that is free of a vulnerability, or of all from a severity up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from securenet_obs.detection.vulnerabilities.advisories.index import Index
from securenet_obs.detection.vulnerabilities.matching import (
    Match,
    Matches,
    Use,
    Vulnerability,
)
from securenet_obs.detection.vulnerabilities.severity import is_at_least
from securenet_obs.detection.vulnerabilities.versions import is_prerelease, key_of, major_of
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
        self._later: dict[Use, list[str]] = {}

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

    def _later_versions(self, use: Use) -> list[str]:
        if use not in self._later:
            self._later[use] = candidates(use, self._known.get(use.package, ()))
        return self._later[use]


def candidates(use: Use, versions: Iterable[str]) -> list[str]:
    """Return the later versions in order: the same major first, releases before pre-releases.

    Pre-releases count as releases for a version in use that is one itself.
    """
    ecosystem, accepts = use.package.ecosystem, is_prerelease(use.package.ecosystem, use.version)
    try:
        current = key_of(ecosystem, use.version)
    except VersionError:
        return []
    later = []
    for version in dict.fromkeys(versions):
        try:
            key = key_of(ecosystem, version)
        except VersionError:
            continue
        if current < key:
            unstable = not accepts and is_prerelease(ecosystem, version)
            later.append(((major_of(version) != major_of(use.version), unstable), key, version))
    # Two sorts: keys of some ecosystems define `<` only.
    later.sort(key=lambda row: row[1])
    later.sort(key=lambda row: row[0])
    return [version for _, _, version in later]


def lowest_free(versions: Iterable[str], vulnerabilities: Iterable[Vulnerability]) -> str:
    """Return the first of the versions that no vulnerability affects, empty if there is none."""
    barring = list(vulnerabilities)
    for version in versions:
        affecting = (n for n, one in enumerate(barring) if one.affects(version))
        position = next(affecting, None)
        if position is None:
            return version
        # It probably affects the next version, too: most versions take one judgement.
        barring.insert(0, barring.pop(position))
    return ""
