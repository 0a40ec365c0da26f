"""Fixes: the lowest version that is free of a vulnerability, or of all from a severity up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from securenet_obs.detection.vulnerabilities.advisories.index import Index
from securenet_obs.detection.vulnerabilities.matching import (
    Match,
    Use,
    Vulnerability,
    merge_aliases,
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


def plan_fixes(matches: Iterable[Match], index: Index, severity: str) -> list[Fix]:
    """Return the upgrade of each version in use with a vulnerability at or above a severity.

    An upgrade is free of every known vulnerability at or above that severity, not only of those of
    the version in use.
    """
    grave: dict[Use, list[Match]] = {}
    for match in matches:
        if is_at_least(match.vulnerability.severity.level, severity):
            grave.setdefault(match.use, []).append(match)
    entries = index.entries_of({use.package for use in grave})
    fixes = []
    for use, found in grave.items():
        barring = [
            vulnerability
            for vulnerability in merge_aliases(entries[use.package])
            if is_at_least(vulnerability.severity.level, severity)
        ]
        versions = candidates(use, index.known_versions_of(use.package))
        resolved = tuple(match.vulnerability.advisory_id for match in found)
        fixes.append(Fix(use, lowest_free(versions, barring), resolved))
    return fixes


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


def lowest_free(versions: Iterable[str], vulnerabilities: Sequence[Vulnerability]) -> str:
    """Return the first of the versions that no vulnerability affects, empty if there is none."""
    free = (
        version
        for version in versions
        if not any(vulnerability.affects(version) for vulnerability in vulnerabilities)
    )
    return next(free, "")
