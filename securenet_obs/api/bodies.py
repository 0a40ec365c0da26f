"""ASGI middleware that limits request bodies on arrival: size, duration, encoding, concurrency."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, TypeAlias

from starlette.datastructures import Headers

from securenet_obs.errors import BodyRefusedError

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

BODY_TIMEOUT_S = 60.0
"""Seconds within which a whole body must arrive."""

LARGE_BYTES = 1024 * 1024
"""Bytes above which a body is large and occupies one of the slots."""

LARGE_SLOTS = 4
"""Maximum number of large bodies that a process holds in memory at a time."""

SLOT_TIMEOUT_S = 5.0
"""Seconds that a large body waits for a slot; its client is held up by TCP meanwhile."""

LINGER_S = 5.0
"""Seconds for which the rest of a refused body is discarded, so that its client gets the answer.

A client that writes its whole request first, as most do, would otherwise see a broken connection.
"""


class BodyLimits:
    """ASGI middleware that raises `BodyRefusedError` from `receive`; it never reads ahead.

    Starlette's own limit answers in plain text, even a request that lacks a key, and bounds neither
    the time nor the number of bodies.
    """

    def __init__(
        self, app: App, max_bytes: int, timeout_s: float = BODY_TIMEOUT_S, slots: int = LARGE_SLOTS
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(slots)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one connection, or the application's lifespan."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(Headers(scope=dict(scope)), receive, send, self._max_bytes, self._slots)
        body.timeout_s = self._timeout_s
        try:
            await self._app(scope, body.receive, body.send)
            await body.finish()
        finally:
            body.release()


class _Body:
    """The body of one request, and the answer to it."""

    timeout_s = BODY_TIMEOUT_S

    def __init__(
        self,
        headers: Headers,
        receive: Receive,
        send: Send,
        max_bytes: int,
        slots: asyncio.Semaphore,
    ) -> None:
        self._headers, self._receive, self._send = headers, receive, send
        self._max_bytes, self._slots = max_bytes, slots
        self._bytes = 0
        self._deadline: float | None = None
        self._has_slot = self._is_complete = self._is_refused = self._is_answered = False

    async def receive(self) -> Message:
        """Return the next part of the body, or raise the reason to refuse the body."""
        if self._is_complete:
            return await self._receive()
        try:
            return await self._next_part()
        except BodyRefusedError:
            self._is_refused = True
            raise

    async def _next_part(self) -> Message:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self.timeout_s
            self._check_headers()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            reason = f"the body did not arrive within {self.timeout_s:g} seconds"
            raise BodyRefusedError(408, reason) from None
        self._is_complete = not message.get("more_body")
        self._bytes += len(message.get("body", b""))
        self._check_size(self._bytes)
        if self._bytes > LARGE_BYTES and not self._has_slot:
            await self._occupy_slot()
        return message

    def _check_headers(self) -> None:
        encodings = ",".join(self._headers.getlist("content-encoding")).lower().split(",")
        if {encoding.strip() for encoding in encodings} - {"", "identity"}:
            raise BodyRefusedError(
                415, "compressed bodies are not supported", {"Accept-Encoding": "identity"}
            )
        length = self._headers.get("content-length", "")
        self._check_size(int(length) if length.isascii() and length.isdigit() else 0)

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise BodyRefusedError(413, f"a body may have at most {self._max_bytes} bytes")

    async def _occupy_slot(self) -> None:
        try:
            async with asyncio.timeout(SLOT_TIMEOUT_S):
                await self._slots.acquire()
        except TimeoutError:
            reason = "too many large bodies at a time"
            raise BodyRefusedError(503, reason, {"Retry-After": "5"}) from None
        self._has_slot = True

    async def send(self, message: Message) -> None:
        """Send a part of the answer; of a refusal the end follows in `finish`."""
        if self._is_refused and message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
        elif self._is_refused and not message.get("more_body"):
            self._is_answered = True
            message = {**message, "more_body": True}
        await self._send(message)

    async def finish(self) -> None:
        """Discard the rest of a refused body for a bounded time, then end the answer."""
        if not self._is_answered:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while not self._is_complete:
                    self._is_complete = not (await self._receive()).get("more_body")
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def release(self) -> None:
        """Give the slot back."""
        if self._has_slot:
            self._slots.release()
