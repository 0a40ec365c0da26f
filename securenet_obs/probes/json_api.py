"""Reads JSON over HTTP: every answer is a value or one of our errors, and polling has an end."""

import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from securenet_obs.errors import (
    ForbiddenError,
    NotFoundError,
    ProbeError,
    SettingsError,
    UnreachableError,
)

Answer = TypeVar("Answer")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
LONGEST_REQUEST_S = 10.0
SHORTEST_REQUEST_S = 1.0
LARGEST_BODY = 64 * 1024 * 1024


class JsonApi:
    """A JSON API behind a bearer token; the repr, errors and log lines never hold the token."""

    def __init__(self, url: str, url_variable: str, token: str, token_variable: str) -> None:
        """Prepare, without connecting.

        Args:
            url: address that paths are appended to.
            url_variable: name of the setting it came from, for messages.
            token: what is sent as `Authorization: Bearer`.
            token_variable: name of the setting it came from, for messages.

        Raises:
            SettingsError: the address is no http(s) address, or the token cannot be a header.
        """
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise SettingsError(
                f"{token_variable}: {'is not set' if not token else 'is no token'};"
                " it must be printable ASCII without spaces."
            )
        self.url = url.rstrip("/")
        self._token_variable = token_variable
        self._client = open_client(self.url, url_variable, {"Authorization": f"Bearer {token}"})

    def __repr__(self) -> str:
        """Return where it reads from."""
        return f"{type(self).__name__}({self.url!r})"

    def get(self, path: str, query: Mapping[str, str] | None = None, *, ends: float) -> Any:
        """Return what `GET path` answers, parsed; `path` may be a whole address on the same host.

        Raises:
            ForbiddenError: 401 or 403.
            NotFoundError: 404.
            UnreachableError: no answer before the clock shows `ends`, another status, or no JSON.
        """
        response, body = exchange(self._client, "GET", path, ends=ends, params=query)
        try:
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise self._refusal(response) from error
        return json_of(response, body)

    def _refusal(self, response: httpx.Response) -> ProbeError:
        answered = f"{self.url} answered {response.status_code}"
        if response.status_code in (401, 403):
            return ForbiddenError(
                f"{answered}: see whether {self._token_variable} is valid and may read events."
            )
        if response.status_code == 404:
            return NotFoundError(f"{answered}: nothing at {response.request.url.path}")
        return UnreachableError(f"{answered} {response.reason_phrase}.")


def open_client(url: str, variable: str, headers: Mapping[str, str]) -> httpx.Client:
    """Return a client for one address; loopback addresses are never asked through a proxy.

    Raises:
        SettingsError: the address is no http(s) address.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise SettingsError(f"{variable}: {url!r} is no address: {error}") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise SettingsError(f"{variable}: {url!r} must start with http:// or https://")
    direct = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}
    return httpx.Client(base_url=url, headers=headers, mounts=direct)


def exchange(
    client: httpx.Client, method: str, path: str, *, ends: float, **request: Any
) -> tuple[httpx.Response, bytes]:
    """Send one request; return the response and its whole body.

    `ends` is a time of the monotonic clock; one request never takes longer than 10 s either.

    Raises:
        UnreachableError: no answer, not in time, or one without an end.
    """
    url = str(client.base_url).rstrip("/")
    allowed_s = min(ends - time.monotonic(), LONGEST_REQUEST_S)
    try:
        with client.stream(method, path, timeout=max(allowed_s, 0.001), **request) as response:
            return response, _whole_body(response, time.monotonic() + allowed_s)
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        raise UnreachableError(f"{url} does not answer: {why}") from error


def _whole_body(response: httpx.Response, ends: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if time.monotonic() > ends or len(body) > LARGEST_BODY:
            raise httpx.ReadTimeout("its answer does not end", request=response.request)
    return bytes(body)


def json_of(response: httpx.Response, body: bytes) -> Any:
    """Return the parsed body.

    Raises:
        UnreachableError: it is no JSON: a proxy, a login page or another server answered.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        kind = response.headers.get("content-type", "something")
        raise UnreachableError(
            f"{response.request.url.host}:{response.request.url.port} answered "
            f"{response.status_code} with {kind} instead of JSON."
        ) from error


def poll(ask: Callable[[float], Answer], deadline_s: float) -> Answer:
    """Call `ask` until it answers; when the time is up, raise the last error.

    `ask` is given the end as a time of the monotonic clock; the first time it has a second in any
    case, for a backend that is asked has to be able to answer. Where it raises NotFoundError or
    UnreachableError it is asked again, after 0.1 s at first, 2 s at most, or as long as a rate
    limit demands. Other errors are raised at once, and so is a host name that nobody knows or a
    certificate that is not trusted: waiting mends neither.
    """
    ends = time.monotonic() + deadline_s
    pause_s = FIRST_PAUSE_S
    last: ProbeError | None = None
    while True:
        began = time.monotonic()
        try:
            return ask(ends if last else max(ends, began + SHORTEST_REQUEST_S))
        except (NotFoundError, UnreachableError) as error:
            # The last request may be cut short by the deadline; what was answered before counts.
            was_cut = isinstance(error.__cause__, httpx.TimeoutException) and ends - began < 1
            last = last if last and was_cut else error
        wait_s = max(pause_s, _retry_after(last))
        if _is_hopeless(last) or time.monotonic() + wait_s >= ends:
            raise last
        time.sleep(wait_s)
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)


def _is_hopeless(error: ProbeError) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror | ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _retry_after(error: ProbeError) -> float:
    """Return the seconds of a rate limit; Retry-After's other form, a date, is taken as none."""
    if not isinstance(error.__cause__, httpx.HTTPStatusError):
        return 0.0
    value = error.__cause__.response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0
