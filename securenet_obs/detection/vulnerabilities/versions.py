"""Order of versions by the rules of each ecosystem: sort keys, first versions, pre-releases."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from packaging.version import Version

from securenet_obs.errors import VersionError

Key = Any
"""A sort key; keys of one ecosystem can be compared with each other."""

_MAX_LENGTH = 256

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_SEMVER = re.compile(rf"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?")
_COMPOSER = re.compile(r"v?(\d+(?:\.\d+)*)[._-]?(?:(\w*?[a-z]+)[.-]?(\d*))?(?:\+.*)?", re.I)
_STABILITIES = {
    "dev": 0,
    "alpha": 1,
    "a": 1,
    "beta": 2,
    "b": 2,
    "rc": 3,
    "p": 5,
    "pl": 5,
    "patch": 5,
}
_STABLE = 4
_NUGET = re.compile(rf"v?(\d+(?:\.\d+){{0,3}})(?:-({_IDENTIFIERS}))?(?:\+{_IDENTIFIERS})?")
_PRERELEASE = re.compile(r"(?i)(?:dev|alpha|beta|rc|cr|pre|snapshot|milestone|m)[.-]?\d*(?:$|\+)|~")
_MAJOR = re.compile(r"[vV]?(?:(\d+)[!:])?(\d+)")


@lru_cache(maxsize=65_536)
def key_of(ecosystem: str, text: str) -> Key:
    """Return the sort key of a version.

    Raises:
        VersionError: the version is not valid in its ecosystem, or its order is not known.
    """
    family = ecosystem.partition(":")[0]
    parse = _parsers().get(family)
    if parse is None:
        raise VersionError(f"the order of versions in {family} is not known")
    try:
        if len(text) > _MAX_LENGTH or not text.strip() or not text.isascii():
            raise ValueError
        return parse(text.strip())
    # univers raises what its parsers happen to raise: ValueError, TypeError, AttributeError.
    except Exception:  # noqa: BLE001
        raise VersionError(f"{text[:80]!r} is not a valid version in {family}") from None


def is_prerelease(ecosystem: str, text: str) -> bool:
    """Return whether a valid version is named as one before a release."""
    if ecosystem == "PyPI":
        return bool(key_of(ecosystem, text).is_prerelease)
    return _PRERELEASE.search(text) is not None


def major_of(text: str) -> tuple[int, int]:
    """Return the epoch and the first number of a valid version."""
    match = _MAJOR.match(text)
    return (int(match[1] or 0), int(match[2])) if match else (0, 0)


def parse_semver(text: str) -> Key:
    """Return the key of a version by SemVer 2.0 §11; build metadata do not count.

    univers compares them, and takes `1.x` for a pre-release of 1.0.0; missing parts are 0 here too.

    Raises:
        ValueError: it is not such a version.
    """
    match = _SEMVER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    major, minor, patch, prerelease = match.groups()
    return int(major), int(minor or 0), int(patch or 0), *_rank(prerelease)


def parse_nuget(text: str) -> Key:
    """Return the key of a version as NuGet orders them: SemVer with a fourth number, in any case.

    univers takes a millisecond for each.
    https://learn.microsoft.com/nuget/concepts/package-versioning

    Raises:
        ValueError: it is not such a version.
    """
    match = _NUGET.fullmatch(text.lower())
    if match is None:
        raise ValueError(text)
    numbers = [int(part) for part in match[1].split(".")]
    return *numbers, *[0] * (4 - len(numbers)), *_rank(match[2])


def _rank(prerelease: str | None) -> tuple[int, tuple[tuple[int, int, str], ...]]:
    if prerelease is None:
        return 1, ()
    parts = prerelease.split(".")
    return 0, tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


def parse_composer(text: str) -> Key:
    """Return the key of a version as Composer orders them: dev, alpha, beta, RC, stable, patch.

    univers orders them as SemVer, in which `RC1` precedes `beta1` and `p1` is a pre-release.
    https://getcomposer.org/doc/articles/versions.md

    Raises:
        ValueError: it is not such a version.
    """
    match = _COMPOSER.fullmatch(text)
    if match is None:
        raise ValueError(text)
    numbers, stability, number = match.groups()
    parts = [int(part) for part in numbers.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    rank = _STABLE if not stability or stability.lower() == "stable" else None
    return tuple(parts), _STABILITIES[stability.lower()] if rank is None else rank, int(number or 0)


@cache
def _parsers() -> dict[str, Callable[[str], Key]]:
    # univers takes a quarter of a second to import.
    from univers import versions

    return {
        "AlmaLinux": versions.RpmVersion,
        "Alpine": versions.AlpineLinuxVersion,
        "Bitnami": parse_semver,
        "CRAN": versions.IntdotVersion,
        "Chainguard": versions.AlpineLinuxVersion,
        "ConanCenter": versions.ConanVersion,
        "Debian": versions.DebianVersion,
        "GitHub Actions": parse_semver,
        "Go": parse_semver,
        "Hackage": versions.IntdotVersion,
        "Hex": parse_semver,
        "Julia": parse_semver,
        "Maven": versions.MavenVersion,
        "NuGet": parse_nuget,
        "Packagist": parse_composer,
        "Pub": parse_semver,
        "PyPI": Version,
        "Rocky Linux": versions.RpmVersion,
        "RubyGems": versions.RubygemsVersion,
        "SEMVER": parse_semver,
        "SwiftURL": parse_semver,
        "Ubuntu": versions.DebianVersion,
        "Wolfi": versions.AlpineLinuxVersion,
        "crates.io": parse_semver,
        "npm": parse_semver,
    }
