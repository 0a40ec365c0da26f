"""Parses request bodies as strict JSON (I-JSON, RFC 7493), item by item; route class for them."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from json import JSONDecodeError, JSONDecoder
from math import isinf
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from securenet_obs.api.json_places import (
    MAX_DEPTH,
    is_integer_in_range,
    is_safe_string,
    locate,
)
from securenet_obs.errors import BodyRefusedError, StrictJsonError

MAX_ITEMS = 10_000
"""Maximum number of items of an array that is a whole body."""

MAX_VALUES = 2_000_000
"""Maximum number of commas and opening brackets; values take up to 30 times the memory of text."""

_INLINE_BYTES = 64 * 1024
# Few: each running thread makes the event loop wait another 5 ms for its turn.
_PARSERS = ThreadPoolExecutor(2, "securenet-json")
_BOM = b"\xef\xbb\xbf"
_JSON_TYPE = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_NOT_JSON = (
    "a body must be JSON, with the header Content-Type: application/json; "
    "`securenet-obs logs import` reads files of other formats"
)
_SPACE = re.compile(r"[ \t\n\r]*")
# A superset of the escapes of NUL and of lone surrogates.
_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class StrictRoute(APIRoute):
    """A route with a body of strict JSON; the errors of its reading reach their own handlers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, which gets a request with strict JSON."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            try:
                return await handle(self._strict(request))
            except HTTPException as error:
                # FastAPI answers 400 to any error while a body is read.
                if isinstance(error.__cause__, BodyRefusedError | StrictJsonError):
                    raise error.__cause__ from None
                raise

        return strict

    def _strict(self, request: Request) -> Request:
        if self.body_field is None:
            return _StrictRequest(request.scope, request.receive)
        return _JsonRequest(request.scope, request.receive)


class _StrictRequest(Request):
    """A request with a strict `json()`; a large body is parsed in a thread."""

    async def json(self) -> Any:
        body = await self.body()
        if len(body) <= _INLINE_BYTES:
            return parse(body)
        return await asyncio.get_running_loop().run_in_executor(_PARSERS, parse, body)


class _JsonRequest(_StrictRequest):
    """A request whose body must be JSON."""

    async def body(self) -> bytes:
        """Return the body.

        Raises:
            BodyRefusedError: the body has another media type than JSON.
        """
        body = await super().body()
        if body and not _JSON_TYPE.fullmatch(self.headers.get("content-type", "")):
            raise BodyRefusedError(415, _NOT_JSON, {"Accept-Encoding": "identity"})
        return body


def parse(body: bytes) -> Any:
    """Parse a body; an array item by item, so that other threads can run in between.

    Raises:
        StrictJsonError: the body is not strict JSON, or it is too large in another way.
    """
    text = _decode(body)
    start = _skip(text, 0)
    if text[start : start + 1] == "[":
        items, end = _parse_items(text, start + 1)
    else:
        items, end = _parse_value(text, start, ())
    end = _skip(text, end)
    if end != len(text):
        raise _error(text, end, (), "the text goes on behind the end of the JSON value")
    return items


def _decode(body: bytes) -> str:
    if body.startswith(_BOM):
        raise StrictJsonError("a byte order mark", (), 0)
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise StrictJsonError(f"more than {MAX_VALUES} commas and brackets", (), 0)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        text = body[: error.start].decode()
        raise locate(text, 0, (), len(text), "invalid UTF-8") from None


def _parse_items(text: str, start: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    at = _skip(text, start)
    if text[at : at + 1] == "]":
        return items, at + 1
    while True:
        if len(items) == MAX_ITEMS:
            raise _error(text, at, (MAX_ITEMS,), f"more than {MAX_ITEMS} items")
        item, at = _parse_value(text, at, (len(items),))
        items.append(item)
        at = _skip(text, at)
        match text[at : at + 1]:
            case "]":
                return items, at + 1
            case ",":
                at = _skip(text, at + 1)
            case _:
                raise _error(text, at, (len(items),), "invalid JSON: expected a comma or a bracket")


def _parse_value(text: str, start: int, path: Sequence[int]) -> tuple[Any, int]:
    """Return the value at an offset, and the offset behind it."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except JSONDecodeError as error:
        reason = f"invalid JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise locate(text, start, path, error.pos, reason) from None
    except (ValueError, RecursionError):
        raise locate(text, start, path, len(text), "invalid JSON") from None
    brackets = text.count("[", start, end) + text.count("{", start, end)
    suspect = brackets > MAX_DEPTH - len(path) or _ESCAPE.search(text, start, end)
    if suspect and not _is_strict(value, MAX_DEPTH - len(path)):
        raise locate(text, start, path, len(text), "invalid JSON")
    return value, end


def _is_strict(value: Any, depth: int) -> bool:
    """Return whether a value has at most this depth, and only strings that can be stored."""
    level: list[Any] = [[value]]
    while level:
        inner = []
        for item in chain.from_iterable(map(_parts, level)):
            if isinstance(item, str):
                if not is_safe_string(item):
                    return False
            elif isinstance(item, list | dict):
                inner.append(item)
        if inner and not depth:
            return False
        level, depth = inner, depth - 1
    return True


def _parts(container: Any) -> Iterable[Any]:
    return chain(container, container.values()) if isinstance(container, dict) else container


def _error(text: str, at: int, path: Sequence[int], reason: str) -> StrictJsonError:
    return locate(text, at, path, at, reason)


def _skip(text: str, start: int) -> int:
    """Return the offset of the next character that is not white space."""
    space = _SPACE.match(text, start)
    return space.end() if space else start


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("repeated name")
    return value


def _integer(digits: str) -> int:
    if not is_integer_in_range(digits):
        raise ValueError("integer out of range")
    return int(digits)


def _float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError("number out of range")
    return value


def _refuse(_: str) -> Any:
    raise ValueError("not JSON")


_DECODER = JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse, parse_float=_float, parse_int=_integer
)
