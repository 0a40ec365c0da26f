"""Parses `name=value` parameters by their schema, explains refusals, converts values to JSON."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import NoneType
from typing import TYPE_CHECKING, Any, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from securenet_obs.errors import ParametersError
from securenet_obs.redaction import MASK, redact, redact_text
from securenet_obs.runner.notebook.parameters.secret import Secret
from securenet_obs.runner.notebook.parameters.type_names import (
    choices,
    examples,
    members,
    noun,
    spelled,
)
from securenet_obs.suggestions import did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

REQUIRED = object()
"""The default of a required parameter."""


@dataclass(frozen=True)
class Computed:
    """The default of a foreign notebook's parameter that is computed when its cell runs.

    The evidence records null for it, as for a required one: its source is not its value.
    """

    source: str


MAX_SHOWN_LENGTH = 100
"""Maximum length of a value in a message, in characters."""

CONFIG = ConfigDict(allow_inf_nan=False, hide_input_in_errors=True)
"""Options for pydantic: NaN and infinities are refused, and messages contain no values."""


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, its type as written and as used, its default and its help text."""

    name: str
    type_text: str
    type: Any
    default: Any
    help: str

    def parse(self, text: str) -> Any:
        """Return the value of `text`; lists and dicts are written as JSON.

        Raises:
            ValidationError: the text is not a value of the type, or is out of range.
        """
        adapter: TypeAdapter[Any] = TypeAdapter(self.type, config=CONFIG)
        types = members(self.type)
        if str in types:
            return adapter.validate_python(text)
        if NoneType in types and text == "null":
            return None
        if any(get_origin(member) in (list, dict, tuple) for member in types):
            return adapter.validate_json(text)
        for choice in choices(types):
            if str(choice) == text:
                return choice
        return adapter.validate_strings(text)

    def described(self) -> dict[str, str]:
        """Return the name, type, default and help text for display, all as text."""
        return {
            "name": self.name,
            "type": self.type_text,
            "default": self._default_text(),
            "help": self.help,
        }

    def _default_text(self) -> str:
        if self.default is REQUIRED:
            return "(required)"
        if isinstance(self.default, Computed):
            return self.default.source
        return repr(as_text(self.default))


@dataclass(frozen=True)
class Schema:
    """The parameters of one notebook, in the order of its `parameters` cell, if it has one."""

    parameters: tuple[Parameter, ...] = ()
    has_cell: bool = True

    def parse(self, assignments: Iterable[str]) -> dict[str, Any]:
        """Return the typed values of `name=value` assignments.

        Raises:
            ParametersError: unknown names, wrong types, values out of range, a value instead of a
                secret's reference, a name given twice, missing required ones; the message names
                every problem.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        given, problems = _by_name(assignments, known)
        values: dict[str, Any] = {}
        for name, (text, *others) in given.items():
            if name not in known:
                problems.append(f"{redact_text(name)}: {self._unknown(name)}")
            elif others:
                problems.append(f"{name}: {_repeated(known[name], [text, *others])}")
            else:
                try:
                    values[name] = known[name].parse(text)
                except ValidationError as error:
                    problems.append(f"{name}: {explained(known[name], text, error)}")
        problems += [
            f"{name}: required, and not given{for_instance(parameter)}"
            for name, parameter in known.items()
            if parameter.default is REQUIRED and name not in given
        ]
        if problems:
            raise ParametersError("\n".join(problems))
        return values

    def _unknown(self, name: str) -> str:
        if not self.has_cell:
            return "unknown; this notebook has no cell with the tag `parameters`"
        known = [row.name for row in self.parameters]
        return f"unknown.{did_you_mean(name, known)} This notebook has {', '.join(known) or 'none'}"

    def effective(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter's value: the given one, else its default."""
        return {row.name: given.get(row.name, row.default) for row in self.parameters}


def _by_name(
    assignments: Iterable[str], known: Mapping[str, Parameter]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the texts assigned to each name, and the problems of the other assignments."""
    given: dict[str, list[str]] = {}
    problems = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            problems.append(f"{redact_text(assignment)!r} is not name=value; {_instance(known)}")
        elif not name.strip():
            problems.append(f"there is no name before the = of a value; {_instance(known)}")
        else:
            given.setdefault(name.strip(), []).append(text)
    return given, problems


def explained(parameter: Parameter, text: str, error: ValidationError) -> str:
    """Return the reason for a refusal: the value, its expected type, and an example."""
    if _is_secret(parameter):
        reason = f"takes a reference such as secret:NAME, never a value ({parameter.type_text})"
        return reason + for_instance(parameter)
    shown = _shown(parameter, text)
    faults = [fault for fault in error.errors() if not _is_of_type(fault)]
    if not faults:
        return f"{shown} is not {noun(parameter.type)}{for_instance(parameter)}"
    reasons = "; ".join(dict.fromkeys(map(_reason, faults)))
    return f"{shown} is refused: {reasons} ({parameter.type_text}){for_instance(parameter)}"


def _repeated(parameter: Parameter, texts: Sequence[str]) -> str:
    """Return that a parameter is given more than once, with each of its values."""
    times = "twice" if len(texts) == 2 else f"{len(texts)} times"
    values = ", ".join(dict.fromkeys(_shown(parameter, text) for text in texts))
    return f"given {times} ({values}); give it once"


def _shown(parameter: Parameter, text: str) -> str:
    """Return a given value as a message may hold it: masked, and cut where it is long."""
    if _is_secret(parameter):
        return repr(text) if _parses(parameter, text) else MASK
    masked = _masked(parameter, text)
    return repr(masked if len(masked) <= MAX_SHOWN_LENGTH else f"{masked[: MAX_SHOWN_LENGTH - 1]}…")


def _is_secret(parameter: Parameter) -> bool:
    return "Secret" in parameter.type_text


def _masked(parameter: Parameter, text: str) -> str:
    masked: Any = redact({parameter.name: redact_text(text)})
    return str(masked[parameter.name])


def _is_of_type(fault: "ErrorDetails") -> bool:
    """Return whether the whole value has a wrong type, rather than a part of it or its range."""
    inside = any(isinstance(step, int) for step in fault["loc"])
    kind = fault["type"]
    plain = kind.endswith(("_parsing", "_type")) or kind in ("literal_error", "json_invalid")
    return plain and not inside


def _reason(fault: "ErrorDetails") -> str:
    reason = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    where = ".".join(map(str, fault["loc"]))
    return f"{where} {reason}".strip()


def for_instance(parameter: Parameter) -> str:
    """Return `; for instance: -p name=value` with a valid value; empty if none is known."""
    takes = (text for text in _examples(parameter) if _takes(parameter, text))
    example = "secret:NAME" if _is_secret(parameter) else next(takes, None)
    if example is None:
        return ""
    return f"; for instance: -p {shlex.quote(f'{parameter.name}={example}')}"


def _examples(parameter: Parameter) -> Iterator[str]:
    default = parameter.default
    if default is not REQUIRED and default not in (None, "", [], {}):
        yield spelled(default)
    yield from examples(parameter.type)


def _takes(parameter: Parameter, text: str) -> bool:
    """Return whether a text is a valid value that can be shown."""
    can_be_shown = len(text) <= MAX_SHOWN_LENGTH and _masked(parameter, text) == text
    return can_be_shown and _parses(parameter, text)


def _parses(parameter: Parameter, text: str) -> bool:
    try:
        parameter.parse(text)
    except ValidationError:
        return False
    return True


def _instance(known: Mapping[str, Parameter]) -> str:
    first = next(iter(known.values()), None)
    return "this notebook has none" if first is None else for_instance(first).removeprefix("; ")


def leaves(value: Any) -> Iterator[Any]:
    """Yield every nested value that is not a container."""
    if isinstance(value, Mapping):
        for pair in value.items():
            yield from leaves(list(pair))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def as_text(value: Any) -> Any:
    """Return a parameter's value as a JSON value; a secret becomes its reference."""
    match value:
        case Secret():
            return value.reference
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(name): as_text(part) for name, part in value.items()}
        case list() | tuple():
            return [as_text(part) for part in value]
    return None if value is REQUIRED or isinstance(value, Computed) else value


def secrets_in(values: Mapping[str, Any]) -> list[Secret]:
    """Return every secret in the values, nested ones included."""
    return [leaf for leaf in leaves(values) if isinstance(leaf, Secret)]
