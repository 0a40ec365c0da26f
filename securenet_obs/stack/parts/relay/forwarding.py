"""Forwards requests to Bugsink and answers back; drops rate limits on items the relay stores."""

import json
from collections.abc import AsyncIterator, Iterable

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

STORED_CATEGORIES = frozenset(
    {"transaction", "transaction_indexed", "span", "span_indexed", "monitor", "log_item"}
    | {"log_byte", "session", "trace_metric"}
)
"""Sentry's categories of the items that the relay stores."""

CONNECT_S = 2.0
"""Seconds to connect to Bugsink."""

ANSWER_S = 30.0
"""Seconds that Bugsink may take to answer; an SDK waits for 10 to 30 s."""

# RFC 9110: these describe one connection, as do those that Connection lists.
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te"}
    | {b"trailer", b"transfer-encoding", b"upgrade", b"proxy-connection"}
)
_LIMITS = b"x-sentry-rate-limits"

Headers = list[tuple[bytes, bytes]]


class Forwarder:
    """Sends requests on to one address."""

    def __init__(self, address: str) -> None:
        self._address = httpx.URL(address)
        # Bugsink closes an idle connection after two seconds: a reused one must be younger.
        limits = httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=1)
        self._client = httpx.AsyncClient(
            limits=limits,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            trust_env=False,
            follow_redirects=False,
        )

    async def send(self, request: Request, body: bytes | AsyncIterator[bytes]) -> Response:
        """Forward a request with this body; answer 502 or 504 if Bugsink does not.

        Args:
            request: the client's request.
            body: all of its body, or a stream of it.
        """
        url = self._address.copy_with(raw_path=_raw_path(request))
        headers = _end_to_end(request.headers.raw, {b"host"})
        if isinstance(body, bytes):
            # A body that is known needs no chunks; httpx counts it.
            headers = [header for header in headers if header[0].lower() != b"content-length"]
        # Not by `build_request`, which adds headers of httpx.
        forwarded = httpx.Request(request.method, url, headers=headers, content=body)
        forwarded.extensions = {"timeout": self._client.timeout.as_dict()}
        try:
            answer = await self._client.send(forwarded, stream=True)
        except httpx.TimeoutException:
            return _refuse(504, "Bugsink did not answer in time")
        except httpx.TransportError as error:
            return _refuse(502, f"Bugsink is not reachable: {type(error).__name__}")
        return _answer(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _raw_path(request: Request) -> bytes:
    path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


def _end_to_end(headers: Iterable[tuple[bytes, bytes]], without: Iterable[bytes] = ()) -> Headers:
    """Return the headers that are not of one connection."""
    listed = list(headers)
    named = b",".join(value for name, value in listed if name.lower() == b"connection")
    dropped = {name.strip().lower() for name in named.split(b",")} | _HOP_BY_HOP | set(without)
    return [(name, value) for name, value in listed if name.lower() not in dropped]


def _answer(answer: httpx.Response) -> Response:
    response = StreamingResponse(
        answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose)
    )
    response.raw_headers = [
        (name.lower(), limits if name.lower() == _LIMITS else value)
        for name, value in _end_to_end(answer.headers.raw)
        if (limits := keep_other_limits(value.decode("latin-1")).encode("latin-1"))
        or name.lower() != _LIMITS
    ]
    return response


def keep_other_limits(limits: str) -> str:
    """Return a value of X-Sentry-Rate-Limits without the categories that the relay stores.

    Bugsink limits the categories that it drops for a day with each answer: an SDK would send no
    further transaction. A limit without categories applies to all of them and is kept.
    """
    kept = []
    for limit in limits.split(","):
        seconds, *rest = limit.strip().split(":")
        categories = [name for name in (rest[0] if rest else "").split(";") if name]
        others = [name for name in categories if name.strip() not in STORED_CATEGORIES]
        if others == categories:
            kept.append(limit.strip())
        elif others:
            kept.append(":".join([seconds, ";".join(others), *rest[1:]]))
    return ", ".join(kept)


def _refuse(status: int, reason: str) -> Response:
    return Response(json.dumps({"detail": reason}), status, media_type="application/json")
