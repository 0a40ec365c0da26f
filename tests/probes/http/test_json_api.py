import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from securenet_obs.errors import (
    ForbiddenError,
    NotFoundError,
    ProbeError,
    SettingsError,
    UnreachableError,
)
from securenet_obs.probes.http.json_api import REUSE_S, JsonApi, poll
from securenet_obs.processes.polling import Deadline
from securenet_obs.processes.ports import find_free_ports
from tests.busy import room_for

TOKEN = "t0ken-that-must-not-show"


def api(url: str, token: str = TOKEN) -> JsonApi:
    return JsonApi(url, "SENTRY_URL", token, "SENTRY_AUTH_TOKEN")


def in_2_s() -> Deadline:
    return Deadline.after(2)


@pytest.fixture
def endless_url() -> Iterator[str]:
    """Yield the address of a server that sends a byte from time to time, for ever."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not stop.wait(0.05):
                connection.sendall(b" ")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    thread.join()
    listener.close()


@pytest.fixture
def closing_url() -> Iterator[str]:
    """Yield the address of a server that closes each connection at its second request."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                connection.recv(65536)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    thread.join(60)


def test_an_idle_connection_is_not_used_again(closing_url: str) -> None:
    """A server that closes it while the next request arrives seemed to be unreachable."""
    reader = api(closing_url)
    assert reader.get("/x", deadline=Deadline.after(60)) == {}
    time.sleep(REUSE_S + 0.1)
    assert reader.get("/x", deadline=Deadline.after(60)) == {}
    reader._client.close()


def test_json_is_parsed(http_server) -> None:
    """A 200 with JSON returns its value, and the request carries the token."""
    http_server.answers((200, {"a": [1]}))
    assert api(http_server.url).get("/x", {"q": "1"}, deadline=in_2_s()) == {"a": [1]}
    path, headers = http_server.requests[-1]
    assert (path, headers["Authorization"]) == ("/x?q=1", f"Bearer {TOKEN}")


def test_a_body_is_sent_as_json(http_server) -> None:
    """The answer and the errors are those of a reading request."""
    http_server.answers((200, {"a": 1}), (403, {}))
    assert api(http_server.url).send("POST", "/x", {"b": 2}, in_2_s()) == {"a": 1}
    path, headers = http_server.requests[-1]
    assert (path, headers["Content-Type"]) == ("/x", "application/json")
    with pytest.raises(ForbiddenError):
        api(http_server.url).send("POST", "/x", {"b": 2}, in_2_s())


@pytest.mark.parametrize(
    ("status", "error", "named"),
    [
        (401, ForbiddenError, "SENTRY_AUTH_TOKEN"),
        (403, ForbiddenError, "SENTRY_AUTH_TOKEN"),
        (404, NotFoundError, "/x"),
        (302, UnreachableError, "302"),
        (429, UnreachableError, "429"),
        (502, UnreachableError, "502"),
    ],
)
def test_each_status_has_its_own_error(
    http_server, status: int, error: type[ProbeError], named: str
) -> None:
    """401 and 403, 404 and other statuses are different errors, each with its remedy."""
    http_server.answers((status, {"detail": "no"}))
    with pytest.raises(error, match=named):
        api(http_server.url).get("/x", deadline=in_2_s())


def test_html_instead_of_json_is_unreachable(http_server) -> None:
    """A login page or a proxy that answers 200 with HTML is not the backend."""
    http_server.answers((200, b"<html>please log in</html>"))
    with pytest.raises(UnreachableError, match="text/html instead of JSON"):
        api(http_server.url).get("/x", deadline=in_2_s())


def test_refused_connection_names_the_address() -> None:
    """If no server listens, the error has the address."""
    url = f"http://127.0.0.1:{find_free_ports(1)[0]}"
    with pytest.raises(UnreachableError, match=url):
        api(url).get("/x", deadline=in_2_s())


def test_endless_response_is_cut(endless_url: str) -> None:
    """A server that sends single bytes for ever does not exceed the timeout."""
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="does not end"):
        api(endless_url).get("/x", deadline=Deadline.after(0.4))
    assert time.monotonic() - began < room_for(1)


@pytest.mark.parametrize("token", ["", "two words", "line\nfeed", "not ascii é"])
def test_invalid_token_is_refused_without_its_value(token: str) -> None:
    """The error for a token that cannot be sent has the variable, and not the value."""
    with pytest.raises(SettingsError, match="SENTRY_AUTH_TOKEN") as refused:
        api("http://127.0.0.1", token)
    assert not token or token not in str(refused.value)


@pytest.mark.parametrize("url", ["", "sentry.example.com", "ftp://host", "http://", "http://[::"])
def test_invalid_address_is_refused(url: str) -> None:
    """An invalid address is a settings error that names the variable."""
    with pytest.raises(SettingsError, match="SENTRY_URL"):
        api(url)


def test_token_is_never_shown(http_server, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the repr, nor an error and its causes, nor a debug log contains the token."""
    caplog.set_level(logging.DEBUG)
    http_server.answers((403, {}))
    with pytest.raises(ForbiddenError) as refused:
        api(http_server.url).get("/x", deadline=in_2_s())
    texts = [repr(api(http_server.url)), caplog.text]
    error: BaseException | None = refused.value
    while error is not None:
        texts += [repr(error), str(vars(error))]
        error = error.__cause__
    assert caplog.text
    assert TOKEN not in "\n".join(texts)


def test_polling_continues_until_found(http_server) -> None:
    """A late event is found, even if the backend restarts in the meantime."""
    http_server.answers((404, {}), (502, b"restarting"), (200, b"<html>"), (200, {"id": 1}))
    assert poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 5) == {"id": 1}


def test_polling_ends_at_the_deadline_with_the_last_error(http_server) -> None:
    """An event that is missing at the deadline is not found, and not later than that."""
    began = time.monotonic()
    with pytest.raises(NotFoundError):
        poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 1)
    assert 0.3 < time.monotonic() - began < room_for(1.3)
    assert len(http_server.requests) > 1


def test_polling_sends_at_least_one_request(http_server) -> None:
    """With a deadline of zero, one request is sent and the backend has time to answer."""
    http_server.answer = lambda _: time.sleep(0.3) or (200, {"id": 1}, {})
    assert poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 0) == {"id": 1}


def test_timeout_at_the_deadline_does_not_hide_the_previous_answer(http_server) -> None:
    """If the last request has no time left, the previous answer counts."""

    def answer(_: str) -> tuple[int, object, dict[str, str]]:
        if len(http_server.requests) > 1:
            time.sleep(1)
        return 404, {}, {}

    http_server.answer = answer
    with pytest.raises(NotFoundError):
        poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 0.5)


def test_refusals_are_not_retried(http_server) -> None:
    """A refused token is an error at once: waiting does not help."""
    http_server.answers((403, {}))
    with pytest.raises(ForbiddenError):
        poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 5)
    assert len(http_server.requests) == 1


def test_unknown_host_is_not_retried() -> None:
    """An unknown host name is an error at once, not at the deadline."""
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"no-such-host\.invalid"):
        poll(lambda deadline: api("http://no-such-host.invalid").get("/x", deadline=deadline), 300)
    assert time.monotonic() - began < room_for(20)


def test_retry_after_is_respected(http_server) -> None:
    """The next request waits for Retry-After."""
    http_server.answers((429, {}, {"Retry-After": "1"}), (200, {"id": 1}))
    began = time.monotonic()
    assert poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 5) == {"id": 1}
    assert time.monotonic() - began >= 1


def test_retry_after_beyond_the_deadline_ends_the_polling(http_server) -> None:
    """If Retry-After ends after the deadline, the backend is unreachable at once."""
    http_server.answers((429, {}, {"Retry-After": "60"}))
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="429"):
        poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 30)
    assert time.monotonic() - began < room_for(1)
