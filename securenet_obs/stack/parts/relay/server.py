"""HTTP server of the relay: routes, limits on bodies, and its answers to readers of items.

`python -m securenet_obs.stack.parts.relay.server` reads its values from the environment: any user
can read the arguments of a process.
"""

import asyncio
import hmac
import json
import logging
import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from securenet_obs.stack.parts.relay.envelopes import read_envelope
from securenet_obs.stack.parts.relay.forwarding import Forwarder
from securenet_obs.stack.parts.relay.items import ItemStore, StoredItem

MAX_BODY_BYTES = 2 * 1024 * 1024
"""Size of a body above which it is forwarded as a stream, and not read."""

MAX_BUFFERED_BYTES = 32 * 1024 * 1024
"""Total size of the bodies in memory above which further ones are streamed, too."""

RECEIVE_S = 30.0
"""Seconds that a client has to send its request."""

STREAM_S = 120.0
"""Seconds that a client has for a body that is streamed."""

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_log = logging.getLogger("relay")


class Relay:
    """Forwards requests to Bugsink, and stores the items that it accepts and drops.

    Args:
        upstream: address of Bugsink.
        token: bearer token of readers.
        store: where items are stored.
    """

    def __init__(self, upstream: str, token: str, store: ItemStore) -> None:
        self.store = store
        self._token = token
        self._forwarder = Forwarder(upstream)
        self._unread: Counter[str] = Counter()
        self._buffered = 0
        # One envelope is decoded at a time: hostile JSON takes many times its size.
        self._readers = anyio.CapacityLimiter(1)

    def build_app(self) -> Starlette:
        """Return the ASGI application."""
        routes = [
            Route("/relay/items/", self._answer_items, methods=["GET"]),
            Route("/relay/status/", self._answer_status, methods=["GET"]),
            Route("/api/{path:path}", self._forward, methods=_METHODS),
        ]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        await self._forwarder.close()
        self.store.close()

    async def _forward(self, request: Request) -> Response:
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(RECEIVE_S):
                rest = await self._receive(request, chunks)
            if rest is not None:
                self._count("too large to be read")
                async with asyncio.timeout(STREAM_S):
                    return await self._forwarder.send(request, _chain(chunks, rest))
            body = b"".join(chunks)
            response = await self._forwarder.send(request, body)
            # Bugsink has checked the DSN's key; items of a refused envelope are not stored.
            if response.status_code < 300 and request.url.path.endswith("/envelope/"):
                encoding = request.headers.get("content-encoding", "")
                await anyio.to_thread.run_sync(self._keep, body, encoding, limiter=self._readers)
            return response
        except TimeoutError:
            return JSONResponse({"detail": "the request did not end in time"}, 408)
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            self._buffered -= sum(map(len, chunks))

    async def _receive(self, request: Request, chunks: list[bytes]) -> AsyncIterator[bytes] | None:
        """Fill `chunks` with the body; return the rest of one that is too large to be read."""
        stream = request.stream()
        size = 0
        async for chunk in stream:
            chunks.append(chunk)
            size += len(chunk)
            self._buffered += len(chunk)
            if size > MAX_BODY_BYTES or self._buffered > MAX_BUFFERED_BYTES:
                return stream
        return None

    def _keep(self, body: bytes, encoding: str) -> None:
        contents = read_envelope(body, encoding)
        for problem in contents.problems:
            self._count(problem)
        try:
            self.store.add(contents.items)
        except sqlite3.Error as error:
            self._count(f"not stored: {type(error).__name__}")

    def _count(self, problem: str) -> None:
        self._unread[problem] += 1
        _log.warning("an envelope or item was not stored: %s", problem)

    async def _answer_items(self, request: Request) -> Response:
        if not self._may_read(request):
            return _refuse()
        query = request.query_params
        after = query.get("after", "0")
        if not after.isdecimal() or len(after) > 18:
            return JSONResponse({"detail": "after is not the number of an item"}, 400)
        trace_id = query.get("trace_id", "").replace("-", "").lower()
        find: Callable[[], tuple[list[StoredItem], bool]] = lambda: self.store.find(  # noqa: E731
            query.get("kind") or None, trace_id or None, query.get("name") or None, int(after)
        )
        items, has_more = await anyio.to_thread.run_sync(find)
        return Response(_format_page(items, has_more=has_more), media_type="application/json")

    async def _answer_status(self, request: Request) -> Response:
        if not self._may_read(request):
            return _refuse()
        stored = await anyio.to_thread.run_sync(self.store.count)
        return JSONResponse(
            {"stored": stored, "not_stored": self._unread, "evicted": self.store.evicted}
        )

    def _may_read(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {self._token}".encode())


async def _chain(chunks: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    async for chunk in rest:
        yield chunk


def _format_page(items: list[StoredItem], *, has_more: bool) -> str:
    """Return a page as JSON, with the payloads as they are stored."""
    rows = ",".join(
        f'{{"number":{item.number},"kind":{json.dumps(item.kind)},"received":{item.received!r},'
        f'"payload":{item.payload}}}'
        for item in items
    )
    following = items[-1].number if has_more else None
    return f'{{"items":[{rows}],"next":{json.dumps(following)}}}'


def _refuse() -> Response:
    return JSONResponse({"detail": "the bearer token is not valid"}, 401)


def main() -> None:
    """Run the server until SIGTERM."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    # It logs each request with its URL, whose query may have the key of the DSN.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    environment: Any = os.environ
    store = ItemStore(Path(environment["RELAY_STORE"]))
    relay = Relay(environment["RELAY_UPSTREAM"], environment["RELAY_TOKEN"], store)
    uvicorn.run(
        relay.build_app(),
        host="127.0.0.1",
        port=int(environment["RELAY_PORT"]),
        # Its lines would have the key of the DSN, in the query of a request.
        access_log=False,
        log_config=None,
        # Bugsink's own are forwarded.
        server_header=False,
        date_header=False,
        limit_concurrency=256,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
