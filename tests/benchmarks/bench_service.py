"""Cost of Sentry for a request to the service: errors only, traced, and the SDK's defaults.

    python tests/benchmarks/bench_service.py [--json FILE]

Each variant has a process that runs the service and sends to a local HTTP server; rounds alternate
between them. The SDK's defaults are those of `sentry_sdk.init(dsn, traces_sample_rate=0.1)`.
Requests are ASGI calls, which excludes a client's time. The figure is the processor time of all
threads of the process, since a request waits for nothing.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import sentry_sdk
from rounds import Row, Target, Times, ratio, report, rows

from securenet_obs.api.app import create_app
from securenet_obs.monitoring import start
from securenet_obs.settings import get_settings

ROUNDS, REQUESTS = 25, 40
OFF, ON, TRACED, DEFAULTS = "Sentry off", "errors only", "traced at 0.1", "SDK's defaults at 0.1"
MOST_OVER_US = 2200.0
TARGETS = {
    (ON, OFF): Target(most=1.5),
    (TRACED, OFF): Target(most=3.0),
    (TRACED, DEFAULTS): Target(most=0.9),
}
"""Bounds for an ordinary request."""
HEADERS = [
    (b"host", b"securenet.example"),
    (b"user-agent", b"curl/8.5.0"),
    (b"accept", b"*/*"),
    (b"authorization", b"Bearer snk_this-is-no-key-of-any-tenant"),
    (b"x-request-id", b"0af7651916cd43dd8448eb211c80319c"),
]
"""Headers of a request; one of them has the name of a secret."""


class Answering(BaseHTTPRequestHandler):
    """Accepts every envelope."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer 200."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """Ignores clients that close their connection."""

    def handle_error(self, *_: Any) -> None:
        """Log nothing."""


def _variables(variant: str) -> dict[str, str]:
    """Return the variables of a variant; the rate of traces is that of `init_sentry` by default."""
    rate = {"SENTRY_TRACES_SAMPLE_RATE": "0"} if variant == ON else {}
    return {"ENVIRONMENT": "benchmark", **rate}


class Process:
    """A separate process that runs the service."""

    def __init__(self, variant: str, dsn: str) -> None:
        self._answers, into = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(into), variant],
            env={**os.environ, **_variables(variant), "SENTRY_DSN": dsn},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[into],
        )
        os.close(into)

    def seconds(self, path: str) -> float:
        """Return the mean processor seconds of a request to `path` in one round."""
        assert self._process.stdin
        self._process.stdin.write(f"{path}\n".encode())
        self._process.stdin.flush()
        return float(os.read(self._answers, 100))

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        os.close(self._answers)


async def _request(app: Any, path: str) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": b"", "headers": HEADERS, "client": ("127.0.0.1", 1), "scheme": "http"}
    scope |= {"http_version": "1.1", "asgi": {"version": "3.0"}, "server": ("127.0.0.1", 80)}

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        pass

    await app(dict(scope), receive, send)


async def _ordinary() -> dict[str, str]:
    return {"status": "ok"}


async def _failing() -> None:
    raise RuntimeError("a failing request")


async def _round(app: Any, path: str) -> float:
    began = time.process_time()
    for _ in range(REQUESTS):
        await _request(app, path)
    return (time.process_time() - began) / REQUESTS


def _sdk_defaults(dsn: str, environment: str, **_: Any) -> None:
    sentry_sdk.init(dsn, environment=environment, traces_sample_rate=0.1)


def serve(answers: int, variant: str) -> None:
    """Answer each path on stdin with the seconds of a request to it."""
    if variant == OFF:
        start.init_sentry = lambda *_, **__: None
    if variant == DEFAULTS:
        start.init_sentry = _sdk_defaults
    app = create_app(get_settings())
    app.add_api_route("/ordinary", _ordinary)
    app.add_api_route("/failing", _failing)
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            os.write(answers, str(runner.run(_round(app, line.strip()))).encode())


@contextmanager
def sentry() -> Iterator[str]:
    """Yield the DSN of a server that answers 200."""
    server = Server(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://key@127.0.0.1:{server.server_port}/1"
    server.shutdown()
    server.server_close()


def measured() -> Iterator[Row]:
    """Yield the rows of the whole benchmark."""
    with sentry() as dsn:
        processes = {name: Process(name, dsn) for name in (OFF, ON, TRACED, DEFAULTS)}
        for path in ("/ordinary", "/failing"):
            times: Times = {name: [] for name in processes}
            for _ in range(ROUNDS):
                for name, process in processes.items():
                    times[name].append(process.seconds(path))
            targets = TARGETS if path == "/ordinary" else {}
            yield from rows(path[1:], times, OFF, targets)
            if path == "/failing":
                yield _over(times)
        for process in processes.values():
            process.end()


def _over(times: Times) -> Row:
    """Return the additional time of a failing request with Sentry, as a separate row."""
    over = [on - off for on, off in zip(times[ON], times[OFF], strict=True)]
    microseconds = statistics.median(over) * 1e6
    target = Target(most=MOST_OVER_US)
    met = target.met(microseconds)
    times_longer = ratio(times, ON, OFF)
    return Row("failing", "over Sentry off", microseconds, times_longer, OFF, f"{target} us", met)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1].isdigit():
        serve(int(sys.argv[1]), sys.argv[2])
    else:
        report("service", measured())
