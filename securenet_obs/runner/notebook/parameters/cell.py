"""Parses a `parameters` cell: annotations, literals, comments; generates a run's injected cell.

The cell consists of annotated literals; the comment after each is its help text:

    deadline_s: Annotated[float, Field(gt=0, le=300)] = 20.0  # seconds to wait for an event
    tenant_id: str = "tenant-a"  # tenant that the canaries belong to
    token: Secret = Secret("secret:SENTRY_AUTH_TOKEN")  # may read events back

The cell is never evaluated: annotations and defaults are read from its syntax tree.
"""

import ast
import io
import math
import tokenize
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, Optional, Union

from pydantic import Field, PlainValidator, TypeAdapter, ValidationError

from securenet_obs.errors import NotebookError
from securenet_obs.runner.notebook.parameters.defaults import REQUIRED
from securenet_obs.runner.notebook.parameters.json_values import leaves
from securenet_obs.runner.notebook.parameters.moments import DAY, TIME
from securenet_obs.runner.notebook.parameters.parameter import CONFIG, Parameter
from securenet_obs.runner.notebook.parameters.schema import Schema
from securenet_obs.runner.notebook.parameters.secret import Secret


def _secret(value: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(str(value))


SECRET = Annotated[Any, PlainValidator(_secret)]
"""The type of a parameter that holds a secret's reference."""

_TYPES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "date": DAY,
    "datetime": TIME,
    "timedelta": timedelta,
    "list": list[Any],
    "dict": dict[str, Any],
    "None": None,
    "Secret": SECRET,
}
_CONSTRUCTORS: dict[str, Any] = {
    "Secret": Secret,
    "date": date,
    "datetime": datetime,
    "timedelta": timedelta,
}


def read_schema(source: str) -> Schema:
    """Parse the source of a `parameters` cell.

    Raises:
        NotebookError: a line is neither an import nor an annotated literal; the message names each.
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise NotebookError(f"parameters cell, line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotebookError(f"parameters cell: cannot be read: {error}") from error
    comments = comments_of(source)
    parameters = []
    problems = []
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        try:
            help_text = comments.get(statement.end_lineno or statement.lineno, "")
            parameters.append(declared(statement, help_text))
        except (ValueError, TypeError, ValidationError) as error:
            problems.append(f"parameters cell, line {statement.lineno}: {error}")
    if problems:
        raise NotebookError("\n".join(problems))
    return Schema(tuple(parameters))


def comments_of(source: str) -> dict[int, str]:
    """Return the comments of a cell by line number; its syntax must be valid."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def declared(statement: ast.stmt, help_text: str) -> Parameter:
    """Return the parameter that an annotated literal declares.

    Raises:
        ValueError: the statement declares no parameter, or its type is unknown.
        ValidationError: the default does not match the type.
    """
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            kind = _type(annotation)
            text = ast.unparse(annotation)
        case _:
            raise ValueError(f"{ast.unparse(statement)!r} is not `name: type = literal`")
    if value is None:
        return Parameter(name, text, kind, REQUIRED, help_text)
    default = TypeAdapter(kind, config=CONFIG).validate_python(literal(value))
    return Parameter(name, text, kind, default, help_text)


def literal(node: ast.expr) -> Any:
    """Return the value of a literal, or of a date, a duration or a secret built from literals.

    Raises:
        ValueError: the expression is anything else.
        TypeError: a date or a duration does not take these arguments.
    """
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if (
            name in _CONSTRUCTORS
        ):
            named = {str(word.arg): _plain(word.value) for word in keywords}
            return _CONSTRUCTORS[name](*map(_plain, args), **named)
    return _plain(node)


def _plain(node: ast.expr) -> Any:
    """Return the value of a literal.

    Raises:
        ValueError: the expression is not one; Python's own message has an address in memory.
    """
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise ValueError(
            f"{ast.unparse(node)!r} is not a literal; a parameter that must be given has no default"
        ) from error


def _type(node: ast.expr) -> Any:
    """Return the type that an annotation names, from a fixed table; nothing is evaluated."""
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
            return Literal[_plain(choices)]
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            return list[_type(inner)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, inner])):
            return dict[_type(key), _type(inner)]  # type: ignore[misc]
        case ast.Subscript(
            value=ast.Name(id="Annotated"),
            slice=ast.Tuple(elts=[inner, ast.Call(func=ast.Name(id="Field"), keywords=words)]),
        ):
            bounds = {str(word.arg): _plain(word.value) for word in words}
            return Annotated[_type(inner), Field(**bounds)]
    raise ValueError(f"type {ast.unparse(node)!r} is not one of {', '.join(_TYPES)}, Literal, …")


def assignments(values: Mapping[str, Any]) -> str:
    """Return the source of a cell that sets these parameters; secrets stay references."""
    lines = ["# Parameters of this run"]
    kinds = {type(value) for value in leaves(values)}
    if kinds & {date, datetime, timedelta}:
        lines.append("import datetime as _datetime")
    if Secret in kinds:
        lines.append("from securenet_obs.runner import Secret")
    lines += [f"{name} = {_source(value)}" for name, value in values.items()]
    return "\n".join(lines)


def _source(value: Any) -> str:
    """Return an expression for the value; it needs only the imports of `assignments`."""
    match value:
        case Secret():
            return f"Secret({value.reference!r})"
        case datetime() | date():
            return f"_datetime.{type(value).__name__}.fromisoformat({value.isoformat()!r})"
        case timedelta():
            # Seconds as a float lose the microseconds of a long duration.
            parts = (value.days, value.seconds, value.microseconds)
            return f"_datetime.timedelta{parts!r}"
        case float() if not math.isfinite(value):
            return f"float({str(value)!r})"
        case Mapping():
            return f"{{{', '.join(f'{_source(k)}: {_source(v)}' for k, v in value.items())}}}"
        case list():
            return f"[{', '.join(map(_source, value))}]"
    return repr(value)
