"""Check-ins: their content, and errors without the key."""

import json
from pathlib import Path

import pytest

from securenet_obs.errors import NotificationError
from securenet_obs.notifications.check_ins import check_in, monitor_slug
from securenet_obs.probes import open_telemetry
from securenet_obs.settings import settings_from
from securenet_obs.stack import LocalStack
from tests.web_server import WebServer

KEY = "0123456789abcdef0123456789abcdef"
NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def variables(port: int, **others: str) -> dict[str, str]:
    """Return the variables of a target whose Sentry listens on a port."""
    return {
        "SENTRY_DSN": f"http://{KEY}@127.0.0.1:{port}/1", "VALIDATION_SCHEDULE": "0 * * * *",
        "ENVIRONMENT": "staging", **others,
    }  # fmt: skip


def test_a_check_in_has_status_duration_and_schedule(web_server: WebServer) -> None:
    """Its monitor is created by it."""
    settings = settings_from(variables(web_server.port))
    check_in(settings, "02_Logs are JSON", "passed", 2.5)
    check_in(settings, "02_Logs are JSON", "kernel_died", 1.0)
    path, headers, body = web_server.requests[0]
    assert path == "/api/1/envelope/"
    assert KEY in headers["X-Sentry-Auth"]
    payloads = [json.loads(row[2].splitlines()[2]) for row in web_server.requests]
    assert [row["status"] for row in payloads] == ["ok", "error"]
    assert payloads[0]["monitor_slug"] == "validation-02-logs-are-json"
    assert payloads[0]["duration"] == 2.5
    assert payloads[0]["environment"] == "staging"
    schedule = {"type": "crontab", "value": "0 * * * *"}
    assert payloads[0]["monitor_config"]["schedule"] == schedule
    assert b"check_in" in body.splitlines()[1]


def test_each_notebook_has_a_monitor_of_its_own() -> None:
    """Sentry accepts slugs of 50 characters at most."""
    slugs = {monitor_slug(path.stem) for path in NOTEBOOKS}
    assert len(slugs) == len(NOTEBOOKS)
    assert max(map(len, slugs)) <= 50
    assert monitor_slug("x" * 80) == "validation-" + "x" * 39


def test_a_refusal_is_an_error_without_the_key(web_server: WebServer) -> None:
    """A refused DSN, no answer, and no DSN differ."""
    web_server.status = 403
    with pytest.raises(NotificationError, match=r"\(127\.0\.0\.1\) answered 403") as refused:
        check_in(settings_from(variables(web_server.port)), "n", "passed", 1.0)
    with pytest.raises(NotificationError, match="ConnectError") as silent:
        check_in(settings_from(variables(1)), "n", "passed", 1.0)
    with pytest.raises(NotificationError, match="SENTRY_DSN is not a DSN"):
        check_in(settings_from(variables(1, SENTRY_DSN=KEY)), "n", "passed", 1.0)
    assert KEY not in f"{refused.value} {silent.value}"


@pytest.mark.stack
def test_a_check_in_is_read_back_through_the_relay(stack: LocalStack) -> None:
    """The newest one first, under the notebook's monitor."""
    settings = settings_from({**stack.environment, "VALIDATION_SCHEDULE": "*/10 * * * *"})
    for verdict in ("passed", "failed"):
        check_in(settings, "a_claim", verdict, 1.0)
    found = open_telemetry(settings).check_ins("validation-a-claim", 10.0)
    assert [row.status for row in found] == ["error", "ok"]
