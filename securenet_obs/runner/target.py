"""The environment that a run is told to test, as the variables its kernel will see."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr

from securenet_obs.redaction import redact_text
from securenet_obs.settings import Settings, load_settings

_PATHS = ("LOG_SOURCE",)
"""Variables that name files: a relative one is meant from where the command was called."""

_CHOOSING = ("SENTRY_DSN", "REDIS_URL", "API_URL")
"""Whoever has one of these in the environment means that environment as the target."""


def is_configured() -> bool:
    """Say whether this process's environment describes a target."""
    return any(os.environ.get(name) for name in _CHOOSING)


@dataclass(frozen=True)
class Target:
    """A named environment; `environment` is what the processes of a run are started with."""

    name: str
    environment: Mapping[str, str]

    def address(self) -> tuple[str, ...]:
        """Return what tells this environment from another: where its parts are."""
        return tuple(self.environment.get(name, "") for name in _CHOOSING)

    def facts(self) -> dict[str, str]:
        """Return what may be written down of it: the settings that are no secret."""
        public = {
            name.upper()
            for name, field in Settings.model_fields.items()
            if field.annotation is not SecretStr
        }
        named = {
            name: redact_text(value)
            for name, value in sorted(self.environment.items())
            if name in public and value
        }
        return {"name": self.name, **named}


def target_of(name: str, variables: Mapping[str, str]) -> Target:
    """Return the target that these variables make, laid over this process's environment."""
    environment = {**os.environ, **variables}
    for path in _PATHS:
        if value := environment.get(path):
            environment[path] = str(Path.cwd() / value)
    return Target(name, environment)


def target_from_file(path: Path) -> Target:
    """Return the target that an env file describes.

    Raises:
        SettingsError: there is no such file, or it holds a value that cannot be used.
    """
    load_settings(path)
    variables = {name: value for name, value in dotenv_values(path).items() if value is not None}
    return target_of(str(path), variables)
