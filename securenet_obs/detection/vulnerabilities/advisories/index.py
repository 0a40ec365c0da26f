"""Index of advisories in memory: entries by package, for a scan of files."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from securenet_obs.detection.vulnerabilities.advisories.entries import Entry, compile_record
from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.components import Package, Problem
from securenet_obs.errors import AdvisoriesError


class Index(Protocol):
    """Looks up the entries of packages, in memory or in the store."""

    def entries_of(self, packages: Collection[Package]) -> Mapping[Package, Sequence[Entry]]:
        """Return the entries of those packages that have any."""

    def known_versions_of(self, packages: Collection[Package]) -> Mapping[Package, Sequence[str]]:
        """Return the versions that the packages' advisories name, affected or fixed."""


@dataclass
class MemoryIndex:
    """Entries by package, and a summary of the records that they come from.

    Attributes:
        records: number of records, withdrawn ones included.
        git_ranges: number of skipped ranges of commits.
        problems: records that cannot be read.
        newest: time of the latest modification of a record, as the records write it.
    """

    entries: defaultdict[Package, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    records: int = 0
    git_ranges: int = 0
    problems: list[Problem] = field(default_factory=list)
    newest: str = ""

    def entries_of(self, packages: Collection[Package]) -> Mapping[Package, Sequence[Entry]]:
        """Return the entries of those packages that have any."""
        return {package: self.entries[package] for package in packages if package in self.entries}

    def known_versions_of(self, packages: Collection[Package]) -> Mapping[Package, Sequence[str]]:
        """Return the versions that the packages' advisories name, affected or fixed."""
        return {
            package: [version for entry in self.entries[package] for version in entry.known]
            for package in packages
        }


def build_index(
    sources: Iterable[Source], packages: Collection[Package] | None = None
) -> MemoryIndex:
    """Return the index of all records, or of those that concern one of the packages.

    Raises:
        AdvisoriesError: no record can be read; a scan without any would find nothing.
    """
    index = MemoryIndex()
    for source in sources:
        try:
            if source.problem:
                raise AdvisoriesError(source.problem)
            compiled = compile_record(source.record)
        except AdvisoriesError as error:
            index.problems.append(Problem(source.place, str(error)))
            continue
        index.records += 1
        index.git_ranges += compiled.git_ranges
        index.newest = max(index.newest, str(source.record.get("modified") or ""))
        for entry in compiled.entries:
            if packages is None or entry.package in packages:
                index.entries[entry.package].append(entry)
    if not index.records:
        first = "".join(f"; {problem.place}: {problem.reason}" for problem in index.problems[:1])
        raise AdvisoriesError(f"no advisory can be read{first}")
    return index
