"""Zeek's tab-separated logs: their header lines, and rows as objects.

Format: https://docs.zeek.org/en/master/log-formats.html
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from securenet_obs.errors import RecordError

HEADER = b"#separator"
"""Start of the line that begins a log, anywhere in a file."""

_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})")
_CONTAINER = re.compile(r"(?:set|table|vector)\[(\w+)\]")
_WRONG_COUNT = "fields differ in number from the header's"


@dataclass
class ZeekTable:
    """The header of a log that is being read, and its rows."""

    separator: bytes = b"\t"
    set_separator: bytes = b","
    empty: bytes = b"(empty)"
    unset: bytes = b"-"
    path: str = ""
    columns: list[tuple[str, Callable[[bytes], Any]]] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)

    def read_header(self, line: bytes) -> None:
        """Take over a line that begins with `#`; an unknown one changes nothing."""
        if line.startswith(HEADER):
            # A line that is cut has no separator.
            separator = _unescape(line[len(HEADER) :].strip()) or b"\t"
            self.__init__(separator=separator)  # type: ignore[misc]
            return
        name, *values = line.split(self.separator)
        match name, values:
            case b"#set_separator", [value]:
                self.set_separator = value
            case b"#empty_field", [value]:
                self.empty = value
            case b"#unset_field", [value]:
                self.unset = value
            case b"#path", [value]:
                self.path = value.decode("ascii", "replace")
            case b"#fields", _:
                self._names = [value.decode("utf-8", "replace") for value in values]
                self.columns = [(name, self._text) for name in self._names]
            case b"#types", _:
                kinds = [value.decode("ascii", "replace") for value in values]
                self.columns = [
                    (name, self._reader(kind))
                    for name, kind in zip(self._names, kinds, strict=False)
                ]

    def read_row(self, line: bytes) -> dict[str, Any]:
        """Return a row as an object, as Zeek's JSON writer has it: unset fields are absent.

        Raises:
            RecordError: the row does not fit the header.
        """
        values = line.split(self.separator)
        if len(values) != len(self.columns):
            raise RecordError(f"{len(values)} {_WRONG_COUNT} {len(self.columns)}")
        row: dict[str, Any] = {"_path": self.path}
        for (name, read), value in zip(self.columns, values, strict=True):
            if value != self.unset:
                try:
                    row[name] = read(value)
                except (ValueError, OverflowError):
                    raise RecordError(f"invalid value in field {name[:50]}") from None
        return row

    def _reader(self, kind: str) -> Callable[[bytes], Any]:
        if container := _CONTAINER.fullmatch(kind):
            inner = self._reader(container[1])
            return lambda value: self._items(value, inner)
        return _READERS.get(kind, self._text)

    def _items(self, value: bytes, read: Callable[[bytes], Any]) -> list[Any]:
        if value in {self.empty, b""}:
            return []
        items = value.split(self.set_separator)
        return [None if item == self.unset else read(item) for item in items]

    def _text(self, value: bytes) -> str:
        if value == self.empty:
            return ""
        if b"\\x" in value:
            value = _unescape(value)
        return value.decode("utf-8", "backslashreplace")


def _unescape(value: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), value)


def _finite(value: bytes) -> float:
    number = float(value)
    if number - number != 0:
        raise ValueError
    return number


def _boolean(value: bytes) -> bool:
    if value not in {b"T", b"F"}:
        raise ValueError
    return value == b"T"


_READERS: dict[str, Callable[[bytes], Any]] = {
    "time": _finite,
    "interval": _finite,
    "double": _finite,
    "count": int,
    "int": int,
    "port": int,
    "bool": _boolean,
}
