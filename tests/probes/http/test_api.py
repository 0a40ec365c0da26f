import socket
import time

import pytest

from securenet_obs.errors import ForbiddenError, NotFoundError, SettingsError, UnreachableError
from securenet_obs.probes.celery import known_workers
from securenet_obs.probes.http.api import ApiClient
from securenet_obs.settings import Settings
from tests.busy import room_for


@pytest.fixture
def api(target: Settings) -> ApiClient:
    """Return a client of the running stack's API."""
    return ApiClient(target)


@pytest.fixture
def scripted(http_server) -> ApiClient:
    """Return a client of a server with scripted answers."""
    keys = "tenant-canary=snk_canary, tenant-a=snk_a"
    return ApiClient(Settings(api_url=http_server.url, diagnostics_key="k3y", api_keys=keys))


def test_running_api_is_live_and_ready(api: ApiClient) -> None:
    """The stack's API answers both health checks."""
    assert api.check_liveness() == {"status": "ok"}
    assert api.check_readiness()["status"] == "ok"


def test_submitted_logs_are_processed(api: ApiClient) -> None:
    """A batch is queued under a task id, and the task finishes with a result."""
    record = {"ts": 1795406706.0, "id.orig_h": "192.0.2.1", "id.resp_h": "192.0.2.2"}
    submission = api.submit_logs("tenant-canary", [record, record])
    assert (submission.records, bool(submission.request_id)) == (2, True)
    task = api.wait_for_task(submission.task_id, 20)
    assert (task.task_id, task.state, task.error) == (submission.task_id, "SUCCESS", None)
    assert task.result["tenant_id"] == "tenant-canary"


def provoke(api: ApiClient, where: str):
    return api.raise_error("canary-1", where=where, tenant_id="tenant-canary", secret="planted")


def test_error_in_the_api_has_an_event(api: ApiClient) -> None:
    """The response has the ids of the event and the request."""
    provoked = provoke(api, "api")
    assert provoked.event_id
    assert provoked.request_id
    assert provoked.task_id is None


def test_error_in_a_task_has_an_event(api: ApiClient) -> None:
    """The task has the type, message and event of its error."""
    provoked = provoke(api, "task")
    assert provoked.task_id
    task = api.wait_for_task(provoked.task_id, 20)
    assert task.state == "FAILURE"
    assert task.error is not None
    assert task.error["type"] == "DiagnosticError"
    assert "canary-1" in task.error["message"]
    assert task.event_id


def test_unfinished_task_is_reported(http_server, scripted: ApiClient) -> None:
    """The wait ends at the deadline, and the error has the task's state."""
    http_server.answers((200, {"task_id": "t", "state": "PENDING"}))
    began = time.monotonic()
    with pytest.raises(NotFoundError, match=r"Task t is PENDING after 0\.3 s"):
        scripted.wait_for_task("t", 0.3, "tenant-canary")
    assert time.monotonic() - began < room_for(2)


def test_an_unfinished_task_without_a_worker_names_the_cause(
    http_server, scripted: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state alone would send the reader to the task instead of the worker."""
    monkeypatch.setattr(known_workers, "describe_silence", lambda _: "no worker answers")
    http_server.answers((200, {"task_id": "t", "state": "PENDING"}))
    with pytest.raises(NotFoundError, match=r"t is PENDING after 0\.3 s; no worker answers\.$"):
        scripted.wait_for_task("t", 0.3, "tenant-canary")


def test_task_of_another_tenant_is_not_found(api: ApiClient) -> None:
    """A task is found only with the key of its tenant."""
    submission = api.submit_logs("tenant-a", [])
    assert api.get_task(submission.task_id).task_id == submission.task_id
    for task_id in (submission.task_id, "no-such-task"):
        with pytest.raises(NotFoundError, match="404"):
            api.get_task(task_id, "tenant-b")


def test_path_of_another_tenant_is_forbidden(api: ApiClient) -> None:
    """The error names the setting with the keys."""
    with pytest.raises(ForbiddenError, match=r"403.*API_KEYS"):
        api.submit_logs("tenant-a", [], as_tenant="tenant-b")


def test_missing_key_is_reported_before_the_request(http_server, scripted: ApiClient) -> None:
    """The error names the setting and the tenant, and contains no key."""
    with pytest.raises(ForbiddenError, match=r"API_KEYS.*'elsewhere'") as raised:
        scripted.submit_logs("elsewhere", [])
    assert "run `securenet-obs api-keys create elsewhere` and add elsewhere=KEY" in str(
        raised.value
    )
    assert "snk_" not in str(raised.value) + repr(scripted)
    with pytest.raises(ForbiddenError, match="tenant_id"):
        scripted.get_task("a-task-of-others")
    assert http_server.requests == []


def test_each_tenant_uses_its_own_key(http_server, scripted: ApiClient) -> None:
    """A task is followed with the key of the tenant that queued it."""
    http_server.answers(
        (202, {"task_id": "t", "records": 1, "request_id": "r"}),
        (200, {"task_id": "t", "state": "x"}),
    )
    scripted.submit_logs("tenant-a", [{}])
    scripted.get_task("t")
    scripted.get_task("t", "tenant-canary")
    sent = [headers["Authorization"] for _, headers in http_server.requests]
    assert sent == ["Bearer snk_a", "Bearer snk_a", "Bearer snk_canary"]


def test_wrong_diagnostics_key_is_forbidden(target: Settings) -> None:
    """A wrong diagnostics key is refused, and the error names the variable."""
    wrong = target.model_copy(update={"diagnostics_key": type(target.diagnostics_key)("wrong")})
    with pytest.raises(ForbiddenError, match="DIAGNOSTICS_KEY"):
        provoke(ApiClient(wrong), "api")


def test_disabled_diagnostics_are_not_found(scripted: ApiClient) -> None:
    """An API without diagnostics answers 404, and the error names the setting."""
    with pytest.raises(NotFoundError, match="DIAGNOSTICS_ENABLED"):
        provoke(scripted, "api")


def test_api_that_cannot_queue_is_unreachable(http_server, scripted: ApiClient) -> None:
    """A 503 is neither a submission nor a refusal."""
    http_server.answers((503, {"detail": "the broker did not accept it"}))
    with pytest.raises(UnreachableError, match="503"):
        scripted.submit_logs("tenant-canary", [{}])
    assert scripted.check_readiness() == {"detail": "the broker did not accept it"}


@pytest.mark.parametrize("body", [b"<html>", [], 1])
def test_other_server_is_unreachable(http_server, scripted: ApiClient, body: object) -> None:
    """A server without a JSON object in its answer is not the API."""
    http_server.answers((200, body))
    with pytest.raises(UnreachableError):
        scripted.check_liveness()


def test_late_event_of_a_failed_task_is_awaited(http_server, scripted: ApiClient) -> None:
    """A task may fail shortly before its event is known."""
    failed = {"task_id": "t", "state": "FAILURE", "result": None, "error": {"type": "E"}}
    http_server.answers((200, failed), (200, failed), (200, {**failed, "event_id": "e" * 32}))
    assert scripted.wait_for_task("t", 5, "tenant-a").event_id == "e" * 32


def test_failed_task_without_an_event_is_returned_early(http_server, scripted: ApiClient) -> None:
    """If no event is sent, the wait ends before the deadline."""
    http_server.answers((200, {"task_id": "t", "state": "FAILURE", "error": {"type": "E"}}))
    began = time.monotonic()
    assert scripted.wait_for_task("t", 60, "tenant-a").event_id is None
    assert time.monotonic() - began < room_for(4)


def test_unavailable_api_is_unreachable() -> None:
    """A refused connection is reported at once, with the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}"):
        ApiClient(Settings(api_url=f"http://127.0.0.1:{port}")).check_liveness()


def test_invalid_address_is_refused() -> None:
    """An API_URL that is not an HTTP address is a settings error."""
    with pytest.raises(SettingsError, match="API_URL"):
        ApiClient(Settings(api_url="localhost:8000"))


def test_names_are_quoted_in_the_path(http_server, scripted: ApiClient) -> None:
    """A name with a slash stays one part of the path; the key is sent and not shown."""
    http_server.answers((202, {"task_id": "t", "records": 1, "request_id": "r"}))
    scripted.submit_logs("../x", [{}], as_tenant="tenant-a")
    assert http_server.requests[0][0] == "/v1/tenants/..%2Fx/logs"
    provoke(scripted, "task")
    assert http_server.requests[1][1]["X-Diagnostics-Key"] == "k3y"
    assert "k3y" not in repr(scripted)
