"""Ecosystems by OSV's names: their packages' names, and their counterparts among purl types."""

from collections.abc import Callable, Mapping

from packageurl import PackageURL
from packaging.utils import canonicalize_name

from securenet_obs.detection.vulnerabilities.components import Component, Package

# Type of a purl -> OSV's ecosystem, and the character between namespace and name.
# https://github.com/package-url/purl-spec, https://ossf.github.io/osv-schema/#affectedpackage-field
_PURL_TYPES: dict[str, tuple[str, str]] = {
    "bitnami": ("Bitnami", "/"),
    "cargo": ("crates.io", "/"),
    "composer": ("Packagist", "/"),
    "conan": ("ConanCenter", "/"),
    "cran": ("CRAN", "/"),
    "gem": ("RubyGems", "/"),
    "githubactions": ("GitHub Actions", "/"),
    "golang": ("Go", "/"),
    "hackage": ("Hackage", "/"),
    "hex": ("Hex", "/"),
    "julia": ("Julia", "/"),
    "maven": ("Maven", ":"),
    "npm": ("npm", "/"),
    "nuget": ("NuGet", "/"),
    "pub": ("Pub", "/"),
    "pypi": ("PyPI", "/"),
    "swift": ("SwiftURL", "/"),
}

# Type and namespace of a distribution's purl -> OSV's ecosystem, without the release.
_DISTRIBUTIONS: dict[tuple[str, str], str] = {
    ("apk", "alpine"): "Alpine",
    ("apk", "chainguard"): "Chainguard",
    ("apk", "wolfi"): "Wolfi",
    ("deb", "debian"): "Debian",
    ("deb", "ubuntu"): "Ubuntu",
    ("rpm", "almalinux"): "AlmaLinux",
    ("rpm", "rocky"): "Rocky Linux",
    ("rpm", "rocky-linux"): "Rocky Linux",
}
_ROLLING = {"Chainguard", "Wolfi"}
_DEBIAN_RELEASES = {
    "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12",
    "trixie": "13", "forky": "14",
}  # fmt: skip

_lower: Callable[[str], str] = str.lower
_NAMES: dict[str, Callable[[str], str]] = {
    "GitHub Actions": _lower,
    "Go": _lower,
    "Hex": _lower,
    "NuGet": _lower,
    "Packagist": _lower,
    "PyPI": canonicalize_name,
    "SwiftURL": _lower,
}
"""Ecosystem -> normalisation of names; in the others, names are compared as they are."""


def package_of(ecosystem: str, name: str) -> Package:
    """Return the normalised package of an ecosystem."""
    normalise = _NAMES.get(ecosystem)
    return Package(ecosystem, normalise(name) if normalise else name)


def component_of(purl: PackageURL, place: str) -> Component:
    """Return the component that a purl names; `unjudged` has the reason if OSV has no such package.

    The packages of Debian, Ubuntu and Alpine are those of their sources, which the qualifier
    `upstream` names; their release is in `distro`.
    """
    qualifiers: Mapping[str, str] = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    if purl.type in _PURL_TYPES:
        ecosystem, separator = _PURL_TYPES[purl.type]
        name = f"{purl.namespace}{separator}{purl.name}" if purl.namespace else purl.name
        return _component(ecosystem, name, purl.version or "", place)
    distribution = _DISTRIBUTIONS.get((purl.type, (purl.namespace or "").lower()))
    if distribution is None:
        reason = f"advisories have no ecosystem for purls of type {purl.type}"
        package = Package(f"purl:{purl.type}", purl.name)
        return Component(package, purl.name, purl.version or "", place, reason)
    source, _, version = qualifiers.get("upstream", "").partition("@")
    release = _release(distribution, qualifiers.get("distro", ""))
    component = _component(
        f"{distribution}{release}", source or purl.name, version or purl.version or "", place
    )
    if release or distribution in _ROLLING:
        return component
    reason = "the purl names no release, as in ?distro=debian-12"
    return Component(component.package, component.name, component.version, place, reason)


def _component(ecosystem: str, name: str, version: str, place: str) -> Component:
    reason = "" if version else "it has no version"
    return Component(package_of(ecosystem, name), name, version, place, reason)


def _release(distribution: str, distro: str) -> str:
    """Return the release as OSV appends it to an ecosystem, empty if the qualifier has none."""
    if distribution in _ROLLING:
        return ""
    release = distro.lower().rpartition("-")[2]
    release = _DEBIAN_RELEASES.get(release, release)
    if not release[:1].isdigit():
        return ""
    if distribution == "Alpine":
        return ":v" + ".".join(release.split(".")[:2])
    if distribution == "Ubuntu":
        is_lts = release.endswith(".04") and int(release[:2]) % 2 == 0
        return f":{release}:LTS" if is_lts else f":{release}"
    return ":" + release.partition(".")[0]
