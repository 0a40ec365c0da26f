"""Fixtures: the route of alerts in this process, with a store."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from securenet_obs.api.alerts.route import router
from securenet_obs.api.answers import add_error_answers
from securenet_obs.settings import Settings
from tests.vendor_alerts import Alert, request_for

SECRET, TOKEN = "the-client-secret", "the-token"

Send = Callable[..., httpx.Response]


@pytest.fixture
def client(empty_store: str) -> TestClient:
    """Return a client of the route, with both secrets set."""
    service = FastAPI()
    service.state.settings = Settings(sentry_hook_secret=SECRET, alertmanager_token=TOKEN)
    service.include_router(router)
    add_error_answers(service)
    return TestClient(service)


@pytest.fixture
def send(client: TestClient) -> Send:
    """Return a function that sends an alert as its vendor does."""

    def send_alert(alert: Alert, secret: str = SECRET, token: str = TOKEN) -> httpx.Response:
        content, headers = request_for(alert, secret, token)
        return client.post("/v1/alerts", content=content, headers=headers)

    return send_alert
