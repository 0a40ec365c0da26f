"""ASGI middleware: binds and returns ids, logs requests, captures and answers errors."""

import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import orjson
import structlog
from starlette.exceptions import HTTPException

from securenet_obs.monitoring.asgi_headers import add_sentry_trace, header_value
from securenet_obs.monitoring.correlation import bind_ids, clear_ids, ensure_request_id
from securenet_obs.monitoring.sentry.events.capture import capture_error
from securenet_obs.monitoring.sentry.tracing.request_scope import (
    request_scope,
    set_response_status,
    trace_response_header,
)
from securenet_obs.monitoring.sentry.tracing.sampling import HEALTH_PATHS

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

_log = structlog.get_logger(__name__)


class CorrelationMiddleware:
    """Binds the ids of each request, returns `X-Request-ID` and `traceparent`, answers errors.

    The answer is 500 with JSON `{"detail", "event_id", "request_id"}`; `event_id` is Sentry's.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one connection, or the application's lifespan."""
        scope = add_sentry_trace(scope)
        handle = self._request if scope["type"] == "http" else self._other
        with request_scope(scope):
            await handle(scope, receive, send)

    async def _other(self, scope: Message, receive: Receive, send: Send) -> None:
        """Capture an error of a websocket or the lifespan, and raise it again for the server."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            capture_error(error)
            raise

    async def _request(self, scope: Message, receive: Receive, send: Send) -> None:
        request = _Request(scope, send)
        bind_ids(request_id=request.id)
        try:
            await self._app(scope, receive, request.send)
        except Exception as error:
            await request.answer(error)
            if request.response_started:
                raise
        finally:
            request.log()
            clear_ids()


class _Request:
    """One request: its id, its answer's status and its start time."""

    def __init__(self, scope: Message, send: Send) -> None:
        self.id = ensure_request_id(header_value(scope, b"x-request-id"))
        self.response_started = False
        self._send = send
        self._scope = scope
        self._status: int | None = None
        self._started_at = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            if message["status"] >= 500:
                _capture_http_error()
            set_response_status(message["status"])
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", self.id.encode()),
                *trace_response_header(),
            ]
        await self._send(message)

    async def answer(self, error: Exception) -> None:
        """Capture and log an error, then answer 500, unless a response has already started."""
        event_id = capture_error(error)
        _log.error("request_failed", exc_info=error, **self._fields())
        self.response_started = self._status is not None
        if self.response_started:
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
        """Log the request; health checks, several a minute forever, only at level debug."""
        log = _log.debug if self._scope["path"].startswith(HEALTH_PATHS) else _log.info
        duration_ms = round((time.perf_counter() - self._started_at) * 1e3, 3)
        log("request_finished", status=self._status, duration_ms=duration_ms, **self._fields())

    def _fields(self) -> dict[str, str]:
        return {"method": self._scope["method"], "path": self._scope["path"]}


class HttpErrorMiddleware:
    """Captures an `HTTPException` of 500 and above beside the routes, below all other middleware.

    Starlette's `BaseHTTPMiddleware` runs the application in a task of its own: the exception that
    is being handled there is unknown to the middleware outside of it.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one connection."""

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 500:
                _capture_http_error()
            await send(message)

        await self._app(scope, receive, watch)


def _capture_http_error() -> None:
    """Capture an `HTTPException` of 500 and above, which the framework answers itself."""
    error = sys.exception()
    if issubclass(type(error), HTTPException) and error is not None:
        capture_error(error, handled=True)
