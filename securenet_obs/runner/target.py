"""A run's target: read from an env file or this process, or a stack to start; refuses bad ones."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from pydantic import SecretStr

from securenet_obs.addresses import invalid_addresses
from securenet_obs.env_file import EnvFile, Problem, printable_name, read_env_file
from securenet_obs.errors import SettingsError
from securenet_obs.redaction import redact_text
from securenet_obs.settings import SECURENET_RELEASE, Settings, invalid_variables

ADDRESSES = ("SENTRY_DSN", "REDIS_URL", "API_URL")
"""Variables that make an environment a target, if one of them is set."""

DESCRIBING = (
    *(*ADDRESSES, "SENTRY_URL", "SENTRY_ORG", "SENTRY_PROJECT", "SENTRY_AUTH_TOKEN"),
    *("SENTRY_BACKEND", "RESULT_URL", "DATABASE_URL", "LOG_SOURCE", "API_KEYS", "DIAGNOSTICS_KEY"),
)
"""The variables that describe a target: addresses of its parts, and credentials."""

COMMAND_ONLY = frozenset({"NOTIFY_URLS"})
"""Variables for the command alone: addresses with credentials, which no notebook needs."""

IDENTITY = ("SERVICE_NAME", "SENTRY_RELEASE")
"""The variables that name one process and its release; a target has many processes."""

SETTINGS = frozenset(name.upper() for name in Settings.model_fields)
"""Every variable of `Settings`; a target never inherits them from this process."""

_FILES = frozenset(
    f"{name.upper()}_FILE"
    for name, field in Settings.model_fields.items()
    if field.annotation is SecretStr
)
"""Variables that name the file of a secret; see `Secret`."""

_WAY = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_REACH = frozenset({*_WAY, *map(str.lower, _WAY), "SSL_CERT_FILE", "SSL_CERT_DIR"})
"""Proxy and certificate variables, which are not settings, but may be needed to reach a target."""

OVERRIDING = frozenset(
    f"CELERY_{name}" for name in ("BROKER_URL", "BROKER_READ_URL", "BROKER_WRITE_URL")
) | {"CELERY_RESULT_BACKEND"}
"""Variables that Celery prefers to `REDIS_URL` and `RESULT_URL`; no process of a run sees them."""


@dataclass(frozen=True)
class Target:
    """A named environment under test.

    Attributes:
        name: the env file, or the name of another environment.
        environment: all variables of a run's processes.
        local: whether it is a local stack of this command or of `up`.
        blank: variables that were given without a value; `environment` has none of them.
        lines: line number of each variable in the env file.
        problems: problems of the file or the variables.
    """

    name: str
    environment: Mapping[str, str]
    local: bool = False
    blank: frozenset[str] = frozenset()
    lines: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def address(self) -> tuple[str, ...]:
        """Return the addresses of its parts, which identify this environment."""
        return tuple(self.environment.get(name, "") for name in ADDRESSES)

    def shell_environment(self) -> dict[str, str]:
        """Return the variables for a shell or JupyterLab, where any service may be started.

        A service there has its own name and release, or those that the caller's variables give it.
        The target's release is in SECURENET_RELEASE, for validations. Programs of this installation
        come first, whether or not its folder is on the PATH.
        """
        own = {name: each for name, each in settings_in(os.environ).items() if name in IDENTITY}
        others = {name: each for name, each in self.environment.items() if name not in IDENTITY}
        release = self.environment.get("SENTRY_RELEASE") or SECURENET_RELEASE
        path = search_path(self.environment.get("PATH", ""))
        return {"SECURENET_RELEASE": release, **others, **own, "PATH": path}

    def facts(self) -> dict[str, str]:
        """Return the facts that may be recorded: its name and its non-secret settings."""
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


def search_path(path: str) -> str:
    """Return a PATH with the folder of this installation's programs first."""
    programs = str(Path(sys.executable).parent)
    others = [folder for folder in path.split(os.pathsep) if folder and folder != programs]
    return os.pathsep.join([programs, *others])


def settings_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an environment that are settings, in upper case, empty ones too.

    `Settings` ignores the case of variable names.
    """
    found = {name.upper(): value for name, value in environment.items() if _is_setting(name)}
    return found | {name: value for name, value in environment.items() if name in found}


def is_configured(addresses: Iterable[str] = ADDRESSES) -> bool:
    """Return whether this process's environment describes a target; blank values do not count."""
    variables = settings_in(os.environ)
    return any(variables.get(name, "").strip() for name in addresses)


def blank_variables() -> list[str]:
    """Return the blank variables that keep the environment from being a target.

    If it describes a target, only addresses count: other variables matter only where they are
    needed.
    """
    variables = settings_in(os.environ)
    counted = ADDRESSES if is_configured() else DESCRIBING
    return [name for name in counted if name in variables and not variables[name].strip()]


def target_of(
    name: str,
    variables: Mapping[str, str],
    *,
    local: bool = False,
    secrets: Iterable[str] = (),
) -> Target:
    """Return the target with these variables.

    It inherits the variables of this process, except settings and the names in `secrets`.
    """
    hidden = OVERRIDING | _files_of(secrets)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not _is_setting(name) and name.upper() not in _FILES and name not in hidden
    }
    blank = frozenset(name for name, value in variables.items() if not value.strip())
    given = {
        # Stored secrets often end with a line break, which a header may not contain.
        name: value.strip() if name in SETTINGS else value
        for name, value in variables.items()
        if name not in blank & SETTINGS
    }
    for path in (
        "LOG_SCHEMA_WAIVERS",
        "LOG_SOURCE",
        "DOSSIERS_FOLDER",
        *(name for name in given if name.endswith("_FILE")),
    ):
        # A relative path is relative to the folder where the command was called.
        if value := given.get(path):
            given[path] = str(Path.cwd() / os.path.expanduser(value))
    return Target(name, {**inherited, **given}, local, blank)


def stack_to_start() -> Target:
    """Return a placeholder, with every variable set, for a local stack that is not started yet."""
    variables = dict.fromkeys(SETTINGS, "of the stack")
    return target_of("local stack", variables | {"DIAGNOSTICS_ENABLED": "true"}, local=True)


def environment_target(*, checked: bool = True) -> Target:
    """Return the target that this process's environment describes, with its problems."""
    files = {name: value for name, value in os.environ.items() if name in _FILES}
    variables = settings_in(os.environ)
    target = target_of("environment", {**files, **variables})
    return replace(target, problems=_unusable(variables, {})) if checked else target


def read_target(path: Path, referred: Iterable[str] = ()) -> Target:
    """Return the target that an env file alone describes, with its problems.

    Args:
        path: path of the file.
        referred: secret names that notebooks refer to; only the file sets them, like settings.

    Raises:
        SettingsError: the file does not exist or is not text.
    """
    file = read_env_file(path)
    secrets = frozenset(referred)
    allowed = SETTINGS | _FILES | _REACH | _files_of(secrets)
    known = {name: value for name, value in file.values.items() if name in allowed}
    clean = {name: text.replace("\0", "") for name, text in known.items()}
    refused = {(problem.name, problem.line) for problem in file.problems}
    # The value of a line that is refused as it stands is not judged besides.
    unusable = [row for row in _unusable(clean, file.lines) if (row.name, row.line) not in refused]
    problems = [*file.problems, *_unknown(file, allowed), *unusable]
    if not file.values and not problems:
        problems = [Problem("it sets no variable; a target is made of lines such as NAME=value")]
    target = target_of(str(path), clean, secrets=secrets)
    ordered = tuple(sorted(problems, key=lambda problem: problem.line))
    return replace(target, lines=file.lines, problems=ordered)


def target_from_file(path: Path, referred: Iterable[str] = ()) -> Target:
    """Return the target that an env file alone describes.

    Raises:
        SettingsError: the file has problems; the message names all of them.
    """
    target = read_target(path, referred)
    refuse(target, target.problems)
    return target


def refuse(target: Target, problems: Iterable[Problem], advice: str = "") -> None:
    """Raise one error that names every problem and its place; do nothing without problems.

    Raises:
        SettingsError: there is a problem.
    """
    lines = [
        f"  {target.name}{f':{problem.line}' if problem.line else ''}: {problem.sentence}"
        for problem in problems
    ]
    if lines:
        heading = f"The target {target.name} cannot be used:"
        raise SettingsError("\n".join([heading, *lines, *([advice] if advice else [])]))


def _files_of(secrets: Iterable[str]) -> frozenset[str]:
    """Return the variables from which the secrets of these names are read."""
    return frozenset(variable for name in secrets for variable in (name, f"{name}_FILE"))


def _is_setting(name: str) -> bool:
    return name.upper() in SETTINGS


def _unknown(file: EnvFile, allowed: frozenset[str]) -> list[Problem]:
    return [
        Problem(
            f"{printable_name(name)} is not a variable of a target{_nearest(name, allowed)}", line
        )
        for name, line in file.lines.items()
        if name not in allowed
    ]


def _nearest(name: str, allowed: Iterable[str]) -> str:
    found = get_close_matches(name.upper(), sorted(allowed), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _unusable(variables: Mapping[str, str], lines: Mapping[str, int]) -> tuple[Problem, ...]:
    """Return the problems of the variables' values, blank addresses included."""
    set_ones = {name: value for name, value in variables.items() if value.strip()}
    reasons = {**invalid_variables(set_ones), **invalid_addresses(set_ones)}
    problems = {name: f"{name} cannot be used: {reason}" for name, reason in reasons.items()}
    blank = [name for name in ADDRESSES if name in variables and name not in set_ones]
    problems |= {name: f"{name} is empty: give it a value, or leave it out" for name in blank}
    return tuple(Problem(sentence, lines.get(name, 0), name) for name, sentence in problems.items())
