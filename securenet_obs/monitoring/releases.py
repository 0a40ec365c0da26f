"""Default release of a service: the version of its own installed package."""

from importlib.metadata import PackageNotFoundError, version

from securenet_obs import __version__

SECURENET = "securenet"
"""Name of SecureNet's own services before they have a more precise one."""


def default_release(service: str) -> str:
    """Return `SERVICE@VERSION`, with `unknown` for a service that is not an installed package."""
    if service == SECURENET:
        return f"{SECURENET}@{__version__}"
    try:
        return f"{service}@{version(service)}"
    except (PackageNotFoundError, ValueError):
        return f"{service}@unknown"
