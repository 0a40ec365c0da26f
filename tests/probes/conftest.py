"""Fixtures: an HTTP server with scripted answers, and the settings of the running stack."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from celery.contrib.testing.worker import start_worker
from pydantic import SecretStr

from securenet_obs.settings import Settings, load_settings
from securenet_obs.stack import LocalStack

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


@pytest.fixture
def http_server() -> Iterator[AnsweringServer]:
    """Yield a real HTTP server that answers 404 until a test scripts other answers."""

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
    yield seen
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def target(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of the running stack."""
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.fixture
def broker(redis_server: Any) -> Settings:
    """Return the settings of an empty broker on a real Redis that no worker consumes."""
    url = redis_server.environment["REDIS_URL"].removesuffix("/0")
    settings = Settings(redis_url=SecretStr(f"{url}/6"), result_url=SecretStr(f"{url}/7"))
    for number in (6, 7):
        redis.Redis.from_url(f"{url}/{number}").flushdb()
    return settings


@pytest.fixture
def celery_app(broker: Settings) -> Celery:
    """Return a Celery application of its own with a canary and a failing task."""
    app = Celery("probed", set_as_current=False)
    app.conf.update(
        broker_url=broker.redis_url.get_secret_value(),
        result_backend=broker.results.get_secret_value(),
        task_default_queue="default",
        result_expires=60,
    )

    @app.task(name="probed.echo")
    def echo(canary: str) -> dict[str, str]:
        return {"canary": canary, "hostname": "here", "queue": "default"}

    @app.task(name="probed.fail")
    def fail() -> None:
        raise LookupError("canary not found")

    return app


@pytest.fixture
def worker(celery_app: Celery, sqlite_store: Path) -> Iterator[None]:
    """Run a real worker of that application in a thread of this process.

    Where an earlier test has connected the dead letters, its failing task is stored as one.
    """
    with start_worker(celery_app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        yield
