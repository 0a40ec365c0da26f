"""The API's /metrics: served without a key if it is enabled, else not found."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from securenet_obs.api.app import create_app
from securenet_obs.api.metrics import create_router
from securenet_obs.settings import Settings


def test_a_scraper_reads_the_deployment(redis_server: Any, empty_store: str) -> None:
    """The answer has Prometheus' content type."""
    url = redis_server.environment["REDIS_URL"]
    service = FastAPI()
    service.include_router(create_router(Settings.model_validate({"redis_url": url})))
    answer = TestClient(service).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'securenet_source_up{source="queues"} 1.0' in answer.text


@pytest.mark.parametrize("enabled", [True, False])
def test_the_route_exists_if_it_is_enabled(enabled: bool) -> None:
    """It is off by default: the API may be reachable from anywhere."""
    client = TestClient(create_app(Settings(metrics_enabled=enabled)))
    assert client.get("/metrics").status_code == (200 if enabled else 404)
