"""Recognises records, lines, pairs and base64 for redaction; rebuilds containers; object texts."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from securenet_obs.redaction.bounds import MAX_DEPTH

_BINARY = re.compile(r"image/(?!svg)|audio/|video/|font/|application/(?:pdf|octet-stream)")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*+={0,2}\s*")


def is_record(value: object) -> bool:
    """Return whether the value is an instance of a dataclass, and not the class itself."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def rebuild(original: object, items: list[Any]) -> Any:
    """Return the items in a container of the original's type."""
    if isinstance(original, list):
        return items
    if isinstance(original, tuple):
        return original._make(items) if hasattr(original, "_make") else tuple(items)
    return frozenset(items) if isinstance(original, frozenset) else set(items)


def text_of(name: object) -> str:
    """Return a name as text, empty if it is not text."""
    if isinstance(name, bytes):
        return name.decode("latin-1")
    return name if isinstance(name, str) else ""


def are_lines(items: list[Any]) -> bool:
    """Return whether the items are lines of one text, as in a notebook: a secret may span them."""
    return (
        len(items) > 1
        and all(issubclass(type(item), str) for item in items)
        and all(item.endswith("\n") for item in items[:-1])
    )


def are_pairs(items: list[Any]) -> bool:
    """Return whether the items are pairs of name and value, as headers are."""
    return bool(items) and all(
        # of its type, since isinstance may run foreign code; a named tuple has names of its own
        issubclass(type(item), list | tuple)
        and len(item) == 2
        and issubclass(type(item[0]), str | bytes)
        and not hasattr(item, "_fields")
        for item in items
    )


def is_binary(name: str, value: object) -> bool:
    """Return whether the value is an image or the like in base64, where any match is chance."""
    if not _BINARY.match(name):
        return False
    lines = value if isinstance(value, list) else [value]
    return all(isinstance(line, str) and _BASE64.fullmatch(line) for line in lines)


def object_texts(value: object) -> Iterator[str]:
    """Yield the texts by which an object may be shown; for an exception, include its causes."""
    if not isinstance(value, BaseException):
        yield from (repr(value), str(value))
        return
    chain: list[BaseException] = []
    while value is not None and value not in chain and len(chain) < MAX_DEPTH:
        chain.append(value)
        value = value.__cause__ or value.__context__
    yield "; after ".join(
        " ".join([repr(error), *getattr(error, "__notes__", ())]) for error in chain
    )
