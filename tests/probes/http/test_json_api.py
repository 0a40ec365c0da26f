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
from securenet_obs.probes.http.json_api import JsonApi, poll
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
    """Yield the address of a server that sends a byte now and then, for ever."""
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


def test_json_is_returned_parsed(http_server) -> None:
    """A 200 with JSON is its value, and the request carried the token."""
    http_server.answers((200, {"a": [1]}))
    assert api(http_server.url).get("/x", {"q": "1"}, deadline=in_2_s()) == {"a": [1]}
    path, headers = http_server.requests[-1]
    assert (path, headers["Authorization"]) == ("/x?q=1", f"Bearer {TOKEN}")


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
def test_each_status_is_its_own_error(
    http_server, status: int, error: type[ProbeError], named: str
) -> None:
    """Not allowed, not found and not reachable are three answers, each with what to look at."""
    http_server.answers((status, {"detail": "no"}))
    with pytest.raises(error, match=named):
        api(http_server.url).get("/x", deadline=in_2_s())


def test_a_page_instead_of_json_is_unreachable(http_server) -> None:
    """A login page or a proxy that answers 200 with HTML is not taken for the backend."""
    http_server.answers((200, b"<html>please log in</html>"))
    with pytest.raises(UnreachableError, match="text/html instead of JSON"):
        api(http_server.url).get("/x", deadline=in_2_s())


def test_a_refused_connection_names_the_address() -> None:
    """Where nothing listens, the address is in the message."""
    url = f"http://127.0.0.1:{find_free_ports(1)[0]}"
    with pytest.raises(UnreachableError, match=url):
        api(url).get("/x", deadline=in_2_s())


def test_an_answer_without_end_is_cut(endless_url: str) -> None:
    """A server that trickles bytes for ever does not hold the caller beyond its time."""
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="does not end"):
        api(endless_url).get("/x", deadline=Deadline.after(0.4))
    assert time.monotonic() - began < room_for(1)


@pytest.mark.parametrize("token", ["", "two words", "line\nfeed", "not ascii é"])
def test_a_token_that_is_no_header_is_refused_unseen(token: str) -> None:
    """A token that cannot be sent is refused by the name of its variable, never by its value."""
    with pytest.raises(SettingsError, match="SENTRY_AUTH_TOKEN") as refused:
        api("http://127.0.0.1", token)
    assert not token or token not in str(refused.value)


@pytest.mark.parametrize("url", ["", "sentry.example.com", "ftp://host", "http://", "http://[::"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """An address that is none is a wrong setting, and the variable is named."""
    with pytest.raises(SettingsError, match="SENTRY_URL"):
        api(url)


def test_the_token_shows_nowhere(http_server, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the repr, nor an error with its causes, nor a debug log line holds the token."""
    caplog.set_level(logging.DEBUG)
    http_server.answers((403, {}))
    with pytest.raises(ForbiddenError) as refused:
        api(http_server.url).get("/x", deadline=in_2_s())
    shown = [repr(api(http_server.url)), caplog.text]
    error: BaseException | None = refused.value
    while error is not None:
        shown += [repr(error), str(vars(error))]
        error = error.__cause__
    assert caplog.text
    assert TOKEN not in "\n".join(shown)


def test_polling_goes_on_until_it_is_there(http_server) -> None:
    """An event that arrives late, at a backend that restarts meanwhile, is found."""
    http_server.answers((404, {}), (502, b"restarting"), (200, b"<html>"), (200, {"id": 1}))
    assert poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 5) == {"id": 1}


def test_polling_ends_in_time_with_the_last_answer(http_server) -> None:
    """What was not found until the deadline is not found, and no later than that."""
    began = time.monotonic()
    with pytest.raises(NotFoundError):
        poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 0.6)
    assert 0.3 < time.monotonic() - began < room_for(0.9)
    assert len(http_server.requests) > 2


def test_polling_asks_at_least_once(http_server) -> None:
    """A deadline of nothing still asks once, and lets the backend answer."""
    http_server.answer = lambda _: time.sleep(0.3) or (200, {"id": 1}, {})
    assert poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 0) == {"id": 1}


def test_a_request_cut_by_the_deadline_does_not_hide_what_was_answered(http_server) -> None:
    """When the last request has no time left, the answer before it is the verdict."""

    def answer(_: str) -> tuple[int, object, dict[str, str]]:
        if len(http_server.requests) > 1:
            time.sleep(1)
        return 404, {}, {}

    http_server.answer = answer
    with pytest.raises(NotFoundError):
        poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 0.5)


def test_refusals_are_not_polled(http_server) -> None:
    """A token that is refused is refused at once: waiting does not mend it."""
    http_server.answers((403, {}))
    with pytest.raises(ForbiddenError):
        poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 5)
    assert len(http_server.requests) == 1


def test_an_unknown_host_is_not_polled() -> None:
    """A host name that nobody knows is reported at once, not after the deadline."""
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"no-such-host\.invalid"):
        poll(lambda deadline: api("http://no-such-host.invalid").get("/x", deadline=deadline), 30)
    assert time.monotonic() - began < room_for(20)


def test_rate_limits_are_respected(http_server) -> None:
    """Retry-After is waited for before the next request."""
    http_server.answers((429, {}, {"Retry-After": "1"}), (200, {"id": 1}))
    began = time.monotonic()
    assert poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 5) == {"id": 1}
    assert time.monotonic() - began >= 1


def test_a_rate_limit_beyond_the_deadline_ends_the_polling(http_server) -> None:
    """A backend that wants to be left alone for longer than there is time is unreachable now."""
    http_server.answers((429, {}, {"Retry-After": "60"}))
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="429"):
        poll(lambda deadline: api(http_server.url).get("/x", deadline=deadline), 2)
    assert time.monotonic() - began < room_for(1)
