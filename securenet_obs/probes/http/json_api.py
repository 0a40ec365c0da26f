"""Client of JSON APIs with bounded waits and polling; raises our own errors for all failures."""

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
from securenet_obs.processes.polling import Deadline

Answer = TypeVar("Answer")

INITIAL_PAUSE_S = 0.1
MAX_PAUSE_S = 2.0
MAX_REQUEST_S = 10.0
_MIN_REQUEST_S = 1.0
REUSE_S = 1.0
"""Seconds that an idle connection is used again. Bugsink closes one after two, the API after 75."""

_MAX_BODY_BYTES = 64 * 1024 * 1024


class JsonApi:
    """Client of a JSON API; its repr, errors and log lines never contain the bearer token."""

    def __init__(self, url: str, url_variable: str, token: str, token_variable: str) -> None:
        """Prepare, without connecting.

        Args:
            url: base address of all paths.
            url_variable: name of its setting, for messages.
            token: sent as `Authorization: Bearer`.
            token_variable: name of its setting, for messages.

        Raises:
            SettingsError: the address is not an http(s) address, or the token not a valid header.
        """
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise SettingsError(
                f"{token_variable} {'is not set' if not token else 'is not a valid token'};"
                " it must be printable ASCII without spaces."
            )
        self.url = url.rstrip("/")
        self._token_variable = token_variable
        self._client = open_client(self.url, url_variable, {"Authorization": f"Bearer {token}"})

    def __repr__(self) -> str:
        """Return the class and the base address."""
        return f"{type(self).__name__}({self.url!r})"

    def get(self, path: str, query: Mapping[str, str] | None = None, *, deadline: Deadline) -> Any:
        """Return the parsed answer to `GET path`; `path` may be a full address on the same host.

        Raises:
            ForbiddenError: 401 or 403.
            NotFoundError: 404.
            UnreachableError: no answer before the deadline, another status, or invalid JSON.
        """
        return self._send("GET", path, deadline, params=query)

    def send(self, method: str, path: str, content: Mapping[str, Any], deadline: Deadline) -> Any:
        """Return the parsed answer to a request with a JSON body; errors are those of `get`."""
        return self._send(method, path, deadline, json=content)

    def _send(self, method: str, path: str, deadline: Deadline, **request: Any) -> Any:
        response, body = send_request(self._client, method, path, deadline=deadline, **request)
        try:
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise self._make_status_error(response) from error
        return parse_json(response, body)

    def delete(self, path: str, *, deadline: Deadline) -> None:
        """Send `DELETE path`.

        Raises:
            ForbiddenError: 401 or 403.
            NotFoundError: 404.
            UnreachableError: no answer before the deadline, or another status.
        """
        response, _ = send_request(self._client, "DELETE", path, deadline=deadline)
        try:
            response.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise self._make_status_error(response) from error

    def _make_status_error(self, response: httpx.Response) -> ProbeError:
        summary = f"{self.url} answered {response.status_code}"
        if response.status_code in (401, 403):
            return ForbiddenError(
                f"{summary}; check that {self._token_variable} is valid and may read events."
            )
        if response.status_code == 404:
            return NotFoundError(f"{summary}; {response.request.url.path} does not exist.")
        return UnreachableError(f"{summary} {response.reason_phrase}.")


def open_client(url: str, variable: str, headers: Mapping[str, str]) -> httpx.Client:
    """Return a client for one address; loopback addresses bypass any proxy.

    Raises:
        SettingsError: the address is not an http(s) address.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise SettingsError(f"{variable} is not a valid URL: {url!r}: {error}") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise SettingsError(f"{variable} must start with http:// or https://, but is {url!r}.")
    direct = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}
    limits = httpx.Limits(keepalive_expiry=REUSE_S)
    return httpx.Client(base_url=url, headers=headers, mounts=direct, limits=limits)


def send_request(
    client: httpx.Client, method: str, path: str, *, deadline: Deadline, **request: Any
) -> tuple[httpx.Response, bytes]:
    """Send one request and return the response with its whole body.

    A request takes 10 s at most, whatever the deadline.

    Raises:
        UnreachableError: no answer, a late answer, or one that does not end.
    """
    url = str(client.base_url).rstrip("/")
    allowed_s = min(deadline.left_s, MAX_REQUEST_S)
    try:
        with client.stream(method, path, timeout=max(allowed_s, 0.001), **request) as response:
            return response, _read_body(response, Deadline.after(allowed_s))
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        raise UnreachableError(f"{url} does not answer: {why}") from error


def _read_body(response: httpx.Response, deadline: Deadline) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if deadline.has_passed or len(body) > _MAX_BODY_BYTES:
            raise httpx.ReadTimeout("the response does not end", request=response.request)
    return bytes(body)


def parse_json(response: httpx.Response, body: bytes) -> Any:
    """Return the parsed body.

    Raises:
        UnreachableError: it is not JSON: a proxy, a login page or another server answered.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        kind = response.headers.get("content-type", "something")
        raise UnreachableError(
            f"{response.request.url.host}:{response.request.url.port} answered "
            f"{response.status_code} with {kind} instead of JSON."
        ) from error


def poll(ask: Callable[[Deadline], Answer], deadline_s: float) -> Answer:
    """Call `ask` until it returns; raise its last error after the deadline.

    `ask` takes its deadline; the first call always has a second, so that the backend can answer at
    all. NotFoundError and UnreachableError are retried, after 0.1 s at first, 2 s at most, or as
    long as a rate limit demands. Other errors are raised at once, and so are an unknown host name
    and an untrusted certificate: waiting mends neither.
    """
    deadline = Deadline.after(deadline_s)
    pause_s = INITIAL_PAUSE_S
    last: ProbeError | None = None
    while True:
        left_s = deadline.left_s
        try:
            return ask(deadline if last else max(deadline, Deadline.after(_MIN_REQUEST_S)))
        except (NotFoundError, UnreachableError) as error:
            # The deadline may cut the last request short; then the previous answer counts.
            was_cut = isinstance(error.__cause__, httpx.TimeoutException) and left_s < 1
            last = last if last and was_cut else error
        wait_s = max(pause_s, _parse_retry_after(last))
        if _is_permanent(last) or wait_s >= deadline.left_s:
            raise last
        time.sleep(wait_s)
        pause_s = min(pause_s * 1.5, MAX_PAUSE_S)


def _is_permanent(error: ProbeError) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror | ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _parse_retry_after(error: ProbeError) -> float:
    """Return the seconds of Retry-After; 0 if it is missing or a date."""
    if not isinstance(error.__cause__, httpx.HTTPStatusError):
        return 0.0
    value = error.__cause__.response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else 0.0
