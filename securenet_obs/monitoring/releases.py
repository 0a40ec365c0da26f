"""Release of a service, and commit of this product: as configured, else those installed."""

import json
import re
import subprocess
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import securenet_obs
from securenet_obs.errors import SettingsError
from securenet_obs.settings import SECURENET_RELEASE, Settings, get_settings

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


@cache
def installed_commit() -> str:
    """Return the commit of this product: SECURENET_COMMIT, pip's record, or the working copy's.

    It is empty if none of them has it.
    """
    return _configured_commit() or _recorded_commit() or _working_copy_commit()


def _configured_commit() -> str:
    # A service that names itself to `init_sentry` may have variables that are not ours.
    with suppress(SettingsError):
        return get_settings().securenet_commit
    return ""


def _recorded_commit() -> str:
    """Return the commit from which pip has installed this product (PEP 610)."""
    try:
        record = json.loads(distribution("securenet-obs").read_text("direct_url.json") or "{}")
        return str(record.get("vcs_info", {}).get("commit_id", ""))
    except (PackageNotFoundError, ValueError):
        return ""


def _working_copy_commit() -> str:
    folder = Path(securenet_obs.__file__).parents[1]
    if not (folder / ".git").exists():
        return ""
    try:
        answer = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), "rev-parse", "HEAD"],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()
