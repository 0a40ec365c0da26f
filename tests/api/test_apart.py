"""Isolation of tenants, requests and traces, also with an unresponsive Sentry."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis


def test_a_task_is_visible_to_its_tenant_only(api: Any, record: dict[str, str]) -> None:
    """Before any worker has it, its tenant can read it, and no other tenant sees it."""
    task_id = api.client.post("/v1/tenants/acme/logs", json=[record]).json()["task_id"]
    assert api.client.get(f"/v1/tasks/{task_id}").json()["state"] == "PENDING"
    foreign = api.client.get(f"/v1/tasks/{task_id}", headers=api.bearer("first"))
    unknown = api.client.get("/v1/tasks/no-such-task", headers=api.bearer("first"))
    assert (foreign.status_code, foreign.json()) == (404, unknown.json())
    results = redis.Redis.from_url(api.environment["RESULT_URL"])
    assert results.ttl(f"securenet:owner:{task_id}") > 3600


def test_requests_without_a_key_are_refused(api: Any) -> None:
    """401 without a key, 403 for another tenant; both are logged, without the key."""
    path, body = "/v1/tenants/acme/logs", "no JSON at all"
    assert api.client.post(path, content=body, headers={"Authorization": ""}).status_code == 401
    headers = {"X-Request-ID": "refused-00001", **api.bearer("first")}
    assert api.client.post(path, content=body, headers=headers).status_code == 403
    (line,) = [row for row in api.lines_of("refused-00001") if row["event"] == "access_denied"]
    assert (line["tenant_id"], line["path_tenant_id"]) == ("first", "acme")
    assert all(key.encode() not in api.log.read_bytes() for key in api.keys.values())


def test_requests_on_one_connection_do_not_share_ids(api: Any) -> None:
    """Consecutive requests on one connection have their own ids and tenants."""
    first = {"X-Request-ID": "first-request", **api.bearer("first")}
    api.client.post("/v1/tenants/first/logs", json=[], headers=first)
    no_key = {"X-Request-ID": "second-request", "Authorization": ""}
    api.client.get("/v1/tasks/abc", headers=no_key)
    assert all("tenant_id" not in line for line in api.lines_of("second-request"))
    assert {line["tenant_id"] for line in api.lines_of("first-request")} == {"first"}


def test_concurrent_tenants_do_not_share_ids(api: Any, record: dict[str, str]) -> None:
    """Interleaved requests, accepted, refused or failing, have only their own ids."""

    async def send(client: httpx.AsyncClient, number: int) -> int:
        tenant = ("acme", "first")[number % 2]
        headers = {"X-Request-ID": f"{tenant}-request-{number:04}", **api.bearer(tenant)}
        if number % 5 == 0:
            body = {"canary": "c", "where": "api", "tenant_id": tenant, "secret": "s"}
            headers["X-Diagnostics-Key"] = api.environment["DIAGNOSTICS_KEY"]
            return (
                await client.post("/v1/diagnostics/error", json=body, headers=headers)
            ).status_code
        path = f"/v1/tenants/{tenant}/logs" if number % 3 else "/v1/tasks/no-such-task"
        method = "POST" if number % 3 else "GET"
        return (await client.request(method, path, json=[record], headers=headers)).status_code

    async def all_at_once() -> set[int]:
        async with httpx.AsyncClient(base_url=api.client.base_url, timeout=30) as client:
            return set(await asyncio.gather(*(send(client, number) for number in range(60))))

    # So many writers at once may be too many for SQLite, which is answered with 503.
    assert asyncio.run(all_at_once()) - {503} == {202, 404, 500}
    api.lines_of("acme-request-0058")
    lines = [line for line in api.lines() if "-request-00" in line.get("request_id", "")]
    assert len({line["request_id"] for line in lines}) == 60
    assert {line["request_id"].startswith(f"{line['tenant_id']}-") for line in lines} == {True}
    assert len({line["trace_id"] for line in lines}) == 60
    failed = [line for line in lines if line["event"] == "request_failed"]
    for line in failed:
        event_id = line["sentry_event_id"]
        event = api.sentry.wait_for_event(
            lambda event, event_id=event_id: event["event_id"] == event_id
        )
        assert (
            event["tags"].items()
            >= {name: line[name] for name in ("request_id", "tenant_id", "trace_id")}.items()
        )


TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    "sent",
    [{"sentry-trace": f"{TRACE}-{SPAN}-1"}, {"traceparent": f"00-{TRACE}-{SPAN}-01"}],
    ids=["sentry-trace", "traceparent"],
)
def test_the_callers_trace_is_on_lines_event_and_task(api: Any, sent: dict[str, str]) -> None:
    """Each line, the error event and the task's message have the caller's trace id."""
    client = redis.Redis.from_url(api.environment["REDIS_URL"])
    client.delete("default")
    answer = api.diagnose(headers=sent).json()
    lines = api.lines_of(answer["request_id"])
    assert {line["trace_id"] for line in lines} == {TRACE}
    event = api.sentry.wait_for_event(lambda event: event["event_id"] == answer["event_id"])
    assert event["contexts"]["trace"]["trace_id"] == event["tags"]["trace_id"] == TRACE
    api.diagnose(headers=sent, where="task")
    headers = json.loads(client.lpop("default"))["headers"]
    assert headers["sentry-trace"].startswith(TRACE)
    assert headers["headers"]["sentry-trace"] == headers["sentry-trace"]


def test_a_traced_request_has_the_same_error_event(api: Any, serve: Any) -> None:
    """With and without tracing: one event, with the caller's trace and the request."""
    described = []
    with serve(SENTRY_TRACES_SAMPLE_RATE="0") as untraced:
        for served in (untraced, api):
            canary = f"canary-of-{id(served)}"
            served.diagnose(canary=canary, headers={"sentry-trace": f"{TRACE}-{SPAN}-1"})
            event = served.sentry.wait_for_event(lambda event, canary=canary: canary in str(event))
            assert event["contexts"]["trace"]["trace_id"] == TRACE
            described.append({name: event[name] for name in ("transaction", "transaction_info")})
            described[-1] |= {"method": event["request"]["method"], "tags": event["tags"].keys()}
            assert sum(canary in str(event) for event in served.sentry.events) == 1
    assert described[0] == described[1]


@pytest.mark.slow
def test_requests_do_not_wait_for_sentry(serve: Any) -> None:
    """Failing requests beyond Sentry's queue are answered while Sentry does not respond."""
    with serve() as served:
        served.sentry.delay_s = 3600
        answers = [served.diagnose() for _ in range(120)]
        assert {answer.status_code for answer in answers} == {500}
        assert served.client.get("/health/live").status_code == 200


def test_an_unavailable_store_is_answered_with_503(serve: Any, tmp_path: Path) -> None:
    """Keys cannot be checked then, and a later attempt may succeed."""
    with serve(DATABASE_URL=f"sqlite:///{tmp_path}/no/such/folder/s.sqlite3") as served:
        answer = served.client.post("/v1/tenants/acme/logs", json=[])
        assert (answer.status_code, answer.json()["detail"]) == (503, "the store did not answer")
        assert answer.headers["Retry-After"]
