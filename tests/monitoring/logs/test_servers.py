"""Lines of web servers that are started for real: those of each process, from start to end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from securenet_obs.monitoring.logs import servers
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports

APP = """
import structlog

if {monitored}:
    from securenet_obs.monitoring import start_monitoring
    from securenet_obs.settings import get_settings
    start_monitoring(get_settings(), "app")
print("app imported")

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({{"type": "lifespan.startup.complete"}})
        await receive()
        await send({{"type": "lifespan.shutdown.complete"}})
        return
    print("handling", scope["path"])
    if scope["path"] == "/fail":
        raise ValueError("failed")
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": b"ok"}})
"""
UVICORN = [
    *("-m", "uvicorn", "app:app", "--workers", "2", "--port", "{port}"),
    *("--log-config", str(servers.UVICORN_LOG_CONFIG)),
]
GUNICORN = [
    *("-m", "gunicorn", "app:app", "--workers", "2", "--bind", "127.0.0.1:{port}"),
    *("--worker-class", "uvicorn_worker.UvicornWorker", "--graceful-timeout", "5"),
    *("--config", "python:securenet_obs.monitoring.logs.gunicorn_config"),
]
Start = Callable[[list[str], bool], "Server"]


class Server:
    """A running server, and its output of stdout and stderr together."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        (port,) = find_free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "server.log"
        self.process = subprocess.Popen(
            [sys.executable, *(argument.format(port=port) for argument in arguments)],
            cwd=folder, stdout=self._log.open("wb"), stderr=subprocess.STDOUT,
            env={**os.environ, "ENVIRONMENT": "test"},
        )  # fmt: skip

    def get(self, path: str) -> int:
        """Return the status of a request, 0 without an answer."""
        try:
            return httpx.get(self.url + path, timeout=10).status_code
        except httpx.TransportError:
            return 0

    def workers(self) -> list[int]:
        """Return the ids of the processes that serve requests."""
        children = psutil.Process(self.process.pid).children()
        return [child.pid for child in children if _is_worker(child)]

    def end(self) -> list[dict[str, Any]]:
        """End the server; return its lines, each of which must be strict JSON."""
        self.process.terminate()
        self.process.wait(30)
        return [json.loads(line) for line in self._log.read_text().splitlines()]


def _is_worker(child: psutil.Process) -> bool:
    try:
        return "resource_tracker" not in " ".join(child.cmdline())
    except psutil.Error:  # it has just ended
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Yield a function that starts a server, with or without monitoring in its application."""
    started: list[Server] = []

    def start(arguments: list[str], monitored: bool) -> Server:
        (tmp_path / "app.py").write_text(APP.format(monitored=monitored))
        started.append(Server(arguments, tmp_path))
        return started[0]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize("monitored", [True, False])
@pytest.mark.parametrize("arguments", [UVICORN, GUNICORN], ids=["uvicorn", "gunicorn"])
def test_every_line_of_every_process_is_json(
    start: Start, arguments: list[str], monitored: bool
) -> None:
    """From start to end, with a failing request and a worker that is killed, all lines are JSON."""
    server = start(arguments, monitored)
    assert poll_until(lambda: server.get("/v1/x?token=hunter2"), deadline_s=60) == 200
    server.get("/fail?token=hunter2")
    assert poll_until(lambda: len(server.workers()) == 2, deadline_s=60)
    before = server.workers()
    os.kill(before[0], signal.SIGKILL)
    assert poll_until(lambda: len(set(server.workers()) - set(before)) == 1, deadline_s=60)
    assert poll_until(lambda: server.get("/v1/x"), deadline_s=60) == 200
    lines = server.end()
    assert "hunter2" not in json.dumps(lines)
    accesses = [line for line in lines if line["event"] == "http_access"]
    assert {(line["path"], line["status"]) for line in accesses} >= {("/v1/x", 200), ("/fail", 500)}
    assert [line for line in lines if line["event"] == "handling /fail"]
    assert any("exception" in line for line in lines)
    assert any("SIGKILL" in line["event"] or "died" in line["event"] for line in lines)
    assert {line["service"] for line in lines} == (
        {"app", "securenet"} if monitored else {"securenet"}
    )


PRINTING_SERVER = """
import logging, sys

stream = sys.stdout  # as daphne does, before it imports the application
logging.basicConfig(level="INFO", format="%(asctime)-15s %(levelname)-8s %(message)s")
logging.getLogger("daphne.server").info("Listening on %s", sys.argv[1:])
stream.write('127.0.0.1:5 - - [26/Nov/2026:12:08:46] "GET /v1/x?token=hunter2" 200 2\\n')
raise SystemExit(3)
"""


def test_a_server_that_prints_its_access_lines_is_run_as_a_module(tmp_path: Path) -> None:
    """Its lines are JSON without query strings; its arguments and exit code are kept."""
    (tmp_path / "printing_server.py").write_text(PRINTING_SERVER)
    done = subprocess.run(
        [sys.executable, "-m", servers.__name__, "printing_server", "--port", "5"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "ENVIRONMENT": "test", "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (3, "")
    assert events == [
        "Listening on ['--port', '5']",
        '127.0.0.1:5 - - [26/Nov/2026:12:08:46] "GET /v1/x" 200 2',
    ]


HYPERCORN = """
    import logging, logging.config, sys
    from securenet_obs.monitoring import start_monitoring
    from securenet_obs.monitoring.logs.servers import LOG_CONFIG
    from securenet_obs.settings import get_settings
    start_monitoring(get_settings(), "app")
    # As hypercorn.logging of 0.18 does, which then reads its --log-config.
    access, error = logging.getLogger("hypercorn.access"), logging.getLogger("hypercorn.error")
    access.handlers, error.handlers = [logging.StreamHandler(sys.stdout)], [logging.StreamHandler()]
    access.propagate = False
    access.setLevel("INFO")
    logging.config.dictConfig(LOG_CONFIG)
    error.info("Running on %s", "http://127.0.0.1:5")
    atoms = {"h": "127.0.0.1:5", "m": "GET", "U": "/v1/x", "s": "200", "q": "token=hunter2"}
    access.info("%(h)s %(m)s %(U)s?%(q)s", atoms)
"""


def test_each_line_of_hypercorn_is_written_once(run: Any) -> None:
    """Its loggers have handlers of their own, which its configuration replaces."""
    finished = run(HYPERCORN)
    own = [line for line in finished.lines if line["logger"].startswith(("hypercorn", "std"))]
    assert [line["event"] for line in own] == ["Running on http://127.0.0.1:5", "http_access"]
    assert (own[1]["path"], own[1]["status"]) == ("/v1/x", 200)
    assert "hunter2" not in finished.stdout


def test_the_file_is_printed_for_a_command_line() -> None:
    """`python -m` the module prints the path of uvicorn's file."""
    command = [sys.executable, "-m", servers.__name__]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(Path(printed.strip()).read_text()) == servers.LOG_CONFIG
