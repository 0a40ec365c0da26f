"""Access lines of web servers, in the form in which each of them logs."""

import logging
from typing import Any

import pytest

from securenet_obs.monitoring.logs.stdlib_records import record_event
from tests.costs import cost_of

TARGET = "/v1/x?token=hunter2"
LINE = f"GET {TARGET} HTTP/1.1"
ATOMS = {
    "h": "10.0.0.1",
    "l": "-",
    "u": "-",
    "t": "[t]",
    "m": "GET",
    "U": "/v1/x",
    "r": LINE,
    "q": "token=hunter2",
    "s": "200",
    "f": f"http://h{TARGET}",
    "a": "curl",
}
COMBINED = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s "%(f)s" "%(a)s"'


class Request:
    """A request object, as in the records of Django."""

    def __repr__(self) -> str:
        """Return its path with the query string."""
        return "<WSGIRequest: GET '/v1/x?token=hunter2'>"


RECORDS: dict[str, tuple[str, str, tuple[Any, ...], dict[str, Any]]] = {
    "uvicorn": (
        *("uvicorn.access", '%s - "%s %s HTTP/%s" %d'),
        *(("10.0.0.1:5", "GET", TARGET, "1.1", 200), {}),
    ),
    "uvicorn, another format": ("uvicorn.access", f'"{LINE}" 200', (), {}),
    "uvicorn, websocket": (
        *("uvicorn.error", '%s - "WebSocket %s" [accepted]'),
        *((("10.0.0.1", 5), TARGET), {}),
    ),
    "gunicorn": ("gunicorn.access", COMBINED, (ATOMS,), {}),
    "gunicorn, own format": ("gunicorn.access", "%(r)s", ({"r": LINE},), {}),
    "hypercorn": ("hypercorn.access", COMBINED, (ATOMS,), {}),
    "daphne": ("django.channels.server", f"HTTP GET {TARGET} 200 [0.1, 10.0.0.1:5]", (), {}),
    "daphne, websocket": ("django.channels.server", f"WebSocket CONNECT {TARGET} [h:5]", (), {}),
    "werkzeug": ("werkzeug", "%s - - [%s] %s", ("10.0.0.1", "t", f'"{LINE}" 200 -'), {}),
    "werkzeug, coloured": ("werkzeug", f'\x1b[33m"{LINE}" 404 -\x1b[0m', (), {}),
    "aiohttp": ("aiohttp.access", f'h "{LINE}" 200 9 "curl"', (), {"first_request_line": LINE}),
    "tornado": ("tornado.access", "%d %s %.2fms", (200, f"GET {TARGET} (10.0.0.1)", 1.0), {}),
    "django": ("django.server", '"%s" %s', (LINE, "200"), {"request": Request()}),
    "sanic": ("sanic.access", "", (), {"request": f"GET http://h{TARGET}", "status": 200}),
    "granian": ("granian.access", f'[t] 10.0.0.1 - "{LINE}" 200 1.5', (), {}),
    "cherrypy": ("cherrypy.access.1", f'10.0.0.1 - - [t] "{LINE}" 200 9 "" ""', (), {}),
    "an unknown server": ("my.server", f'"{LINE}" 200', (), {}),
    "an absolute address": ("proxy", f'"GET http://h{TARGET} HTTP/1.1" 200', (), {}),
    "a query with a quote": ("my.server", "\"GET /v1/x?a='token=hunter2' HTTP/1.1\" 200", (), {}),
}


def event_of(name: str, message: str, arguments: tuple[Any, ...], extra: dict[str, Any]) -> Any:
    """Return the event of a record."""
    logger = logging.getLogger(name)
    return record_event(logger.makeRecord(name, 20, "f", 1, message, arguments, None, extra=extra))


@pytest.mark.parametrize("server", RECORDS)
def test_no_access_line_has_a_query_string(server: str) -> None:
    """The path stays, the query string is cut, in the message and in every field."""
    event = event_of(*RECORDS[server])
    assert event is not None
    text = repr(event)
    assert "hunter2" not in text
    assert "token" not in text
    assert "/v1/x" in text


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn", "hypercorn"])
def test_the_parts_of_a_request_are_fields(server: str) -> None:
    """The lines of these servers are the same event with the same fields."""
    event = event_of(*RECORDS[server])
    assert event.pop("client").startswith("10.0.0.1")
    assert event == {"event": "http_access", "method": "GET", "path": "/v1/x", "status": 200}


@pytest.mark.parametrize(
    ("logger", "message"),
    [
        ("any", "is it /here? yes"),
        ("any", 'HTTP Request: GET http://h/x?page=2 "HTTP/1.1 200 OK"'),
        ("any", "ready? yes/no"),
        ("uvicorn.error", "Application startup complete."),
        ("uvicorn.error", "Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)"),
    ],
)
def test_other_lines_keep_their_text(logger: str, message: str) -> None:
    """A question mark alone is not a query string, and a client's request is not an access line."""
    assert event_of(logger, message, (), {})["event"] == message


@pytest.mark.parametrize(
    "path", ["/" * 60_000, "GET /" * 12_000, "A" * 60_000, "/'x", '/"x', "/x'"]
)
@pytest.mark.parametrize("logger", ["gunicorn.access", "any"])
def test_no_path_hides_a_query_or_costs_much(logger: str, path: str) -> None:
    """A caller chooses the path: quotes do not hide the query string, and time is linear."""
    message = f'"GET {path}?token=hunter2 HTTP/1.1" 200 {path} ?'
    # A time in proportion to the square of the length is a thousand units.
    assert cost_of(lambda: event_of(logger, message, (), {})) < 100
    event = event_of(logger, message, (), {})
    assert "hunter2" not in event["event"] or path.startswith("A")


def test_printed_access_lines_have_no_query(run: Any) -> None:
    """The standard library's own server prints its access lines."""
    finished = run(
        """
        import sys
        from securenet_obs.monitoring import configure_structlog
        configure_structlog(prints=True)
        from http.server import BaseHTTPRequestHandler
        handler = BaseHTTPRequestHandler.__new__(BaseHTTPRequestHandler)
        handler.client_address = ("10.0.0.1", 5)
        handler.requestline = "GET /v1/x?token=hunter2 HTTP/1.1"
        handler.log_request(200)
        """
    )
    (line,) = finished.lines
    assert "/v1/x HTTP/1.1" in line["event"]
    assert "hunter2" not in finished.stdout
