"""Named actions of a target: commands in a TOML file, run without a shell, parameters checked.

Each table of the file is an action:

    [restart_worker]
    command = ["systemctl", "restart", "securenet-{worker}"]
    undo = "none: a restarted worker consumes as before"
    deadline_s = 90
    folder = "/srv/securenet"

    [restart_worker.parameters]
    worker = '[a-z0-9]+@[a-z0-9.-]+'

A parameter must match its whole pattern; a named group of the pattern, as in
`worker@(?P<pod>[a-z0-9-]+)`, is a placeholder, too: `{pod}`. A value cannot become an option: no
value begins with `-`.
`folder`, the working folder, may be left out. `examples/` has such files for containers and pods.
"""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.step import Action, Manual, State, Step
from securenet_obs.redaction import redact_text
from securenet_obs.settings import Settings

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MAX_OUTPUT = 300
_MAX_VALUE = 200


def _check_pattern(pattern: str) -> str:
    """Return a regular expression.

    Raises:
        ValueError: it is not one; pydantic names its place.
    """
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


_Pattern = Annotated[str, AfterValidator(_check_pattern)]


class Entry(BaseModel):
    """An action of the file; see the module's docstring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: list[str] = Field(min_length=1)
    undo: str = Field(min_length=1)
    deadline_s: float = Field(default=60.0, gt=0, le=600)
    folder: str | None = None
    parameters: dict[str, _Pattern] = {}

    def fill(self, name: str, values: Mapping[str, str]) -> list[str]:
        """Return the command's arguments with the values in place of the placeholders.

        Raises:
            ActionError: a value is missing or does not match its pattern.
        """
        parts: dict[str, str] = {}
        for parameter in sorted(self.parameters):
            parts |= self._check(name, parameter, values.get(parameter, ""))
        for placeholder in {found for word in self.command for found in _PLACEHOLDER.findall(word)}:
            if placeholder not in parts:
                raise ActionError(f"{name}: the placeholder {{{placeholder}}} has no pattern.")
        return [_PLACEHOLDER.sub(lambda found: parts[found[1]], word) for word in self.command]

    def _check(self, name: str, parameter: str, value: str) -> dict[str, str]:
        """Return the value and the named groups of its pattern, by name."""
        pattern = self.parameters[parameter]
        match = re.fullmatch(pattern, value) if len(value) <= _MAX_VALUE else None
        parts = {} if match is None else {**match.groupdict(""), parameter: value}
        if match is None or any(part.startswith("-") for part in parts.values()):
            raise ActionError(
                f"{name}: {value[:_MAX_VALUE]!r} is not a valid {parameter}; it must match "
                f"{pattern}."
            )
        return parts


@dataclass(frozen=True)
class _Call:
    """A named action with its arguments filled in."""

    name: str
    arguments: Sequence[str]
    deadline_s: float
    folder: str | None

    def __call__(self) -> str:
        """Run the command; return its last line of output, with secrets masked.

        Raises:
            ActionError: it cannot be started, exits with another code than 0, or takes too long.
        """
        try:
            done = subprocess.run(  # noqa: S603
                self.arguments,
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=self.deadline_s,
                cwd=self.folder,
            )
        except subprocess.TimeoutExpired as error:
            raise ActionError(f"{self.name} did not end in {self.deadline_s:g} s.") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ActionError(f"{self.name} cannot be started: {reason}.") from error
        output = redact_text((done.stdout + done.stderr).strip())[-_MAX_OUTPUT:]
        if done.returncode:
            raise ActionError(f"{self.name} exited with {done.returncode}: {output}")
        return output.rpartition("\n")[2] or "done"


def named_action(
    settings: Settings,
    name: str,
    does: str,
    read_state: Callable[[], State],
    **values: str,
) -> Step:
    """Return the target's named action, or a manual step with the reason if there is none.

    Args:
        settings: those of the target; RUNBOOK_ACTIONS is its file of actions.
        name: name of the action, such as `restart_worker`.
        does: one sentence in the imperative, with the exact change and its object.
        read_state: as for `Action`.
        values: values of the command's placeholders.
    """
    try:
        return build_action(settings, name, does, read_state, **values)
    except ActionError as error:
        named = ", ".join(f"{key}={value[:_MAX_VALUE]}" for key, value in values.items())
        return Manual(does, f"{name} {named}".strip(), str(error))


def build_action(
    settings: Settings,
    name: str,
    does: str,
    read_state: Callable[[], State],
    **values: str,
) -> Action:
    """Return the target's named action; see `named_action`.

    Raises:
        ActionError: the file has no such action or cannot be read, or a value is refused.
    """
    entry = read_entries(settings.runbook_actions).get(name)
    if entry is None:
        raise ActionError(f"RUNBOOK_ACTIONS names no action {name}")
    arguments = entry.fill(name, values)
    call = _Call(name, arguments, entry.deadline_s, entry.folder)
    return Action(name, does, entry.undo, read_state, call, shlex.join(arguments))


def read_entries(path: str) -> Mapping[str, Entry]:
    """Return the actions of a file by name; none without a file.

    Raises:
        ActionError: the file cannot be read, or an entry is not valid.
    """
    if not path:
        return {}
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, Entry]).validate_python(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in error.errors()
        )
        raise ActionError(f"RUNBOOK_ACTIONS: {path}: {problems}") from None
    except (OSError, ValueError) as error:
        raise ActionError(f"RUNBOOK_ACTIONS: {path} cannot be read: {error}") from error
