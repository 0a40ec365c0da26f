"""ASGI middleware: a request's ids, its log line, and the answer when nobody handled its error."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import orjson
import structlog

from securenet_obs.monitoring.correlation import accepted_request_id, begin, end
from securenet_obs.monitoring.sentry import capture_error

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

_QUIET = ("/health/",)

_log = structlog.get_logger(__name__)


class CorrelationMiddleware:
    """Binds the ids of each request, returns `X-Request-ID`, and answers unhandled errors.

    Such an answer is 500 and JSON `{"detail", "event_id", "request_id"}`; the event is Sentry's.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _Request(scope, send)
        begin(request_id=request.id)
        try:
            await self._app(scope, receive, request.send)
        except Exception as error:
            await request.answer(error)
            if request.answered_before:
                raise
        finally:
            request.log()
            end()


class _Request:
    """One request: its id, what was answered, and when."""

    def __init__(self, scope: Message, send: Send) -> None:
        self.id = accepted_request_id(_header(scope, b"x-request-id"))
        self.answered_before = False
        self._send = send
        self._scope = scope
        self._status: int | None = None
        self._began = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", self.id.encode()),
            ]
        await self._send(message)

    async def answer(self, error: Exception) -> None:
        """Tell Sentry and the log, then the caller, unless an answer is already under way."""
        event_id = capture_error(error)
        _log.error("request_failed", exc_info=error, **self._what())
        self.answered_before = self._status is not None
        if self.answered_before:
            return
        body = orjson.dumps(
            {"detail": "internal error", "event_id": event_id, "request_id": self.id}
        )
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    def log(self) -> None:
        """Write the request's line; health checks, several a minute for ever, only when asked."""
        tell = _log.debug if self._scope["path"].startswith(_QUIET) else _log.info
        duration_ms = round((time.perf_counter() - self._began) * 1e3, 3)
        tell("request_finished", status=self._status, duration_ms=duration_ms, **self._what())

    def _what(self) -> dict[str, str]:
        return {"method": self._scope["method"], "path": self._scope["path"]}


def _header(scope: Message, name: bytes) -> str | None:
    values = [value for key, value in scope["headers"] if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else None
