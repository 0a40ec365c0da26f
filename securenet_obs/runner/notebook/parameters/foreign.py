"""Reads a foreign notebook's parameters from its assignments; converts values as papermill does.

A literal default determines the type. Any other default is computed when the notebook runs: such
a parameter has no type, and papermill's rules convert a given value. Nothing is evaluated.
"""

import ast
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import PlainValidator

from securenet_obs.runner.notebook.parameters.cell import SECRET, comments_of, declared, literal
from securenet_obs.runner.notebook.parameters.defaults import REQUIRED, Computed
from securenet_obs.runner.notebook.parameters.moments import DAY, TIME
from securenet_obs.runner.notebook.parameters.parameter import Parameter
from securenet_obs.runner.notebook.parameters.schema import Schema
from securenet_obs.runner.notebook.parameters.secret import Secret

TRANSPARENT = ("%%capture", "%%prun", "%%time")
"""Cell magics that run their body as the cell's own code; other bodies assign nothing."""

MAX_SOURCE_LENGTH = 200
"""Maximum length of a computed default in output, in characters."""

_TYPES: dict[type, Any] = {kind: kind for kind in (str, int, float, bool, timedelta)} | {
    date: DAY,
    datetime: TIME,
    list: list[Any],
    dict: dict[Any, Any],
    tuple: tuple[Any, ...],
    Secret: SECRET,
}

Binding = tuple[str, ast.expr | None, ast.stmt]
"""A name, its assigned expression (None if unknown), and the statement."""


def resolved(text: str) -> Any:
    """Convert a text as papermill's `-p` does: to True, False, None, a number, or the text itself.

    Unlike in papermill, NaN and infinities stay texts, because JSON cannot record them.
    """
    words = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return text


UNTYPED = Annotated[Any, PlainValidator(resolved)]


def read_foreign_schema(source: str) -> Schema:
    """Return the parameters of a cell in the order of their first assignment.

    A cell that neither Python nor IPython can parse has none; it raises its error when it runs.
    """
    source = _body(source)
    tree, text = _parsed(source)
    comments = comments_of(text)
    parameters: dict[str, Parameter] = {}
    for name, value, statement in _bindings(tree):
        help_text = comments.get(statement.end_lineno or statement.lineno, "")
        if isinstance(statement, ast.Delete):
            parameters.pop(name, None)
        else:
            parameters[name] = _parameter(name, value, statement, help_text)
    return Schema(tuple(parameters.values()))


def _body(source: str) -> str:
    """Return the Python code that a cell runs in its own namespace, without its cell magic."""
    first, _, body = source.lstrip().partition("\n")
    if not first.startswith("%%"):
        return source
    return body if first.split()[0] in TRANSPARENT else ""


def _parsed(source: str) -> tuple[list[ast.stmt], str]:
    """Return the statements of a cell, and the text from which they were parsed."""
    try:
        return _statements(source), source
    except SyntaxError:
        # Not at the top: only a cell that is not plain Python needs IPython.
        from IPython.core.inputtransformer2 import TransformerManager
    except (ValueError, RecursionError, MemoryError):
        return [], ""
    try:
        text = TransformerManager().transform_cell(source)  # type: ignore[no-untyped-call]
        return _statements(text), text
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [], ""


def _statements(source: str) -> list[ast.stmt]:
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    module = compile(source, "<parameters>", "exec", flags, dont_inherit=True)
    assert isinstance(module, ast.Module)
    return module.body


def _bindings(statements: Iterable[ast.stmt]) -> Iterator[Binding]:
    """Yield each binding of a name, in order; bindings in branches and blocks count as computed."""
    for statement in statements:
        match statement:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _targets(target, value, statement)
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                yield name, value, statement
            case ast.AugAssign(target=ast.Name(id=name)):
                yield name, None, statement
            case ast.Delete(targets=targets):
                yield from (
                    (target.id, None, statement)
                    for target in targets
                    if isinstance(target, ast.Name)
                )
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                continue  # Its names are local to it.
            case _:
                yield from ((name, None, inner) for name, _, inner in _bindings(_inside(statement)))


def _inside(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the statements of the blocks of a branch, a loop, a `with`, a `try` or a `match`."""
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, ast.stmt):
            yield part
        elif isinstance(part, ast.ExceptHandler | ast.match_case):
            yield from part.body


def _targets(target: ast.expr, value: ast.expr | None, statement: ast.stmt) -> Iterator[Binding]:
    """Yield the names in an assignment's target, each with its part of the value."""
    match target:
        case ast.Name(id=name):
            yield name, value, statement
        case ast.Starred(value=inner):
            yield from _targets(inner, None, statement)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part, own in zip(parts, _parts(parts, value), strict=True):
                yield from _targets(part, own, statement)


def _parts(targets: list[ast.expr], value: ast.expr | None) -> list[ast.expr | None]:
    """Return the value of each target of a tuple assignment; None for an unknown value."""
    if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(targets):
        starred = any(isinstance(part, ast.Starred) for part in [*targets, *value.elts])
        return [None if starred else part for part in value.elts]
    return [None] * len(targets)


def _parameter(name: str, value: ast.expr | None, statement: ast.stmt, help_text: str) -> Parameter:
    if isinstance(statement, ast.AnnAssign):
        found: Parameter | None = _attempt(lambda: declared(statement, help_text))
        if found:
            return found
        if statement.value is None:
            return Parameter(name, ast.unparse(statement.annotation), UNTYPED, REQUIRED, help_text)
    default = None if value is None else _attempt(lambda: literal(value))
    kind = _TYPES.get(type(default))
    if kind is not None and _recordable(default):
        return Parameter(name, type(default).__name__, kind, default, help_text)
    if isinstance(value, ast.Constant) and value.value is None:
        return Parameter(name, "any", UNTYPED, None, help_text)
    source = " ".join(ast.unparse(value or statement).split())[:MAX_SOURCE_LENGTH]
    return Parameter(name, "any", UNTYPED, Computed(source), help_text)


def _attempt(read: Callable[[], Any]) -> Any:
    """Return the value that `read` parses; None if it is not a literal or has the wrong type."""
    try:
        return read()
    except (ValueError, TypeError, SyntaxError, OverflowError, RecursionError, MemoryError):
        return None


def _recordable(value: Any) -> bool:
    """Return whether every part of a literal has a type that a parameter can have."""
    if isinstance(value, dict):
        return all(_recordable(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return all(map(_recordable, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or type(value) in _TYPES
