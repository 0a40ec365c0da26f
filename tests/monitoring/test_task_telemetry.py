"""Celery signal handlers with foreign messages and exceptions."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from securenet_obs.monitoring import task_telemetry
from securenet_obs.monitoring.correlation import current_ids
from tests.monitoring.hostile import hostile_classes, raised

HEADERS = st.dictionaries(
    st.sampled_from(
        [
            task_telemetry.REQUEST_HEADER,
            task_telemetry.TENANT_HEADER,
            "sentry-trace",
            "headers",
            "sentry-monitor-slug",
        ]
    ),
    st.none() | st.integers() | st.text() | st.binary() | st.lists(st.text()) | st.booleans(),
)


def a_task(headers: dict[str, Any]) -> Any:
    """Return a task with the headers that some program sent."""
    fields = {"id": "t-1", "is_eager": False, "retries": 0, "headers": None, **headers}
    request = SimpleNamespace(**fields)
    return SimpleNamespace(name="a.task", request=request)


@given(HEADERS)
def test_any_headers_are_accepted(headers: dict[str, Any]) -> None:
    """A task of a foreign producer has valid ids, and its end clears them."""
    task = a_task(headers)
    task_telemetry._start_task("t-1", task)
    ids = current_ids()
    task_telemetry._end_task("t-1", task)
    assert ids["task_id"] == "t-1"
    assert 8 <= len(ids["request_id"]) <= 64
    assert current_ids() == {}


@given(HEADERS)
def test_any_headers_are_completed(headers: dict[str, Any]) -> None:
    """A message that is sent has a valid request id, and no readable arguments."""
    task_telemetry._send_ids(headers)
    assert 8 <= len(headers[task_telemetry.REQUEST_HEADER]) <= 64
    assert headers["argsrepr"] == "(…)"


@pytest.mark.parametrize("label", list(hostile_classes())[::7])
def test_a_hostile_failure_and_retry_are_logged(label: str) -> None:
    """The failure and the retry are logged, whatever the exception's attributes answer."""
    error = raised(hostile_classes()[label])
    task = a_task({})
    with capture_logs() as lines:
        task_telemetry.report_failure(task, "t-1", error)
        task_telemetry._log_retry(task, error)
    assert [line["event"] for line in lines] == ["task_failed", "task_retried"]
    assert lines[1]["reason"] == "Odd"
