"""The service of README.md, run for real: uvicorn, a Celery worker and Redis."""

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from securenet_obs import __version__
from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports

README = Path(__file__).parents[2] / "README.md"
REQUEST = "request-of-readme"


def the_code() -> str:
    """Return the service in README.md."""
    (code,) = [
        block
        for block in re.findall(
            r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL
        )
        if "monitor_fastapi(" in block
    ]
    return str(code)


@contextmanager
def running(
    folder: Path, log: str, command: list[str], environment: dict[str, str]
) -> Iterator[Path]:
    """Run a command that writes its lines to a file; terminate it at the end."""
    path = folder / log
    # Before monitoring starts, Celery warns of root on stderr.
    with path.open("wb") as output, path.with_suffix(".err").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**os.environ, "ENVIRONMENT": "test", **environment},
            stdout=output,
            stderr=errors,
        )
        try:
            yield path
        finally:
            process.terminate()
            # A child of billiard that has done its last task may wait 30 s for its parent.
            process.wait(90)


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the complete lines of a file, parsed: each one must be JSON."""
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines(keepends=True) if line[-1:] == "\n"]


def line(path: Path, event: str) -> dict[str, Any] | None:
    """Return the first line of an event."""
    return next((each for each in lines(path) if each["event"] == event), None)


def post(url: str) -> httpx.Response | None:
    """Send a charge; return None while the API is starting."""
    try:
        return httpx.post(
            f"{url}/tenants/acme/charges?amount_cents=5", headers={"X-Request-ID": REQUEST}
        )
    except httpx.TransportError:
        return None


def test_the_example_is_short() -> None:
    """The instrumentation is one call for each application, within 20 lines of code."""
    code = the_code()
    counted = [
        row for row in code.splitlines() if row.strip() and not row.startswith(("import", "from"))
    ]
    assert len(counted) <= 20
    assert code.count("monitor_fastapi(") == code.count("monitor_celery(") == 1


@pytest.mark.slow
@pytest.mark.stack
def test_the_service_of_the_readme(
    tmp_path: Path, redis_server: Any, sentry: SentryRecorder
) -> None:
    """Lines and events of a request and its task have its id, tenant and trace, and own names."""
    (tmp_path / "billing.py").write_text(the_code())
    (port,) = find_free_ports(1)
    environment = {**redis_server.environment, "SENTRY_DSN": sentry.dsn}
    api_command = ["uvicorn", "--factory", "billing:create_api", "--port", str(port)]
    worker_command = ["celery", "--quiet", "--app", "billing", "worker", "--concurrency", "1"]
    with (
        running(tmp_path, "api.log", api_command, environment) as api,
        running(tmp_path, "worker.log", worker_command, environment) as worker,
    ):
        url = f"http://127.0.0.1:{port}"
        answer = poll_until(lambda: post(url), deadline_s=120, interval_s=0.3)
        assert answer is not None
        assert (answer.status_code, answer.headers["x-request-id"]) == (202, REQUEST)
        refused = poll_until(lambda: line(worker, "charge_refused"), deadline_s=120, interval_s=0.3)
        assert refused is not None, worker.read_text()
        event = sentry.wait_for_event(lambda event: True)
        submitted = line(api, "charge_submitted")
        assert submitted is not None
    ids = {"request_id": REQUEST, "tenant_id": "acme", "trace_id": submitted["trace_id"]}
    for found in (submitted, refused, event["tags"]):
        assert found.items() >= ids.items()
    assert refused["sentry_event_id"] == event["event_id"]
    assert (submitted["service"], refused["service"]) == ("billing-api", "billing-worker")
    assert event["tags"]["service"] == "billing-worker"
    assert {submitted["release"], refused["release"], event["release"]} == {"billing@1.2"}
    assert __version__ not in json.dumps([submitted, refused, event["release"]])
    assert lines(api)
    assert lines(worker)


STACK_SHELL = """
    import os, structlog
    from securenet_obs.monitoring import start_monitoring
    from securenet_obs.settings import load_settings
    start_monitoring(load_settings(), "billing")
    structlog.get_logger("ours").error("failed")
"""


@pytest.mark.stack
def test_a_service_keeps_its_name_in_the_shell_of_a_stack(
    run: Any, stack: Any, sentry: SentryRecorder
) -> None:
    """The environment of a stack names neither the service nor its release."""
    finished = run(STACK_SHELL, **{**stack.environment, "SENTRY_DSN": sentry.dsn})
    failed = finished.line("failed")
    (event,) = sentry.events
    assert (failed["service"], failed["release"]) == ("billing", "billing@unknown")
    assert (event["tags"]["service"], event["release"]) == ("billing", "billing@unknown")


WORKER = """
    import os, signal, time
    import billiard.pool
    import structlog
    from celery import Celery
    from securenet_obs.monitoring import monitor_celery
    from securenet_obs.monitoring.sentry.delivery import transport

    # A busy machine's child may wait for longer than a second until its event is confirmed.
    transport.CONFIRM_S = 20
    # A child that has done its last task waits for its parent, 30 s by default, even if that ends.
    billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 20
    log = structlog.get_logger("ours")
    app = Celery("ours", broker=os.environ["REDIS_URL"])
    app.conf.update(worker_max_tasks_per_child=2, worker_pool_restarts=True)
    monitor_celery("ours", "ours@1")

    @app.task
    def fails(number):
        log.error("logged", number=number)
        raise ValueError(number)

    @app.task
    def dies(number):
        log.error("logged", number=number)
        os.kill(os.getpid(), signal.SIGKILL)

    @app.task
    def leaves(number):
        log.error("logged", number=number)
        os._exit(1)

    # A busy machine's event takes a part of it.
    @app.task(time_limit=4)
    def hangs(number):
        log.error("logged", number=number)
        time.sleep(60)

    if __name__ == "__main__":
        for task in (fails, dies, leaves, hangs, fails, fails, fails):
            for number in range(2):
                task.delay(number)
"""


@pytest.mark.slow
@pytest.mark.stack
def test_the_events_of_a_worker_s_processes_arrive(
    tmp_path: Path, redis_server: Any, sentry: SentryRecorder
) -> None:
    """Processes that are killed, replaced or shut down have sent each event that a line names."""
    sentry.delay_s = 0.1
    (tmp_path / "ours.py").write_text(textwrap.dedent(WORKER))
    environment = {**redis_server.environment, "SENTRY_DSN": sentry.dsn}
    command = ["celery", "--quiet", "--app", "ours", "worker", "--concurrency", "2"]
    with running(tmp_path, "worker.log", command, environment) as worker:
        subprocess.run(
            [sys.executable, "ours.py"],
            cwd=tmp_path,
            env={**os.environ, **environment},
            check=True,
        )

        def logged() -> list[dict[str, Any]]:
            return [each for each in lines(worker) if each["event"] == "logged"]

        assert poll_until(lambda: len(logged()) == 14, deadline_s=120, interval_s=0.3), logged()
    named = {each["sentry_event_id"] for each in lines(worker) if "sentry_event_id" in each}
    assert len(named) >= 14 + 8
    assert named <= {event["event_id"] for event in sentry.events}


def test_an_http_error_below_other_middleware_is_captured(run: Any, sentry: SentryRecorder) -> None:
    """A function as middleware runs the application in another task; each error is one event."""
    finished = run(
        """
    from fastapi import FastAPI, HTTPException
    from fastapi.testclient import TestClient
    from securenet_obs.monitoring import monitor_fastapi
    api = FastAPI()

    @api.middleware("http")
    async def passing(request, call_next):
        return await call_next(request)

    @api.get("/{status}")
    async def fail(status: int):
        raise HTTPException(status, f"status {status}")

    monitor_fastapi(api, "billing")
    with TestClient(api) as client:
        print([client.get(f"/{status}").status_code for status in (404, 500, 503)])
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stderr
    errors = [event["exception"]["values"][-1] for event in sentry.events]
    assert [error["type"] for error in errors] == ["HTTPException", "HTTPException"]
    assert ["500" in errors[0]["value"], "503" in errors[1]["value"]] == [True, True]


PRINTING_WORKER = """
    import os, threading, time
    from celery import Celery
    from securenet_obs.monitoring import monitor_celery

    app = Celery("printing", broker=os.environ["REDIS_URL"])
    monitor_celery("printing")

    def begin_and_wait():
        print("of a thread", end="")
        time.sleep(60)

    @app.task
    def prints(number):
        print("of task", number, end="")
        threading.Thread(target=begin_and_wait, daemon=True).start()

    if __name__ == "__main__":
        prints.delay(1)
        prints.delay(2)
"""


@pytest.mark.slow
@pytest.mark.stack
def test_a_task_and_its_process_end_the_lines_that_they_print(
    tmp_path: Path, redis_server: Any
) -> None:
    """Text without a newline has the id of its own task; that of a thread is logged at the end."""
    (tmp_path / "printing.py").write_text(textwrap.dedent(PRINTING_WORKER))
    environment = {**redis_server.environment, "SENTRY_DSN": ""}
    subprocess.run(
        [sys.executable, "printing.py"], cwd=tmp_path, env={**os.environ, **environment}, check=True
    )
    command = ["celery", "--quiet", "--app", "printing", "worker", "--concurrency", "1"]
    with running(tmp_path, "worker.log", command, environment) as worker:
        assert poll_until(lambda: worker.read_text().count("task_succeeded") == 2, deadline_s=120)
    printed = [each for each in lines(worker) if each["logger"] == "stdout"]
    assert [each["event"] for each in printed[:2]] == ["of task 1", "of task 2"]
    assert printed[0]["task_id"] != printed[1]["task_id"]
    assert [each["event"] for each in printed[2:]] == ["of a thread"] * 2
