"""Typed parameters: the `parameters` cell is their schema, and a wrong one is refused up front.

The cell holds annotated literals; the comment behind each is its help text:

    deadline_s: Annotated[float, Field(gt=0, le=300)] = 20.0  # seconds to wait for an event
    tenant_id: str = "tenant-a"  # tenant that the canaries belong to
    token: Secret = Secret("secret:SENTRY_AUTH_TOKEN")  # may read events back

Nothing of the cell is evaluated here: annotations and defaults are read from its syntax tree.
"""

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import NoneType
from typing import Annotated, Any, Literal, Optional, Union, get_args, get_origin

from pydantic import ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError

from securenet_obs.errors import NotebookError, ParametersError
from securenet_obs.redaction import redact_text
from securenet_obs.runner.secret import Secret

REQUIRED = object()
"""The default of a parameter that has none."""


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(str(value))


_TYPES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
    "list": list[Any],
    "dict": dict[str, Any],
    "None": None,
    "Secret": Annotated[Any, PlainValidator(_secret)],
}
_CONSTRUCTORS: dict[str, Any] = {
    "Secret": Secret,
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
}
_CONFIG = ConfigDict(allow_inf_nan=False, hide_input_in_errors=True)


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
        adapter: TypeAdapter[Any] = TypeAdapter(self.type, config=_CONFIG)
        members = _members(self.type)
        if str in members:
            return adapter.validate_python(text)
        if NoneType in members and text == "null":
            return None
        if any(get_origin(member) in (list, dict) for member in members):
            return adapter.validate_json(text)
        for choice in _choices(members):
            if str(choice) == text:
                return choice
        return adapter.validate_strings(text)

    def described(self) -> dict[str, str]:
        """Return what a person needs to know to set it, all as text."""
        default = "(required)" if self.default is REQUIRED else repr(as_text(self.default))
        return {
            "name": self.name,
            "type": self.type_text,
            "default": default,
            "help": self.help,
        }


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
    """The parameters of one notebook, in the order of its cell."""

    parameters: tuple[Parameter, ...] = ()

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
                problems.append(f"{name}: unknown; this notebook has {', '.join(known) or 'none'}")
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


def read_schema(source: str, *, lenient: bool = False) -> Schema:
    """Read the source of a `parameters` cell.

    Args:
        source: the cell.
        lenient: pass over what is not understood, as a foreign notebook's cell may hold anything.

    Raises:
        NotebookError: a line is neither an import nor an annotated literal; all are named.
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        if lenient:
            return Schema()
        raise NotebookError(f"parameters cell, line {error.lineno}: {error.msg}") from error
    comments = _comments(source)
    parameters = []
    problems = []
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        try:
            parameters.append(_parameter(statement, comments, lenient))
        except (ValueError, TypeError, ValidationError) as error:
            problems.append(f"parameters cell, line {statement.lineno}: {error}")
    if problems and not lenient:
        raise NotebookError("\n".join(problems))
    return Schema(tuple(parameters))


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _parameter(statement: ast.stmt, comments: Mapping[int, str], lenient: bool) -> Parameter:
    """Return the parameter that a statement defines.

    Raises:
        ValueError: it defines none, or its type is not known here.
        ValidationError: its default is not of its own type.
    """
    help_text = comments.get(statement.end_lineno or statement.lineno, "")
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            kind = _type(annotation)
            text = ast.unparse(annotation)
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if lenient:
            kind = type(_literal(value))
            kind, text = (Any, "any") if kind is NoneType else (kind, kind.__name__)
        case _:
            raise ValueError(f"{ast.unparse(statement)!r} is not `name: type = literal`")
    if value is None:
        return Parameter(name, text, kind, REQUIRED, help_text)
    default = TypeAdapter(kind, config=_CONFIG).validate_python(_literal(value))
    return Parameter(name, text, kind, default, help_text)


def _literal(node: ast.expr) -> Any:
    """Return the value of a literal, or of a date, a span or a secret made of literals."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if (
            name in _CONSTRUCTORS
        ):
            named = {str(word.arg): ast.literal_eval(word.value) for word in keywords}
            return _CONSTRUCTORS[name](*map(ast.literal_eval, args), **named)
    return ast.literal_eval(node)


def _type(node: ast.expr) -> Any:
    """Return the type that an annotation names; only those of the table, never evaluated."""
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Name(id=name) if name in _TYPES:
            return _TYPES[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_type(left), _type(right)]  # noqa: UP007 - built from values
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return Optional[_type(inner)]  # noqa: UP045 - built from values
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            return Literal[ast.literal_eval(choices)]
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            return list[_type(inner)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, inner])):
            return dict[_type(key), _type(inner)]  # type: ignore[misc]
        case ast.Subscript(
            value=ast.Name(id="Annotated"),
            slice=ast.Tuple(elts=[inner, ast.Call(func=ast.Name(id="Field"), keywords=words)]),
        ):
            bounds = {str(word.arg): ast.literal_eval(word.value) for word in words}
            return Annotated[_type(inner), Field(**bounds)]
    raise ValueError(f"type {ast.unparse(node)!r} is not one of {', '.join(_TYPES)}, Literal, …")


def assignments(values: Mapping[str, Any]) -> str:
    """Return the source of a cell that sets these parameters; a secret stays a reference."""
    lines = ["# Parameters of this run"]
    kinds = {type(value) for value in _leaves(values)}
    if kinds & {date, datetime, timedelta}:
        lines.append("import datetime as _datetime")
    if Secret in kinds:
        lines.append("from securenet_obs.runner.secret import Secret")
    lines += [f"{name} = {_source(value)}" for name, value in values.items()]
    return "\n".join(lines)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for pair in value.items():
            yield from _leaves(list(pair))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _source(value: Any) -> str:
    """Return an expression for the value that needs nothing but the imports of `assignments`."""
    match value:
        case Secret():
            return f"Secret({value.reference!r})"
        case datetime() | date():
            return f"_datetime.{type(value).__name__}.fromisoformat({value.isoformat()!r})"
        case timedelta():
            return f"_datetime.timedelta(seconds={value.total_seconds()!r})"
        case Mapping():
            return f"{{{', '.join(f'{_source(k)}: {_source(v)}' for k, v in value.items())}}}"
        case list():
            return f"[{', '.join(map(_source, value))}]"
    return repr(value)


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
    return None if value is REQUIRED else value


def secrets_in(values: Mapping[str, Any]) -> list[Secret]:
    """Return every secret among the values, nested ones included."""
    return [leaf for leaf in _leaves(values) if isinstance(leaf, Secret)]
