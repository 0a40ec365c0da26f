"""Finds the first flaw of text that is not strict JSON: reason, path, offset; checks scalars."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isinf

from securenet_obs.errors import StrictJsonError

MAX_DEPTH = 64
"""Maximum number of arrays and objects around a value, the outermost included."""

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1
"""Range of integers: signed or unsigned ones of 64 bits."""

_MAX_INTEGER_CHARACTERS = 20
_MAX_NAME = 64

_TOKEN = re.compile(
    # Possessive: without them, a string of escapes takes a hundred times its size in memory.
    r'[ \t\n\r]*+("[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}:,]|-?[0-9][0-9.eE+-]*+|-?[A-Za-z]++)',
    re.DOTALL,
)
_UNSAFE = re.compile("[\x00\ud800-\udfff]")


@dataclass
class _Container:
    """An array or an object that is being read, with the place of its current item."""

    place: int | str | None
    names: set[str] | None = None


def is_integer_in_range(digits: str) -> bool:
    """Return whether the text of an integer is one of 64 bits; its length is judged first."""
    return len(digits) <= _MAX_INTEGER_CHARACTERS and (MIN_INTEGER <= int(digits) <= MAX_INTEGER)


def is_safe_string(text: str) -> bool:
    """Return whether a string has neither NUL nor a lone surrogate: databases refuse both."""
    return _UNSAFE.search(text) is None


def locate(
    text: str, start: int, path: Sequence[int | str], end: int, reason: str
) -> StrictJsonError:
    """Return the first problem of a value, or the given one at `end`.

    Args:
        text: a body.
        start: offset in characters of the value to search.
        path: path of that value.
        end: offset of a problem that is known, or the end of the text.
        reason: reason of that problem.
    """
    search = _Search(text, path)
    for offset, token in _tokens(text, start, end):
        problem = search.judge(offset, token)
        if problem:
            return search.error(offset, problem)
    return search.error(end, reason)


def _tokens(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    match = _TOKEN.match(text, start, end)
    while match:
        yield match.start(1), match[1]
        match = _TOKEN.match(text, match.end(), end)


class _Search:
    """Follows the path of a sequence of tokens, and judges each; the grammar is not checked."""

    def __init__(self, text: str, path: Sequence[int | str]) -> None:
        self._text = text
        self._path = path
        self._stack: list[_Container] = []

    def judge(self, offset: int, token: str) -> str:
        """Return the problem of a token, empty if there is none."""
        match token[0]:
            case "[" | "{":
                return self._open(is_array=token.startswith("["))
            case "]" | "}":
                del self._stack[-1:]
            case ",":
                self._next()
            case '"':
                return self._string(token)
            case ":":
                pass
            case _:
                return _scalar_problem(token)
        return ""

    def error(self, offset: int, reason: str) -> StrictJsonError:
        """Return an error at this offset, in characters, with the current path."""
        places = (container.place for container in self._stack)
        path = [*self._path, *(place for place in places if place is not None)]
        shown = [_shown(place) if isinstance(place, str) else place for place in path]
        return StrictJsonError(reason, shown, len(self._text[:offset].encode()))

    def _open(self, *, is_array: bool) -> str:
        if len(self._path) + len(self._stack) == MAX_DEPTH:
            return f"more than {MAX_DEPTH} levels of arrays and objects"
        self._stack.append(_Container(0) if is_array else _Container(None, set()))
        return ""

    def _next(self) -> None:
        if self._stack and isinstance(self._stack[-1].place, int):
            self._stack[-1].place += 1
        elif self._stack:
            self._stack[-1].place = None

    def _string(self, token: str) -> str:
        try:
            value: str = json.loads(token)
        except ValueError:
            return "a control character or an invalid escape in a string"
        top = self._stack[-1] if self._stack else None
        repeated = False
        if top is not None and top.names is not None and top.place is None:
            repeated = value in top.names
            top.names.add(value)
            top.place = value
        if not is_safe_string(value):
            return "a NUL character or a lone surrogate in a string"
        return "a name that the object has already" if repeated else ""


def _scalar_problem(token: str) -> str:
    if token in {"true", "false", "null"}:
        return ""
    if token[-1].isalpha():
        return "NaN, Infinity and other words are not JSON"
    if token.lstrip("-").isdigit():
        return "" if is_integer_in_range(token) else "an integer over 64 bits"
    try:
        return "a number that is too large" if isinf(float(token)) else ""
    except ValueError:
        return "an invalid number"


def _shown(name: str) -> str:
    """Return a name that any encoder accepts, cut to a length that fits into an answer."""
    return name[:_MAX_NAME].encode("utf-8", "replace").decode()
