"""Recognises and converts numpy's arrays and scalars; recognises pandas' missing values."""

from itertools import islice
from typing import Any

from securenet_obs.monitoring.foreign_objects import module_name, text_of, type_name

_mro = vars(type)["__mro__"]
_MAX_WHOLE = 65_536
_TIMES = "mM"


def is_numpy(kind: type) -> bool:
    """Return whether the class is numpy's, or derived from one."""
    return any(module_name(base) == "numpy" for base in _mro.__get__(kind))


def is_missing(kind: type) -> bool:
    """Return whether the class is that of pandas' NaT or NA."""
    return type_name(kind) in ("NaTType", "NAType") and (module_name(kind) or "")[:7] == "pandas."


def plain_array(value: Any, items: int) -> Any:
    """Return an array as a list of its first items, and a scalar as a builtin object.

    A large array becomes a list of smaller arrays, and a record a dict. Dates and durations are
    text, those that are NaT None.

    Raises:
        Exception: any, if the value only claims to be numpy's.
    """
    if value.dtype.names:
        return _records(value, items)
    if value.dtype.kind in _TIMES and value.ndim == 0:
        text = text_of(value)
        return None if text == "NaT" else text
    if value.ndim and (value.size > _MAX_WHOLE or value.dtype.kind in _TIMES):
        return [*islice(value, items)]
    plain = value.tolist()
    # A long double is its own item.
    return text_of(value) if type(plain) is type(value) else plain


def _records(value: Any, items: int) -> Any:
    if value.ndim:
        return [*islice(value, items)]
    return {name: value[name] for name in value.dtype.names}
