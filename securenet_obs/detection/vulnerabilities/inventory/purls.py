"""Reads lists of package URLs: one in each line of a text, or each item of a JSON list."""

from collections.abc import Iterable, Iterator

from packageurl import PackageURL

from securenet_obs.detection.vulnerabilities.components import Component, Problem
from securenet_obs.detection.vulnerabilities.ecosystems import component_of


def read_purl_lines(text: str, name: str) -> Iterator[Component | Problem]:
    """Yield the component of each line; blank lines and those that begin with # are skipped."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield read_purl(line.strip(), f"{name}:{number}")


def read_purls(purls: Iterable[object], name: str) -> Iterator[Component | Problem]:
    """Yield the component of each purl of a list."""
    for index, purl in enumerate(purls):
        yield read_purl(purl, f"{name}[{index}]")


def read_purl(purl: object, place: str) -> Component | Problem:
    """Return the component that a purl names, or the problem of an invalid one."""
    if not isinstance(purl, str):
        return Problem(place, "the purl is not a text")
    try:
        return component_of(PackageURL.from_string(purl), place)
    except ValueError as error:
        return Problem(place, str(error)[:200])
