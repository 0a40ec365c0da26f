"""Envelopes for the tests of the relay, and the token of its readers."""

import json
from typing import Any

TOKEN = "a-token"
TRACE = "0af7651916cd43dd8448eb211c80319c"

TRANSACTION: dict[str, Any] = {
    "type": "transaction",
    "transaction": "/v1/things",
    "contexts": {"trace": {"trace_id": TRACE, "span_id": "b7ad6b7169203331"}},
    "spans": [],
}


def item(kind: str, payload: object, **headers: object) -> bytes:
    """Return an item; `payload` is JSON, or bytes as they are."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = {"type": kind, "length": len(body), **headers}
    return json.dumps(head).encode() + b"\n" + body + b"\n"


def envelope(*items: bytes) -> bytes:
    """Return an envelope of items."""
    return b'{"sent_at":"2026-11-26T10:00:00Z"}\n' + b"".join(items)
