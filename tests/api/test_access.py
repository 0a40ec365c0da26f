"""Authentication and authorisation, on a small service with a real store and a real Redis."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import SecretStr
from structlog.testing import capture_logs

from securenet_obs.api import access
from securenet_obs.api.access import TenantRoute
from securenet_obs.api.api_keys import KeyCache, create_key, id_of_key, revoke_key
from securenet_obs.monitoring import CorrelationMiddleware, bound_tenant, current_ids
from securenet_obs.settings import Settings
from securenet_obs.store import session_scope
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.publishing import publish

router = APIRouter(route_class=TenantRoute)
read: list[str] = []


@router.post("/tenants/{tenant_id}/things")
async def things(tenant_id: str, request: Request) -> dict[str, str]:
    """Read the body, and return the bound tenant."""
    read.append((await request.body()).decode())
    return {"bound": current_ids()["tenant_id"]}


@router.get("/tasks/{task_id}")
async def task(task_id: str) -> dict[str, str]:
    """Return the bound tenant."""
    return {"bound": current_ids()["tenant_id"]}


Call = Callable[..., httpx.Response]


@pytest.fixture
def key(empty_store: str) -> str:
    """Return the key of the tenant acme, in a new store."""
    with session_scope() as session:
        return create_key(session, "acme")


@pytest.fixture
def service(key: str) -> FastAPI:
    """Return a service of which every route requires a tenant's key."""
    service = FastAPI()
    service.state.key_cache = KeyCache()
    service.include_router(router)
    service.add_middleware(CorrelationMiddleware)
    return service


@pytest.fixture
def call(service: FastAPI) -> Call:
    """Return a function that sends one request."""
    read.clear()

    def call(method: str, path: str, *authorizations: str, body: str = "") -> httpx.Response:
        headers = [("Authorization", value) for value in authorizations]

        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(service)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await client.request(method, path, headers=headers, content=body)

        return asyncio.run(answer())

    return call


def refusal(lines: list[Any]) -> Mapping[str, Any]:
    """Return the only line about a refusal."""
    (line,) = [line for line in lines if line["event"] == "access_denied"]
    return line


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_tenants_key_opens_its_own_path(call: Call, key: str, scheme: str) -> None:
    """The request is bound to the key's tenant, with any spelling of the scheme."""
    answer = call("POST", "/tenants/acme/things", f"{scheme} {key}", body="hello")
    assert (answer.status_code, answer.json(), read) == (200, {"bound": "acme"}, ["hello"])


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ([], "no_key"),
        (["Basic YWNtZTpodW50ZXIyaHVudGVyMg=="], "no_key"),
        (["Bearer "], "no_key"),
        (["Bearer KEY", "Bearer KEY"], "no_key"),
        (["Bearer hunter2hunter2"], "unknown_key"),
        (["Bearer snk_" + "A" * 43], "unknown_key"),
    ],
)
def test_without_a_valid_key_the_body_is_not_read(
    call: Call, key: str, sent: list[str], reason: str
) -> None:
    """The answer is 401 with a challenge; the line has the reason, not the sent text."""
    with capture_logs() as lines:
        sent = [text.replace("KEY", key) for text in sent]
        answer = call("POST", "/tenants/acme/things", *sent, body="megabytes")
    assert (answer.status_code, read) == (401, [])
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    line = refusal(lines)
    assert (line["reason"], line["path_tenant_id"]) == (reason, "acme")
    assert all(text.split()[-1] not in str(lines) for text in sent if " " in text.strip())


def test_another_tenants_path_is_refused(call: Call, key: str) -> None:
    """403 for an existing and an unknown tenant; the line has both tenants and the key's id."""
    with session_scope() as session:
        create_key(session, "other")
    for other in ("other", "nobody"):
        with capture_logs() as lines:
            answer = call("POST", f"/tenants/{other}/things", f"Bearer {key}", body="x")
        assert (answer.status_code, read) == (403, [])
        line = refusal(lines)
        assert (line["reason"], line["path_tenant_id"]) == ("another_tenant", other)
        assert line["key_id"] == id_of_key(key)
        assert key not in str(lines)


def test_a_revoked_key_is_refused(service: FastAPI, call: Call, key: str) -> None:
    """The answer is that for an unknown key; the line has the id of the revoked one."""
    with session_scope() as session:
        revoke_key(session, str(id_of_key(key)))
    with capture_logs() as lines:
        assert call("POST", "/tenants/acme/things", f"Bearer {key}").status_code == 401
    assert refusal(lines)["key_id"] == id_of_key(key)


def nothing() -> None:
    """Do nothing, as a task."""


@pytest.fixture
def queued(redis_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Yield a function that queues a tenant's task and returns its id."""
    celery = create_celery(Settings(redis_url=SecretStr(redis_server.environment["REDIS_URL"])))
    monkeypatch.setattr(access, "celery_app", celery)
    sent = celery.task(name="tested.access")(nothing)

    def queue(tenant_id: str) -> str:
        with bound_tenant(tenant_id):
            return publish(sent)

    yield queue
    celery.control.purge()
    celery.close()


def test_another_tenants_task_is_not_found(
    call: Call, key: str, queued: Callable[[str], str]
) -> None:
    """An own task is returned; another tenant's has the same 404 as an unknown id."""
    assert call("GET", f"/tasks/{queued('acme')}", f"Bearer {key}").json() == {"bound": "acme"}
    with capture_logs() as lines:
        foreign = call("GET", f"/tasks/{queued('other')}", f"Bearer {key}")
        unknown = call("GET", "/tasks/no-such-task", f"Bearer {key}")
    assert (foreign.status_code, foreign.content) == (404, unknown.content)
    reasons = [line["reason"] for line in lines if line["event"] == "access_denied"]
    assert reasons == ["another_tenants_task", "unknown_task"]
    assert call("GET", "/tasks/no-such-task").status_code == 401
