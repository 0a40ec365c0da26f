"""Extracts from envelopes the items that Bugsink drops: decodes and parses within bounds."""

import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import brotlicffi
from sentry_sdk.envelope import Item, parse_json

MAX_DECODED_BYTES = 4 * 1024 * 1024
"""Size of a decoded envelope above which it is not read; its objects may take 30 times as much."""

MAX_ITEM_BYTES = 1024 * 1024
"""Size of an item above which it is not stored; Sentry accepts no larger transaction."""

MAX_ITEMS = 1_000
"""Number of items of an envelope that are stored; the SDK sends at most 100 logs in one."""

CONTAINERS = frozenset({"log", "span", "trace_metric"})
"""Types of items that hold several, below `items`; each is stored by itself."""

KINDS = CONTAINERS | {"transaction", "check_in", "session", "sessions", "client_report"}
"""Types of items that are stored; Bugsink stores events, and files such as attachments stay out."""

_MAX_NAME = 200
_NAMES = {"transaction": "transaction", "check_in": "monitor_slug"}


@dataclass(frozen=True)
class RelayItem:
    """An item as it is stored.

    Attributes:
        kind: one of `KINDS`.
        trace_id: its trace, in lower case, if it has one.
        name: name of a transaction, slug of a monitor.
        payload: its JSON, in ASCII.
    """

    kind: str
    trace_id: str | None
    name: str | None
    payload: str


@dataclass
class Contents:
    """The items of an envelope, and a reason for each item that could not be read."""

    items: list[RelayItem] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_envelope(body: bytes, encoding: str) -> Contents:
    """Return the items of an envelope that Bugsink drops; never raise.

    A malformed item ends the reading: items before it are returned.

    Args:
        body: the envelope as it was sent.
        encoding: its Content-Encoding; empty for none.
    """
    contents = Contents()
    try:
        for number, item in enumerate(_parse(_decode(body, encoding))):
            if number == MAX_ITEMS:
                raise _UnreadableError("too many items")
            _add(contents, item)
    except _UnreadableError as error:
        contents.problems.append(str(error))
    except Exception:  # noqa: BLE001 an envelope may contain anything, and has been forwarded
        contents.problems.append("malformed")
    return contents


class _UnreadableError(Exception):
    """The envelope, or the rest of it, cannot be read within the bounds."""


def _decode(body: bytes, encoding: str) -> bytes:
    match encoding.strip().lower():
        case "" | "identity":
            decoded = body
        case "gzip" | "x-gzip" | "deflate":
            decoded = _inflate(body)
        case "br":
            decoded = _decode_brotli(body)
        case _:
            raise _UnreadableError("unknown encoding")
    if len(decoded) > MAX_DECODED_BYTES:
        raise _UnreadableError("envelope too large")
    return decoded


def _inflate(body: bytes) -> bytes:
    """Decode gzip, also of several members, and deflate, also without zlib's header."""
    try:
        return _inflate_with(32 + zlib.MAX_WBITS, body)
    except zlib.error:
        return _inflate_with(-zlib.MAX_WBITS, body)


def _inflate_with(window_bits: int, body: bytes) -> bytes:
    decoded = b""
    while body and len(decoded) <= MAX_DECODED_BYTES:
        decompressor = zlib.decompressobj(window_bits)
        decoded += decompressor.decompress(body, MAX_DECODED_BYTES + 1 - len(decoded))
        body = decompressor.unused_data
    return decoded


def _decode_brotli(body: bytes) -> bytes:
    decompressor = brotlicffi.Decompressor()
    decoded: bytes = decompressor.decompress(body, output_buffer_limit=MAX_DECODED_BYTES + 1)
    return decoded


def _parse(decoded: bytes) -> Iterator[Item]:
    """Yield items one by one, since the SDK's `Envelope` loses all of them to a malformed one."""
    stream = io.BytesIO(decoded)
    parse_json(stream.readline())
    while (item := Item.deserialize_from(stream)) is not None:
        yield item


def _add(contents: Contents, item: Item) -> None:
    kind = item.headers.get("type")
    if kind not in KINDS:
        return
    payload = item.payload.json or parse_json(item.payload.get_bytes())
    for single in payload["items"] if kind in CONTAINERS else [payload]:
        if len(contents.items) == MAX_ITEMS:
            raise _UnreadableError("too many items")
        stored = _build(str(kind), single)
        if len(stored.payload) > MAX_ITEM_BYTES:
            contents.problems.append("item too large")
        else:
            contents.items.append(stored)


def _build(kind: str, payload: dict[str, Any]) -> RelayItem:
    return RelayItem(
        kind=kind,
        trace_id=_find_trace_id(payload),
        name=_text(payload.get(_NAMES.get(kind, ""))),
        payload=json.dumps(payload, separators=(",", ":")),
    )


def _find_trace_id(payload: dict[str, Any]) -> str | None:
    contexts = payload.get("contexts")
    trace = contexts.get("trace") if isinstance(contexts, dict) else None
    trace_id = _text((trace if isinstance(trace, dict) else payload).get("trace_id"))
    return trace_id.replace("-", "").lower() if trace_id else None


def _text(value: object) -> str | None:
    """Return the beginning of a text, as UTF-8 can encode it; None for any other value."""
    if not isinstance(value, str):
        return None
    return value[:_MAX_NAME].encode("utf-8", "replace").decode()
