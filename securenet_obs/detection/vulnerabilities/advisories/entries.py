"""Compiles an OSV record to an index entry for each package that it affects."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from securenet_obs.detection.vulnerabilities.advisories.ranges import Interval, intervals_of
from securenet_obs.detection.vulnerabilities.components import Package
from securenet_obs.detection.vulnerabilities.ecosystems import package_of
from securenet_obs.detection.vulnerabilities.severity import Severity, most_severe, severity_of
from securenet_obs.detection.vulnerabilities.versions import Key, key_of
from securenet_obs.errors import AdvisoriesError, VersionError

_MAX_SUMMARY = 200


@dataclass(slots=True)
class Entry:
    """The statements of one advisory on one package, ready for matching.

    Attributes:
        intervals: affected ranges.
        listed: affected versions that no interval contains.
        known: every version that the advisory names, affected or fixed.
        unjudged: reason why it cannot be judged whether other versions are affected.
    """

    advisory_id: str
    aliases: tuple[str, ...]
    package: Package
    severity: Severity = field(default_factory=Severity)
    summary: str = ""
    modified: str = ""
    intervals: list[Interval] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    unjudged: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The advisory's id, then its aliases."""
        return self.advisory_id, *self.aliases

    def affects(self, version: str) -> bool:
        """Return whether a version is affected.

        Raises:
            VersionError: it cannot be judged: the version is not valid, or the entry is `unjudged`.
        """
        if version in self.listed:
            return True
        keys: dict[str, Key] = {}
        for interval in self.intervals:
            if interval.family not in keys:
                keys[interval.family] = key_of(interval.family, version)
            if interval.contains(keys[interval.family]):
                return True
        if self.listed and _is_among(self.package.ecosystem, version, self.listed):
            return True
        if self.unjudged:
            raise VersionError(self.unjudged)
        return False


@dataclass
class Compiled:
    """Entries of a record, and the number of its GIT ranges, which are skipped."""

    entries: list[Entry] = field(default_factory=list)
    git_ranges: int = 0


def compile_record(record: object) -> Compiled:
    """Return the entries of an OSV record; none if it was withdrawn.

    Ranges of type GIT are of commits, which inventories do not have: they are skipped.

    Raises:
        AdvisoriesError: it is not an OSV record.
    """
    if not isinstance(record, Mapping) or not isinstance(record.get("id"), str):
        raise AdvisoriesError("it is not an OSV record: it has no id")
    compiled = Compiled()
    if record.get("withdrawn"):
        return compiled
    entries: dict[Package, list[Mapping[str, Any]]] = {}
    for affected in _objects(record.get("affected")):
        compiled.git_ranges += sum(row.get("type") == "GIT" for row in _ranges(affected))
        if (package := _package(affected)) is not None:
            entries.setdefault(package, []).append(affected)
    whole = severity_of(record)
    for package, parts in entries.items():
        compiled.entries.append(_compile(record, package, parts, whole))
    return compiled


def _compile(
    record: Mapping[str, Any], package: Package, parts: list[Mapping[str, Any]], whole: Severity
) -> Entry:
    entry = Entry(
        advisory_id=record["id"],
        aliases=tuple(_texts(record.get("aliases"))),
        package=package,
        severity=most_severe([whole, *map(severity_of, parts)]),
        summary=_summary(record),
        modified=str(record.get("modified") or ""),
    )
    versions = [text for part in parts for text in _texts(part.get("versions"))]
    rows = [row for part in parts for row in _ranges(part) if row.get("type") != "GIT"]
    for row in rows:
        _add_range(entry, row)
    if not rows and not versions:
        entry.unjudged = "the advisory has neither versions nor ranges of versions for the package"
    entry.listed = [text for text in versions if not _is_in(entry.intervals, text)]
    ends = (interval.end for interval in entry.intervals if not interval.includes_end)
    entry.known = list(dict.fromkeys([*versions, *filter(None, ends)]))
    return entry


def _add_range(entry: Entry, row: Mapping[str, Any]) -> None:
    family = "SEMVER" if row.get("type") == "SEMVER" else entry.package.ecosystem
    try:
        entry.intervals += intervals_of(family, _objects(row.get("events")))
    except VersionError as error:
        entry.unjudged = f"a range of the advisory has an invalid version: {error}"


def _is_in(intervals: Iterable[Interval], version: str) -> bool:
    for interval in intervals:
        try:
            if interval.contains(key_of(interval.family, version)):
                return True
        except VersionError:
            continue
    return False


def _is_among(ecosystem: str, version: str, listed: Iterable[str]) -> bool:
    """Return whether a version equals a listed one of another spelling, as 1.0 and 1.0.0."""
    key = key_of(ecosystem, version)
    for text in listed:
        try:
            other = key_of(ecosystem, text)
        except VersionError:
            continue
        if not key < other and not other < key:
            return True
    return False


def _package(affected: Mapping[str, Any]) -> Package | None:
    package = affected.get("package")
    match package:
        case {"ecosystem": str(ecosystem), "name": str(name)} if ecosystem and name:
            return package_of(ecosystem, name)
    return None


def _summary(record: Mapping[str, Any]) -> str:
    text = record.get("summary") or record.get("details") or ""
    return " ".join(str(text).split())[:_MAX_SUMMARY]


def _ranges(affected: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return _objects(affected.get("ranges"))


def _objects(rows: object) -> Iterator[Mapping[str, Any]]:
    return (row for row in rows if isinstance(row, Mapping)) if isinstance(rows, list) else iter(())


def _texts(values: object) -> Iterator[str]:
    given = values if isinstance(values, list) else []
    return (value for value in given if isinstance(value, str) and value)
