"""Sentry server for tests: accepts envelopes over HTTP on a local port, and keeps their bytes."""

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from securenet_obs.processes.polling import poll_until


class SentryRecorder:
    """The envelopes that a process sent to `dsn`.

    `status` and `headers` are those of each answer, `delay_s` is its delay. An envelope over
    `max_bytes` is answered with 413 and not kept.
    """

    def __init__(self, port: int) -> None:
        self.dsn = f"http://public@127.0.0.1:{port}/1"
        self.status = 200
        self.headers: dict[str, str] = {}
        self.delay_s = 0.0
        self.max_bytes = 1 << 30
        self.envelopes: list[bytes] = []

    @property
    def items(self) -> list[tuple[str, dict[str, Any]]]:
        """Type and content of every item that arrived, in order."""
        return [item for envelope in list(self.envelopes) for item in _items(envelope)]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every error event that arrived, in order."""
        return [content for kind, content in self.items if kind == "event"]

    def wait_for_event(
        self, matches: Callable[[dict[str, Any]], bool], deadline_s: float = 10
    ) -> dict[str, Any]:
        """Wait for the first event that matches, and return it.

        Raises:
            TimeoutError: no matching event arrived in time.
        """
        event = poll_until(
            lambda: next(filter(matches, self.events), None),
            deadline_s=deadline_s,
            interval_s=0.05,
        )
        if event is None:
            raise TimeoutError(f"no matching event among {len(self.events)} within {deadline_s} s")
        return event


@contextmanager
def recording_sentry() -> Iterator[SentryRecorder]:
    """Yield a recorder that listens on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            envelope = gzip.decompress(body) if zipped else body
            fits = len(envelope) <= recorder.max_bytes
            if fits:
                recorder.envelopes.append(envelope)
            time.sleep(recorder.delay_s)
            self.send_response(recorder.status if fits else 413)
            for name, value in recorder.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Write nothing to stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        recorder = SentryRecorder(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield recorder
        server.shutdown()


def _items(envelope: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Parse an envelope: a header line, then for each item a header line and a payload.

    Attachments are left out: their payload may be any bytes.
    """
    _, _, rest = envelope.partition(b"\n")
    while rest.strip():
        line, _, rest = rest.partition(b"\n")
        header = json.loads(line)
        length = header.get("length", rest.find(b"\n"))
        payload, rest = rest[:length], rest[length + 1 :]
        if header["type"] != "attachment":
            yield header["type"], json.loads(payload)
