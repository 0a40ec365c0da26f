"""Release of a service: as configured, else the version of its own installed package."""

import re
from importlib.metadata import PackageNotFoundError, version

from securenet_obs.settings import SECURENET_RELEASE, Settings

_SECURENET = "securenet"
"""Name of SecureNet's own services before they have a more precise one."""

_OWN = re.compile(rf"{_SECURENET}(?:-(?:api|worker|beat|notebook))?")


def default_release(service: str) -> str:
    """Return `SERVICE@VERSION`, with `unknown` for a service that is not an installed package."""
    if _OWN.fullmatch(service):
        return SECURENET_RELEASE
    try:
        return f"{service}@{version(service)}"
    except (PackageNotFoundError, ValueError):
        return f"{service}@unknown"


def release_of(settings: Settings, service: str) -> str:
    """Return the release that a variable sets, else the default one of the service."""
    if "sentry_release" in settings.model_fields_set:
        return settings.sentry_release
    return default_release(service)
