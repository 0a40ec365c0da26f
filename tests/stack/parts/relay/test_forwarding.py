"""Requests and answers pass unchanged; only limits on stored kinds are taken out."""

import gzip
import socket
import time
import zlib
from collections.abc import Iterator

import brotlicffi
import httpx
import pytest

from securenet_obs.stack.parts.relay import forwarding
from securenet_obs.stack.parts.relay.forwarding import keep_other_limits
from tests.stack.parts.relay.envelope import TRANSACTION, envelope, item

EVENT = envelope(item("event", {"event_id": "1", "message": "an error"}))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", EVENT),
        ("gzip", gzip.compress(EVENT, mtime=0)),
        ("deflate", zlib.compress(EVENT)),
        ("br", brotlicffi.compress(EVENT)),
        ("unknown", b"\x00\xff"),
    ],
)
def test_a_body_is_forwarded_as_it_was_sent(upstream, relay, encoding: str, body: bytes) -> None:
    """No byte and no header of the client changes."""
    headers = {"Content-Encoding": encoding} if encoding else {}
    relay.client.post(
        "/api/1/envelope/?sentry_key=key&x=%2Fy%20z",
        content=body,
        headers={"User-Agent": "sdk/1", "X-Sentry-Auth": "Sentry sentry_key=key", **headers},
    )
    ((method, path, seen, received),) = upstream.requests
    assert (method, path, received) == ("POST", "/api/1/envelope/?sentry_key=key&x=%2Fy%20z", body)
    assert seen["user-agent"] == "sdk/1"
    assert seen["x-sentry-auth"] == "Sentry sentry_key=key"
    assert seen.get("content-encoding", "") == encoding
    assert seen["content-length"] == str(len(body))
    assert upstream.url.endswith(seen["host"])


def test_a_chunked_body_arrives_whole(upstream, relay) -> None:
    """A body without a length is forwarded with one."""

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(EVENT), 7):
            yield EVENT[start : start + 7]

    relay.client.post("/api/1/envelope/", content=chunks())
    assert upstream.requests[0][3] == EVENT


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_streamed(upstream, relay, chunked: bool) -> None:
    """A body that is too large to be read is forwarded all the same, and not stored."""
    body = envelope(item("transaction", TRANSACTION), item("attachment", bytes(3_000_000)))
    content = iter([body[:1_000_000], body[1_000_000:]]) if chunked else body
    assert relay.client.post("/api/1/envelope/", content=content).status_code == 200
    assert upstream.requests[0][3] == body
    assert relay.store.find()[0] == []


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, [("Content-Type", "application/json")], b'{"id":"1"}'),
        (400, [("Content-Type", "application/json")], b'{"message":"bad"}'),
        (403, [], b"\x00\xff"),
        (413, [("X-Own", "1")], b""),
        (429, [("Retry-After", "17"), ("X-Sentry-Rate-Limits", "60::key")], b""),
        (500, [("Content-Encoding", "gzip")], gzip.compress(b"broken", mtime=0)),
        (503, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], b"away"),
        (302, [("Location", "/elsewhere/")], b""),
    ],
)
def test_an_answer_passes_unchanged(upstream, relay, status: int, headers, body: bytes) -> None:
    """Status, every header and the body are those of Bugsink."""
    upstream.status, upstream.headers, upstream.body = status, headers, body
    with relay.client.stream("POST", "/api/1/envelope/", content=EVENT) as answer:
        received = b"".join(answer.iter_raw())
    assert (answer.status_code, received) == (status, body)
    expected = [(name.lower(), value) for name, value in headers]
    assert answer.headers.multi_items() == [*expected, ("content-length", str(len(body)))]


def test_other_methods_and_endpoints_are_forwarded(upstream, relay) -> None:
    """A preflight of a browser and the old endpoint are Bugsink's."""
    relay.client.options("/api/1/envelope/")
    relay.client.post("/api/1/store/", content=b"{}")
    relay.client.get("/api/1/a%2Fb%20c/")
    assert [(method, path) for method, path, *_ in upstream.requests] == [
        ("OPTIONS", "/api/1/envelope/"),
        ("POST", "/api/1/store/"),
        ("GET", "/api/1/a%2Fb%20c/"),
    ]


def test_headers_of_one_connection_are_not_forwarded(upstream, relay) -> None:
    """Neither are those that Connection names, nor any of our client's own."""
    headers = {"Connection": "keep-alive, X-Mine", "X-Mine": "1", "TE": "trailers"}
    bare = httpx.Request("POST", f"{relay.url}/api/1/envelope/", headers=headers, content=b"{}")
    relay.client.send(bare)
    assert upstream.requests[0][2].keys() == {"host", "content-length"}


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ("86400:transaction;span:organization", ""),
        ("60::key, 86400:transaction;span:organization", "60::key"),
        ("60:error;transaction:key:quota", "60:error:key:quota"),
        ("60::organization", "60::organization"),
        ("60", "60"),
        ("60:error:key,30:session:key", "60:error:key"),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_limits_on_stored_kinds_are_taken_out(limits: str, kept: str) -> None:
    """The SDK would stop sending what Bugsink drops; every other limit stays."""
    assert keep_other_limits(limits) == kept


def test_an_answer_does_not_stop_transactions(upstream, relay) -> None:
    """The header is gone if nothing of it is left."""
    upstream.headers = [("X-Sentry-Rate-Limits", "86400:transaction;span:organization")]
    assert "x-sentry-rate-limits" not in relay.post(EVENT).headers


def test_an_unreachable_bugsink_is_answered_with_502(upstream, relay, monkeypatch) -> None:
    """502 without a server, 504 without an answer; nothing is stored."""
    monkeypatch.setattr(forwarding, "ANSWER_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        late = _forward_once(url)
        assert late == 504
        assert time.monotonic() - began < 30
    assert _forward_once(url) == 502


def _forward_once(url: str) -> int:
    import asyncio

    from starlette.requests import Request

    async def send() -> int:
        forwarder = forwarding.Forwarder(url)
        scope = {"type": "http", "method": "POST", "path": "/api/1/envelope/", "headers": []}
        answer = await forwarder.send(Request({**scope, "query_string": b""}), b"{}")
        await forwarder.close()
        return answer.status_code

    return asyncio.run(send())
