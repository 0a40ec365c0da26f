"""Converts SQLAlchemy rows to dicts and urllib's parsed URLs to text, so that redaction works."""

from typing import Any
from urllib.parse import (
    DefragResult,
    DefragResultBytes,
    ParseResult,
    ParseResultBytes,
    SplitResult,
    SplitResultBytes,
)

from securenet_obs.monitoring.foreign_objects import module_name

_mro = vars(type)["__mro__"]

ADDRESSES = (
    *(SplitResult, ParseResult, DefragResult),
    *(SplitResultBytes, ParseResultBytes, DefragResultBytes),
)
"""Parsed addresses: a password in the part `netloc` is recognised in the whole address only."""


def whole_address(value: Any, kind: type) -> Any:
    """Return a parsed address as one text or as bytes.

    Raises:
        Exception: any, since a part may be a foreign object.
    """
    base = next(base for base in ADDRESSES if issubclass(kind, base))
    return base.geturl(value)


def is_row(kind: type) -> bool:
    """Return whether the class is that of SQLAlchemy's rows, or derived from it."""
    return any(module_name(base) == "sqlalchemy.engine.row" for base in _mro.__get__(kind)[:2])


def row_fields(value: Any) -> dict[Any, Any]:
    """Return a row as a dict, so that a password is recognised by the name of its column.

    Raises:
        Exception: any, if the value only claims to be a row.
    """
    return dict(value._mapping)
