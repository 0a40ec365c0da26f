"""The API as a real server."""

import json
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from celery.result import denied_join_result

from tests.busy import room_for
from tests.waiting import eventually


def test_it_is_live_and_ready(api: Any) -> None:
    """Both health endpoints answer 200 while broker and store are available."""
    assert api.client.get("/health/live").json() == {"status": "ok"}
    ready = api.client.get("/health/ready")
    assert (ready.status_code, ready.json()["parts"]) == (
        200,
        {"broker": "ok", "results": "ok", "store": "ok"},
    )


def test_a_batch_is_queued_with_the_requests_ids(api: Any, record: dict[str, str]) -> None:
    """The message in Redis has request and tenant, and no readable arguments."""
    client = redis.Redis.from_url(api.environment["REDIS_URL"])
    client.delete("logs")
    answer = api.client.post(
        "/v1/tenants/acme/logs", json=[record], headers={"X-Request-ID": "req-00000042"}
    )
    assert answer.status_code == 202
    assert answer.headers["X-Request-ID"] == "req-00000042"
    assert answer.json().keys() == {"task_id", "records", "request_id"}
    message = json.loads(client.lpop("logs"))
    headers = message["headers"]
    assert headers["id"] == answer.json()["task_id"]
    assert headers["securenet_request_id"] == "req-00000042"
    assert headers["securenet_tenant_id"] == "acme"
    assert "10.0.0.1" not in json.dumps(headers)


@pytest.mark.parametrize("sent", ["short", "has space 123", "x" * 65, "semi;colon123"])
def test_an_invalid_request_id_is_replaced(api: Any, sent: str) -> None:
    """An unsafe id is not returned."""
    answer = api.client.get("/health/live", headers={"X-Request-ID": sent})
    assert answer.headers["X-Request-ID"] != sent


@pytest.mark.parametrize("tenant", ["Acme", "a.b", "x" * 64, "%00"])
def test_an_invalid_tenant_is_refused(api: Any, tenant: str) -> None:
    """Invalid tenant ids have no keys; every answer has its request id."""
    answer = api.client.post(f"/v1/tenants/{tenant}/logs", json=[])
    assert answer.status_code == 403
    assert answer.headers["X-Request-ID"]


def test_a_batch_that_is_too_large_is_refused(api: Any) -> None:
    """More records than the maximum are 422, and the batch is not queued."""
    answer = api.client.post("/v1/tenants/acme/logs", json=[{}] * 10_001)
    assert answer.status_code == 422
    assert "10000" in answer.text
    assert len(answer.content) < 1_000


def test_a_refusal_does_not_repeat_the_input(api: Any) -> None:
    """An invalid body is refused with place and reason only: it may contain a secret."""
    answer = api.diagnose(where="hunter2hunter2", secret="hunter2" * 40)
    assert answer.status_code == 422
    assert "hunter2" not in answer.text
    assert [problem["loc"] for problem in answer.json()["detail"]] == [
        ["body", "where"],
        ["body", "secret"],
    ]


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", "9" * 20, '"\\u0000"', "[" * 944])
def test_other_json_is_refused_with_its_place(api: Any, value: str) -> None:
    """422 has the index of the record, the path and the offset, and nothing is queued."""
    headers = {"Content-Type": "application/json"}
    body = f'[{{"ok": 1}}, {{"hunter2": 1, "x": {{"y": {value}}}}}]'
    answer = api.client.post("/v1/tenants/acme/logs", content=body, headers=headers)
    (problem,) = answer.json()["detail"]
    assert (answer.status_code, problem["loc"][:4]) == (422, ["body", 1, "x", "y"])
    assert problem["offset"] >= body.index(value)
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert "hunter2" not in answer.text


def test_a_task_that_is_too_large_for_the_broker_is_refused(api: Any) -> None:
    """A body within the limit may still be too large for a message: 413, and no error event."""
    key = {"X-Diagnostics-Key": api.environment["DIAGNOSTICS_KEY"]}
    leak = {
        "canary": "c",
        "tenant_id": "acme",
        "places": {},
        "fields": {},
        "texts": ["x" * 300_000],
    }
    answer = api.client.post("/v1/diagnostics/leak", json=leak, headers=key)
    assert (answer.status_code, "262,144 at most" in answer.json()["detail"]) == (413, True)


def test_an_error_response_has_its_event_id(api: Any) -> None:
    """500 in JSON; one Sentry event of that id with the request's ids; one line with both."""
    answer = api.diagnose(canary="canary-in-the-api")
    assert answer.status_code == 500
    content = answer.json()
    assert content["detail"] == "internal error"
    assert content["request_id"] == answer.headers["X-Request-ID"]
    event = api.sentry.wait_for_event(lambda event: event["event_id"] == content["event_id"])
    assert "canary-in-the-api" in event["exception"]["values"][0]["value"]
    assert event["tags"]["tenant_id"] == "acme"
    assert event["tags"]["request_id"] == content["request_id"]
    frame = event["exception"]["values"][0]["stacktrace"]["frames"][-1]
    assert frame["function"] == "fail_on_purpose"
    time.sleep(0.5)
    same = [event for event in api.sentry.events if "canary-in-the-api" in str(event["exception"])]
    assert len(same) == 1
    (line,) = [line for line in api.lines() if line.get("sentry_event_id") == content["event_id"]]
    assert line["request_id"] == content["request_id"]


def test_no_secret_of_a_failing_request_is_sent(api: Any) -> None:
    """Header, cookie, query, body and local variable are in no event and no line."""
    content = api.diagnose().json()
    event = api.sentry.wait_for_event(lambda event: event["event_id"] == content["event_id"])
    assert event["request"].keys().isdisjoint({"data", "cookies", "query_string"})
    assert all(b"hunter2" not in envelope for envelope in api.sentry.envelopes)
    assert b"hunter2" not in api.log.read_bytes()


def test_a_diagnostic_needs_its_key(api: Any) -> None:
    """A wrong key and a missing key are 403, and cause no error."""
    assert api.diagnose(key="wrong").status_code == 403
    assert api.diagnose(key="").status_code == 403


def test_a_diagnostic_can_fail_in_a_task(api: Any) -> None:
    """where=task queues the failing task instead."""
    answer = api.diagnose(where="task")
    assert answer.status_code == 202
    state = api.client.get(f"/v1/tasks/{answer.json()['task_id']}").json()
    assert state["state"] == "PENDING"
    assert state.keys() == {"task_id", "state", "result", "error", "event_id"}


def test_a_request_is_one_line_without_its_query(api: Any) -> None:
    """Method, path, status and duration are logged once, uvicorn's access line included."""
    request_id = "one-line-00001"
    task_id = api.diagnose(where="task").json()["task_id"]
    api.client.get(
        f"/v1/tasks/{task_id}?token=hunter2hunter2", headers={"X-Request-ID": request_id}
    ).raise_for_status()
    (line,) = api.lines_of(request_id)
    assert (line["event"], line["method"], line["status"]) == ("request_finished", "GET", 200)
    assert line["path"] == f"/v1/tasks/{task_id}"
    assert line["duration_ms"] > 0
    assert re_hex(line["trace_id"], 32)
    assert re_hex(line["span_id"], 16)


def re_hex(text: str, length: int) -> bool:
    return len(text) == length and int(text, 16) >= 0


def test_every_line_of_the_api_is_json(serve: Any) -> None:
    """Start, an invalid HTTP request and stop write JSON lines only."""
    with serve(DIAGNOSTICS_ENABLED="false") as served:
        url = served.client.base_url
        with socket.create_connection((url.host, url.port)) as raw:
            raw.sendall(b"this is no HTTP\r\n\r\n")
            raw.recv(1000)
        assert served.client.post("/v1/diagnostics/error", json={}).status_code == 404
    loggers = {line["logger"] for line in served.lines()}
    assert "uvicorn.error" in loggers
    assert any("Finished server process" in line["event"] for line in served.lines())


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["refuses", "hangs"])
def test_an_unavailable_broker_is_answered_in_two_seconds(
    serve: Any, record: dict[str, str], fault: str
) -> None:
    """503 with a reason within two seconds, if Redis refuses or does not respond."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if fault == "hangs":
            silent.listen(100)
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        broken = {"REDIS_URL": f"{url}/0", "RESULT_URL": f"{url}/1"}
        with serve(hurries=True, **broken) as served:
            for _ in range(2):
                began = time.monotonic()
                answer = served.client.post("/v1/tenants/acme/logs", json=[record])
                assert time.monotonic() - began < room_for(2)
                assert answer.status_code == 503
                assert "broker" in answer.json()["detail"]
                assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
            began = time.monotonic()
            assert served.client.get("/v1/tasks/abc").status_code == 503
            assert time.monotonic() - began < room_for(2)
            ready = served.client.get("/health/ready")
            assert ready.status_code == 503
            assert ready.json()["parts"]["broker"] != "ok"
            assert ready.json()["parts"]["store"] == "ok"
            assert served.client.get("/health/live").status_code == 200


@pytest.mark.slow
def test_an_import_has_no_side_effects() -> None:
    """Only access to `app` configures logging and Sentry."""
    code = "import logging, securenet_obs.api.app; print(logging.getLogger().handlers)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def works(environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a worker; the caller stops it."""
    command = [sys.executable, "-m", "celery", "-A", "securenet_obs.workers.celery_app", "worker"]
    command += ["-Q", "logs,default", "-n", "of-the-api@%h", "--concurrency", "1"]
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle"],
            env=dict(environment),
            stdout=log,
            stderr=log,
        )


def counted(environment: Mapping[str, str]) -> int:
    """Return the number of records in the API's store."""
    with closing(sqlite3.connect(environment["DATABASE_URL"].removeprefix("sqlite:///"))) as store:
        return int(store.execute("SELECT sum(records) FROM network_minutes").fetchone()[0] or 0)


@pytest.mark.slow
def test_accepted_batches_are_counted_once_and_refused_ones_never(
    serve: Any, redis_server: Any, record: dict[str, str], tmp_path: Path
) -> None:
    """A 202 is counted once despite two deliveries; a 503 in time is never counted."""
    root = redis_server.environment["REDIS_URL"].removesuffix("/0")
    apart = {"REDIS_URL": f"{root}/10", "RESULT_URL": f"{root}/11"}
    with serve(**apart) as served:
        task_id = served.client.post("/v1/tenants/acme/logs", json=[record]).json()["task_id"]
        variables = served.environment
    with socket.socket() as silent, redis.Redis.from_url(apart["REDIS_URL"]) as broker:
        silent.bind(("127.0.0.1", 0))
        silent.listen(100)
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        with serve(hurries=True, REDIS_URL=f"{url}/0", RESULT_URL=f"{url}/1") as served:
            began = time.monotonic()
            refused = served.client.post("/v1/tenants/acme/logs", json=[record] * 5)
            assert (refused.status_code, time.monotonic() - began < room_for(2)) == (503, True)
        broker.lpush("logs", *broker.lrange("logs", 0, 0))
        assert broker.llen("logs") == 2
        make_due(variables)
        process = works(variables, tmp_path)
        try:
            app = Celery(
                broker=apart["REDIS_URL"], backend=apart["RESULT_URL"], set_as_current=False
            )
            with denied_join_result():
                app.send_task("securenet_obs.workers.tasks.republish_submissions", queue="default")
            keys = ("logs", "default", "unacked")
            assert eventually(lambda: not broker.exists(*keys)), (
                tmp_path / "worker.log"
            ).read_text()
            assert counted(variables) == 1
            assert app.backend.get_task_meta(task_id)["result"]["records"] == 1
        finally:
            process.terminate()
            process.wait(60)
            broker.flushdb()


def make_due(environment: Mapping[str, str]) -> None:
    """Set every submission as due for the next publication."""
    with closing(sqlite3.connect(environment["DATABASE_URL"].removeprefix("sqlite:///"))) as store:
        store.execute("UPDATE submissions SET due_at = '2026-01-01 00:00:00.000000'")
        store.commit()
