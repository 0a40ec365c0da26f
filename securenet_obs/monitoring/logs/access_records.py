"""Access records of web servers: recognises their loggers, extracts fields, cuts query strings.

A query string may hold a secret of any form. uvicorn, gunicorn and hypercorn hand over the parts of
a request; the other servers write a text, from which the query string is cut.
"""

import re
from collections.abc import Mapping
from typing import Any

from securenet_obs.monitoring.foreign_objects import repr_of, text_of

_SERVERS = frozenset(
    (
        *("aiohttp", "cherrypy", "daphne", "django", "eventlet", "flask", "gevent", "granian"),
        *("gunicorn", "hypercorn", "robyn", "sanic", "tornado", "twisted", "uvicorn", "waitress"),
        *("werkzeug", "wsgi", "asgi", "access", "http"),
    )
)
"""First parts of the names of the loggers that log requests."""

# A method and a path, as in `"GET /v1/x?token=... HTTP/1.1"`, in a line of any logger; an address
# only before a version: a client's request is not an access line.
_REQUEST = re.compile(r"(?<=[A-Zt] )(?:/\S*|https?://\S*(?= HTTP/))")
_METHOD = re.compile(r"(?:\b[A-Z]{3,16}|\bWebSocket) \Z")
_WORD = re.compile(r"\S+")
_CLOSING = "\"'>,;)]"

_PLAIN = (int, float, bool, type(None))


def is_server(logger: str) -> bool:
    """Return whether a logger of this name logs requests."""
    return logger.partition(".")[0] in _SERVERS or logger.endswith("access")


def without_query(text: str) -> str:
    """Return a text without the query strings of the requests in it."""
    return _REQUEST.sub(_cut_request, text)


def _cut_request(target: re.Match[str]) -> str:
    before = target.string[max(0, target.start() - 20) : target.start()]
    return _cut_query(target) if _METHOD.search(before) else target[0]


def _cut_query(word: re.Match[str]) -> str:
    """Return a path or address without its query string, but with a closing quote or bracket."""
    path, mark, query = word[0].partition("?")
    if not mark or "/" not in path:
        return word[0]
    return path + query[len(query.rstrip(_CLOSING)) :]


def access_event(logger: str, arguments: Any) -> dict[str, Any] | None:
    """Return the fields of an access record, None if its arguments are not the parts of a request.

    Args:
        logger: name of the logger.
        arguments: of the record.
    """
    if logger == "uvicorn.access" and type(arguments) is tuple and len(arguments) == 5:
        client, method, path, _, status = arguments
        return _http_access(client, method, path, status)
    if issubclass(type(arguments), Mapping) and {"h", "m", "U", "s"} <= arguments.keys():
        # Atoms of gunicorn and hypercorn: host, method, path without query, status.
        return _http_access(*(arguments[atom] for atom in "hmUs"))
    return None


def _http_access(client: Any, method: Any, path: Any, status: Any) -> dict[str, Any]:
    text = text_of(status)
    return {
        "event": "http_access",
        "client": text_of(client),
        "method": text_of(method),
        "path": text_of(path).partition("?")[0],
        "status": int(text) if text.isdecimal() and len(text) < 5 else text,
    }


def server_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event of a server's logger without query strings in its texts and objects."""
    return {name: _without_target(value) for name, value in event.items()}


def _without_target(value: Any) -> Any:
    if type(value) in _PLAIN or issubclass(type(value), tuple | list | dict | BaseException):
        return value
    text = text_of(value) if issubclass(type(value), str) else repr_of(value)
    return _WORD.sub(_cut_query, text) if "?" in text else text
