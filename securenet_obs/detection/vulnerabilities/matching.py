"""Matches components with advisories; merges aliases; lists the pairs that cannot be judged."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from securenet_obs.detection.vulnerabilities.advisories.entries import Entry
from securenet_obs.detection.vulnerabilities.advisories.index import Index
from securenet_obs.detection.vulnerabilities.components import Component, Package
from securenet_obs.detection.vulnerabilities.severity import Severity, most_severe
from securenet_obs.errors import VersionError

# The databases whose records describe an ecosystem best come first.
_PREFERRED = ("PYSEC-", "RUSTSEC-", "GO-", "MAL-", "GHSA-", "CVE-")


@dataclass(frozen=True, slots=True)
class Use:
    """A version of a package in an inventory, with all places that name it."""

    package: Package
    name: str
    version: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A vulnerability of a package: advisories that share an id or alias, preferred ones first."""

    entries: tuple[Entry, ...]

    @property
    def advisory_id(self) -> str:
        """Id of the preferred advisory."""
        return self.entries[0].advisory_id

    @property
    def aliases(self) -> tuple[str, ...]:
        """All other ids of the vulnerability, sorted."""
        ids = {one for entry in self.entries for one in entry.ids}
        return tuple(sorted(ids - {self.advisory_id}))

    @property
    def severity(self) -> Severity:
        """The highest severity that an advisory gives."""
        return most_severe(entry.severity for entry in self.entries)

    @property
    def summary(self) -> str:
        """The first summary of an advisory."""
        return next((entry.summary for entry in self.entries if entry.summary), "")

    def affects(self, version: str) -> bool:
        """Return whether an advisory affects a version; those that cannot judge it do not count."""
        return any(judge(entry, version) is True for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Match:
    """A vulnerability of a package that is in use."""

    use: Use
    vulnerability: Vulnerability


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A component, or its match with some advisories, that cannot be judged, and the reason."""

    ecosystem: str
    package: str
    version: str
    places: tuple[str, ...]
    reason: str
    ids: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "package": self.package,
            "ecosystem": self.ecosystem,
            "version": self.version,
            "places": list(self.places),
            "ids": list(self.ids),
            "reason": self.reason,
        }


@dataclass
class Matches:
    """The result of matching, in the inventory's order.

    Attributes:
        vulnerabilities: all known ones of the packages in use, whatever the version.
        uses: number of different versions of packages.
    """

    matches: list[Match] = field(default_factory=list)
    vulnerabilities: Mapping[Package, Sequence[Vulnerability]] = field(default_factory=dict)
    unjudged: list[Unjudged] = field(default_factory=list)
    uses: int = 0


def match(components: Iterable[Component], index: Index) -> Matches:
    """Match each version of a package in use with the advisories of the package."""
    result = Matches()
    uses, result.unjudged = _group(components)
    result.uses = len(uses)
    entries = index.entries_of({use.package for use in uses})
    result.vulnerabilities = {name: merge_aliases(found) for name, found in entries.items()}
    for use in uses:
        _match_use(use, result)
    return result


def _match_use(use: Use, result: Matches) -> None:
    """Add the vulnerabilities of a version, and the advisories that cannot judge it by reason."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for vulnerability in result.vulnerabilities.get(use.package, ()):
        verdicts = [judge(entry, use.version) for entry in vulnerability.entries]
        if True in verdicts:
            result.matches.append(Match(use, vulnerability))
        for entry, verdict in zip(vulnerability.entries, verdicts, strict=True):
            if isinstance(verdict, str):
                reasons[verdict].append(entry.advisory_id)
    result.unjudged += (_unjudged(use, reason, ids) for reason, ids in reasons.items())


def judge(entry: Entry, version: str) -> bool | str:
    """Return whether an advisory affects a version, or the reason why that cannot be judged."""
    try:
        return entry.affects(version)
    except VersionError as error:
        return str(error)


def merge_aliases(entries: Iterable[Entry]) -> list[Vulnerability]:
    """Group the advisories of a package that share an id or an alias."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        joined = {id(groups[one]): groups[one] for one in entry.ids if one in groups}
        members = [*chain.from_iterable(joined.values()), entry]
        groups |= dict.fromkeys((one for member in members for one in member.ids), members)
    merged = {id(members): members for members in groups.values()}
    return [Vulnerability(tuple(sorted(members, key=_preference))) for members in merged.values()]


def _preference(entry: Entry) -> tuple[int, str]:
    ranks = (rank for rank, start in enumerate(_PREFERRED) if entry.advisory_id.startswith(start))
    return next(ranks, len(_PREFERRED)), entry.advisory_id


def _group(components: Iterable[Component]) -> tuple[list[Use], list[Unjudged]]:
    """Return each version in use once, and the components that cannot be judged at all."""
    groups: defaultdict[tuple[Package, str, str], list[Component]] = defaultdict(list)
    for component in components:
        groups[component.package, component.version, component.unjudged].append(component)
    uses, unjudged = [], []
    for (package, version, reason), members in groups.items():
        places = tuple(dict.fromkeys(component.place for component in members))
        use = Use(package, members[0].name, version, places)
        if reason:
            unjudged.append(_unjudged(use, reason))
        else:
            uses.append(use)
    return uses, unjudged


def _unjudged(use: Use, reason: str, ids: Iterable[str] = ()) -> Unjudged:
    return Unjudged(use.package.ecosystem, use.name, use.version, use.places, reason, tuple(ids))
