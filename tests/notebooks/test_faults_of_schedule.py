"""Check-ins of beat in a Sentry that stores them."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from securenet_obs.stack import LocalStack
from tests.notebooks.runs import Run

SCHEDULE = "07_the_schedule_is_ticking"
CHECK_INS = "Sentry has the check-ins"


@pytest.fixture
def sentry(stack: LocalStack) -> Iterator[tuple[dict[str, str], list[dict[str, str]]]]:
    """Yield variables of a fake Sentry, and its check-ins; a real one is not available here."""
    check_ins: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(check_ins).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        variables = {"SENTRY_BACKEND": "sentry", "SENTRY_URL": url, "SENTRY_ORG": "securenet"}
        yield variables | {"SENTRY_PROJECT": "api", "SENTRY_AUTH_TOKEN": "a-token"}, check_ins
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("status", ["missed", "ok"])
def test_a_schedule_that_sentry_misses_is_noticed(
    status: str, sentry: tuple[dict[str, str], list[dict[str, str]]], run_notebook: Run
) -> None:
    """The first check-in since the beginning counts."""
    environment, check_ins = sentry
    later, now = ("2100-01-01T00:00:00Z", "2099-01-01T00:00:00Z")
    check_ins += [{"status": "ok", "dateCreated": later}, {"status": status, "dateCreated": now}]
    done = run_notebook(SCHEDULE, environment=environment)
    assert done.red == ({CHECK_INS} if status == "missed" else set())
