"""Components of an inventory: package, ecosystem, version, place; problems of its files."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Package:
    """A package: OSV's name of its ecosystem, such as `PyPI` or `Debian:12`, and its name there.

    `name` is normalised by the rules of the ecosystem, so that equal packages are equal.
    """

    ecosystem: str
    name: str


@dataclass(frozen=True, slots=True)
class Component:
    """A package that is in use.

    Attributes:
        package: the normalised package.
        name: its name as the inventory spells it.
        version: its version, empty if the inventory has none.
        place: file and line or path, such as `requirements.txt:3`.
        unjudged: reason why advisories cannot be matched with it, empty if they can.
    """

    package: Package
    name: str
    version: str
    place: str = ""
    unjudged: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the component as JSON values; `from_json` is its inverse."""
        return {
            "ecosystem": self.package.ecosystem,
            "package": self.package.name,
            "name": self.name,
            "version": self.version,
            "place": self.place,
            "unjudged": self.unjudged,
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Component":
        """Return the component that `as_json` has described."""
        package = Package(row["ecosystem"], row["package"])
        return cls(package, row["name"], row["version"], row["place"], row["unjudged"])


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry of an inventory that cannot be read: its place and the reason."""

    place: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """Return the problem as JSON values."""
        return {"place": self.place, "reason": self.reason}


@dataclass
class Inventory:
    """Components and problems of one or several files, in their order."""

    components: list[Component] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, entries: Iterable[Component | Problem]) -> "Inventory":
        """Add entries, and return the inventory."""
        for entry in entries:
            if isinstance(entry, Problem):
                self.problems.append(entry)
            else:
                self.components.append(entry)
        return self
