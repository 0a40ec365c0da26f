"""An HTTP server for tests, on this machine, with scripted answers."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any, Mapping[str, str]]
"""Status, body and headers; a body that is no bytes is sent as JSON."""


@dataclass
class AnsweringServer:
    """A server on loopback; `requests` are the paths and headers it saw."""

    url: str
    answer: Callable[[str], Answer] = lambda _: (404, {"detail": "Not found."}, {})
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answers(self, *answers: tuple[int, Any] | Answer) -> None:
        """Return these answers one after another, then the last one repeatedly."""
        script = [(*answer, {})[:3] for answer in answers]
        self.answer = lambda _: script.pop(0) if len(script) > 1 else script[0]


@contextmanager
def running_answering_server() -> Iterator[AnsweringServer]:
    """Yield a real HTTP server, which answers 404 until a test scripts other answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply()

        def do_DELETE(self) -> None:
            self.reply()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.reply()

        def reply(self) -> None:
            seen.requests.append((self.path, dict(self.headers)))
            status, content, headers = seen.answer(self.path)
            is_raw = isinstance(content, bytes)
            body = content if is_raw else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if is_raw else "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen = AnsweringServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
