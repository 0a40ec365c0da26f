"""Reads the values that an injected cell of plain assignments sets, without running the cell."""

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from securenet_obs.runner.notebook.parameters.cell import literal

COMPUTED = object()
"""Placeholder for the value of a name that a cell sets to something other than a literal."""


def assigned_values(source: str, *, constructors: bool = False) -> dict[str, Any] | None:
    """Return the values set by a cell of plain assignments; None for any other cell.

    Args:
        source: source code of the cell.
        constructors: whether to read dates, durations and secrets built from literals too.
    """
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    read = literal if constructors else ast.literal_eval
    values: dict[str, Any] = {}
    for statement in statements:
        pairs = _assignments(statement)
        if pairs is None:
            return None
        values |= {name: _value(node, read) for name, node in pairs}
    return values | dict.fromkeys(_touched(statements, values), COMPUTED)


def _assignments(statement: ast.stmt) -> list[tuple[str, ast.expr | None]] | None:
    """Return the names that a statement sets, with their expressions; None if it is not plain."""
    match statement:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            bound = [row.asname or row.name.partition(".")[0] for row in names]
            return None if "*" in bound else [(name, None) for name in bound]
        case ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
            return []
        case ast.AnnAssign(target=ast.Name(id=name), value=node):
            return [(name, node)]
        case ast.Assign(targets=[ast.Name(id=name)], value=node):
            return [(name, node)]
    return None


def _value(node: ast.expr | None, read: Callable[[Any], Any]) -> Any:
    try:
        return COMPUTED if node is None else read(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return COMPUTED


def _touched(statements: list[ast.stmt], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield names that an expression may change: walrus targets, and lists and dicts in use."""
    for node in (part for statement in statements for part in ast.walk(statement)):
        if isinstance(node, ast.NamedExpr) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and isinstance(values.get(node.id), list | dict)
        ):
            yield node.id
