"""Versions of packages and of the Redis server that are known to be bad; no pandas."""

from packaging.specifiers import SpecifierSet

_KNOWN_BAD = {
    "kombu": (SpecifierSet("==5.7.*"), "a busy worker ends when Redis restarts"),
    "celery": (SpecifierSet("<5.5"), "it is not tested with this configuration"),
    "redis": (SpecifierSet("<6.2"), "the server gets no security fixes"),
}
"""Package, or `redis` for the server -> versions that must not run, and the reason."""


def find_bad_versions(versions: dict[str, str]) -> list[str]:
    """Return a sentence for each version that is known to be bad."""
    return [
        f"{name} {version}: {_KNOWN_BAD[name][1]}"
        for name, version in sorted(versions.items())
        if name in _KNOWN_BAD and version in _KNOWN_BAD[name][0]
    ]
