"""Typed parameters: what is given for them is parsed, and a wrong one is refused up front."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from securenet_obs.errors import ParametersError
from securenet_obs.redaction import redact_text
from securenet_obs.runner.secret import Secret

REQUIRED = object()
"""The default of a parameter that has none."""


@dataclass(frozen=True)
class Computed:
    """The default of a foreign notebook's parameter that is known only once its cell has run.

    The evidence records null for it, as for a required one: its source is not its value.
    """

    source: str


CONFIG = ConfigDict(allow_inf_nan=False, hide_input_in_errors=True)
"""How pydantic reads values: no NaN where a number is meant, no value in a message."""


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, its type as written and as used, its default and its help text."""

    name: str
    type_text: str
    type: Any
    default: Any
    help: str

    def parse(self, text: str) -> Any:
        """Return the value that `text` stands for; lists and dicts are written as JSON.

        Raises:
            ValidationError: it is no such value, or out of range.
        """
        adapter: TypeAdapter[Any] = TypeAdapter(self.type, config=CONFIG)
        members = _members(self.type)
        if str in members:
            return adapter.validate_python(text)
        if NoneType in members and text == "null":
            return None
        if any(get_origin(member) in (list, dict, tuple) for member in members):
            return adapter.validate_json(text)
        for choice in _choices(members):
            if str(choice) == text:
                return choice
        return adapter.validate_strings(text)

    def described(self) -> dict[str, str]:
        """Return what a person needs to know to set it, all as text."""
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


def _members(annotation: Any) -> list[Any]:
    """Return the types of a union, each without what annotates it."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) is Union:
        return [member for part in get_args(annotation) for member in _members(part)]
    return [annotation]


def _choices(members: Iterable[Any]) -> Iterator[Any]:
    for member in members:
        if get_origin(member) is Literal:
            yield from get_args(member)


@dataclass(frozen=True)
class Schema:
    """The parameters of one notebook, in the order of its cell, if it has one."""

    parameters: tuple[Parameter, ...] = ()
    has_cell: bool = True

    def parse(self, assignments: Iterable[str]) -> dict[str, Any]:
        """Return the values of `name=value` assignments, typed.

        Raises:
            ParametersError: unknown names, wrong types, values out of range, a value where a
                secret's reference belongs, required ones missing; every problem is named.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        values: dict[str, Any] = {}
        problems = []
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            if not equals:
                problems.append(f"{redact_text(name)!r} is not name=value")
            elif name not in known:
                problems.append(f"{name}: {self._unknown()}")
            else:
                try:
                    values[name] = known[name].parse(text)
                except ValidationError as error:
                    problems.append(f"{name}: {_explained(known[name], text, error)}")
        problems += [
            f"{name}: required, and not given"
            for name, parameter in known.items()
            if parameter.default is REQUIRED and name not in values
        ]
        if problems:
            raise ParametersError("\n".join(problems))
        return values

    def _unknown(self) -> str:
        if not self.has_cell:
            return "unknown; this notebook has no cell with the tag `parameters`"
        return (
            f"unknown; this notebook has {', '.join(row.name for row in self.parameters) or 'none'}"
        )

    def effective(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter's value: the given one, else its default."""
        return {row.name: given.get(row.name, row.default) for row in self.parameters}


def _explained(parameter: Parameter, text: str, error: ValidationError) -> str:
    reasons = "; ".join(
        str(row["msg"]).removeprefix("Value error, ").removeprefix("Input should ")
        for row in error.errors()
    )
    if "Secret" in parameter.type_text:
        return f"takes a reference such as secret:NAME, never a value ({parameter.type_text})"
    return f"{redact_text(text)!r} is no {parameter.type_text}: {reasons}"


def leaves(value: Any) -> Iterator[Any]:
    """Yield every value that is in this one, and holds no others itself."""
    if isinstance(value, Mapping):
        for pair in value.items():
            yield from leaves(list(pair))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def as_text(value: Any) -> Any:
    """Return a parameter's value as JSON can hold it; a secret as its reference."""
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
    """Return every secret among the values, nested ones included."""
    return [leaf for leaf in leaves(values) if isinstance(leaf, Secret)]
