"""Fixtures: a server that stands for Bugsink, and a relay in front of it, both on loopback."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import uvicorn

from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.parts.relay.items import ItemStore
from securenet_obs.stack.parts.relay.server import Relay
from tests.stack.parts.relay.envelope import TOKEN


@dataclass
class Upstream:
    """A server with one answer; `requests` are the method, path, headers and body that it saw."""

    url: str
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b'{"id":"1"}'
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Yield a server in the place of Bugsink."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

        def reply(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.requests.append((self.command, self.path, headers, self._body()))
            self.send_response_only(seen.status)
            for name, value in seen.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(seen.body)))
            self.end_headers()
            self.wfile.write(seen.body)

        do_GET = do_POST = do_OPTIONS = reply  # noqa: N815 the names are those of the protocol

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        seen = Upstream(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield seen
        server.shutdown()


@dataclass
class Served:
    """A running relay, its store, and a client of it."""

    url: str
    store: ItemStore
    client: httpx.Client

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        """Send an envelope."""
        sent = {"X-Sentry-Auth": "Sentry sentry_key=key", **headers}
        names = {name.replace("_", "-"): value for name, value in sent.items()}
        return self.client.post("/api/1/envelope/", content=body, headers=names)


@pytest.fixture
def relay(upstream: Upstream, tmp_path: Path) -> Iterator[Served]:
    """Yield a relay in front of the server."""
    (port,) = find_free_ports(1)
    store = ItemStore(tmp_path / "relay.sqlite3")
    app = Relay(upstream.url, TOKEN, store).build_app()
    options = {"server_header": False, "date_header": False, "log_config": None}
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert poll_until(lambda: server.started, deadline_s=60, interval_s=0.01)
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
        yield Served(url, store, client)
    server.should_exit = True
    thread.join()
