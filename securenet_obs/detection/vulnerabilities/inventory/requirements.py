"""Reads requirements.txt as pip does: continued lines, comments, options, included files."""

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement

from securenet_obs.detection.vulnerabilities.components import Component, Problem
from securenet_obs.detection.vulnerabilities.ecosystems import package_of

_COMMENT = re.compile(r"(^|\s+)#.*$")
_OPTIONS = re.compile(r"\s+--[a-z].*$")
_INCLUDE = re.compile(r"(?:-r|--requirement)[ =]*(\S.*)")


def read_requirements(text: str, name: str) -> Iterator[Component | Problem]:
    """Yield the components of a requirements.txt, pinned or not, and its invalid lines.

    A pin counts whatever the marker behind it: the inventory may be that of another system.
    """
    for number, line in _logical_lines(text):
        place = f"{name}:{number}"
        if line.startswith(("-e", "--editable")):
            yield Problem(place, "an editable requirement has no version")
        elif not line.startswith("-"):
            yield _read_requirement(_OPTIONS.sub("", line), place)


def included_files(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and path of each file that a requirements.txt includes by `-r`."""
    for number, line in _logical_lines(text):
        if match := _INCLUDE.fullmatch(line):
            yield number, match[1]


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield non-empty lines without comments, joined if continued, with the number of the first."""
    first, parts = 0, ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", raw)
        first = first or number
        if line.endswith("\\"):
            parts += line[:-1]
            continue
        if joined := (parts + line).strip():
            yield first, joined
        first, parts = 0, ""
    if parts.strip():
        yield first, parts.strip()


def _read_requirement(line: str, place: str) -> Component | Problem:
    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        return Problem(place, f"not a requirement: {str(error).splitlines()[0]}")
    package = package_of("PyPI", requirement.name)
    version = _pinned_version(requirement)
    if version:
        return Component(package, requirement.name, version, place)
    reason = "it is installed from a URL" if requirement.url else "its version is not pinned by =="
    return Component(package, requirement.name, "", place, reason)


def _pinned_version(requirement: Requirement) -> str:
    for specifier in requirement.specifier:
        if specifier.operator in ("==", "===") and not specifier.version.endswith(".*"):
            return specifier.version
    return ""
