"""The routes that fail on purpose, in this process."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from securenet_obs.api.diagnostics import router
from securenet_obs.errors import DiagnosticError

PATH = "/v1/diagnostics/error"
REQUEST = {"canary": "canary-1", "where": "api", "tenant_id": "acme", "secret": "hunter2"}


def status(key: str, sent: str, **body: Any) -> int:
    """Return the status of a request with the sent key; `key` is the service's own."""
    service = FastAPI()
    service.state.settings = SimpleNamespace(diagnostics_key=SecretStr(key))
    service.include_router(router)
    headers = {"X-Diagnostics-Key": sent, "Content-Type": "application/json"}

    async def post() -> int:
        transport = httpx.ASGITransport(service)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.post(PATH, headers=headers, **body)).status_code

    return asyncio.run(post())


@pytest.mark.parametrize(("key", "sent"), [("right", "wrong"), ("right", ""), ("", ""), ("", "x")])
def test_a_request_without_the_key_is_refused(key: str, sent: str) -> None:
    """The key comes before the body, which is not JSON here; an empty setting admits no request."""
    assert status(key, sent, content=b"{") == 403


def test_a_request_with_the_key_fails_on_purpose() -> None:
    """The error names the canary."""
    with pytest.raises(DiagnosticError, match=r"^canary-1: "):
        status("right", "right", json=REQUEST)


@pytest.mark.parametrize(
    "wrong", [{"where": "worker"}, {"tenant_id": "a b"}, {"secret": "x" * 201}, {"canary": None}]
)
def test_an_invalid_request_is_422(wrong: dict[str, str]) -> None:
    """Place, tenant, secret and canary are validated before anything fails."""
    assert status("right", "right", json=REQUEST | wrong) == 422
