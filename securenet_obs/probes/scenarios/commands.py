"""Runs commands of `securenet-obs` on a local stack, as a user does; registers a canary tenant."""

import subprocess
import sys

from pydantic import SecretStr

from securenet_obs.errors import ProbeError, SettingsError
from securenet_obs.settings import Settings

_LOCAL = "local"
"""Environment name of a local stack."""


def run_command(settings: Settings, *arguments: str, deadline_s: float) -> str:
    """Run a command of `securenet-obs` on the target of this process, and return its output.

    Args:
        settings: settings of the target; anything but a local stack is refused, because these
            commands change its store.
        arguments: the command's words, without `securenet-obs`.
        deadline_s: seconds after which it is ended.

    Raises:
        SettingsError: the target is not a local stack.
        ProbeError: the command failed, or did not end.
    """
    if settings.environment != _LOCAL:
        raise SettingsError(
            f"ENVIRONMENT is {settings.environment}, but this command changes the store and runs "
            "on local stacks only; run this notebook with --local."
        )
    shown = " ".join(("securenet-obs", *arguments[:2]))
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "securenet_obs", *arguments],
            capture_output=True,
            timeout=deadline_s,
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"{shown} did not end within {deadline_s:g} s.") from error
    if done.returncode:
        raise ProbeError(f"{shown} ended with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def register_tenant(settings: Settings, tenant_id: str, deadline_s: float) -> Settings:
    """Register a tenant by its first API key, and return the settings with this key alone.

    Raises:
        SettingsError: the target is not a local stack.
        ProbeError: the command failed, or did not end.
    """
    arguments = ("api-keys", "create", tenant_id, "--label", "validation")
    key = run_command(settings, *arguments, deadline_s=deadline_s)
    return settings.model_copy(update={"api_keys": SecretStr(f"{tenant_id}={key}")})
