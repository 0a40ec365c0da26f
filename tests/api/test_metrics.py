"""The API's /metrics: served without a key if it is enabled, else not found."""

import os
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from securenet_obs.api.metrics import create_router
from securenet_obs.settings import Settings
from tests.forked_python import ForkedPython

PROGRAM = """
import sys
from fastapi.testclient import TestClient
from securenet_obs.api.app import create_app
from securenet_obs.settings import get_settings
status = TestClient(create_app(get_settings())).get("/metrics").status_code
"""


def test_a_scraper_reads_the_deployment(redis_server: Any, empty_store: str) -> None:
    """The answer has Prometheus' content type."""
    url = redis_server.environment["REDIS_URL"]
    service = FastAPI()
    service.include_router(create_router(Settings.model_validate({"redis_url": url})))
    answer = TestClient(service).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'securenet_source_up{source="queues"} 1.0' in answer.text


@pytest.mark.parametrize(("enabled", "status"), [("true", 200), ("false", 404)])
def test_the_route_exists_if_it_is_enabled(python: ForkedPython, enabled: str, status: int) -> None:
    """It is off by default: the API may be reachable from anywhere."""
    # In a process of its own, since the application sets up its logging.
    variables = {**os.environ, "METRICS_ENABLED": enabled}
    done = python.run(["-c", f"{PROGRAM}sys.exit(status != {status})"], env=variables)
    assert done.returncode == 0, done.stdout + done.stderr
