"""Outcomes of requests and tasks are read from their last lines, by release and endpoint."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.probes.logs.outcomes import (
    FailureShare,
    count_failures,
    read_outcomes,
    read_releases,
)

REQUEST = {
    "event": "request_finished",
    "method": "POST",
    "path": "/v1/tenants/acme/logs",
    "status": 202,
    "tenant_id": "acme",
    "request_id": "r-1",
    "trace_id": "t-1",
}
TASK = {"event": "task_failed", "task": "securenet_obs.workers.tasks.echo", "sentry_event_id": "e2"}


def write(path: Path, *rows: dict[str, Any], service: str = "securenet-api") -> str:
    """Write a log, a line a second; return its path."""
    lines = [
        {"timestamp": f"2026-11-27T10:00:{number:02}.000000Z", "service": service, "release": "r1"}
        | row
        for number, row in enumerate(rows)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_a_failed_request_has_its_event(tmp_path: Path) -> None:
    """The event is in the line before the last one of the request."""
    failed = {**REQUEST, "event": "request_failed", "sentry_event_id": "e1"}
    other = {**REQUEST, "request_id": "r-2", "status": None}
    log = write(tmp_path / "api.log", failed, {**REQUEST, "status": 500}, other, {"event": "x"})
    first, second = read_outcomes(log)
    assert (first.has_failed, first.event_id, first.request_id) == (True, "e1", "r-1")
    assert first.endpoint == "POST /v1/tenants/{tenant_id}/logs"
    assert (first.service, first.release, first.tenant_id) == ("securenet-api", "r1", "acme")
    assert (second.has_failed, second.event_id) == (False, "")
    assert count_failures([first, second]) == FailureShare(1, 2)


def test_tasks_are_outcomes_in_the_order_of_their_times(tmp_path: Path) -> None:
    """Also those of several logs; lines that are not records, or without a time, are left out."""
    write(
        tmp_path / "worker.log", TASK, {**TASK, "event": "task_succeeded"}, {**TASK, "timestamp": 1}
    )
    write(tmp_path / "api.log", REQUEST)
    with (tmp_path / "api.log").open("a") as file:
        file.write('"request_finished" is no record\n')
    found = read_outcomes(str(tmp_path))
    assert [(row.endpoint.partition(" ")[0], row.has_failed) for row in found] == [
        ("POST", False),
        ("echo", True),
        ("echo", False),
    ]
    assert [row.event_id for row in found] == ["", "e2", ""]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/tasks/5f3c1d6e-1a2b-4c3d-8e9f-000000000001", "/v1/tasks/{id}"),
        ("/v1/tenants/tenant-12345678/inventory", "/v1/tenants/{tenant_id}/inventory"),
        ("/v1/diagnostics/error", "/v1/diagnostics/error"),
        ("/health/ready", "/health/ready"),
    ],
)
def test_ids_are_placeholders(tmp_path: Path, path: str, route: str) -> None:
    """Requests of all tenants and tasks are of one endpoint."""
    (found,) = read_outcomes(write(tmp_path / "api.log", {**REQUEST, "path": path}))
    assert found.endpoint == f"POST {route}"


def test_the_release_is_that_of_the_newest_line(tmp_path: Path) -> None:
    """A restarted process writes its first lines before its first request."""
    write(tmp_path / "api.log", {"release": "r1"}, {"release": "r2"}, {"service": None})
    write(tmp_path / "worker.log", {"release": "r3"}, service="securenet-worker")
    assert read_releases(str(tmp_path)) == {"securenet-api": "r2", "securenet-worker": "r3"}


@given(st.integers(1, 500), st.data())
def test_a_difference_is_certain_in_one_direction_only(total: int, data: st.DataObject) -> None:
    """Equal shares, and shares without outcomes, do not differ."""
    failed = data.draw(st.integers(0, total))
    share = FailureShare(failed, total)
    assert not share.certainly_exceeds(share)
    assert not share.certainly_exceeds(FailureShare(0, 0))
    assert not FailureShare(0, 0).certainly_exceeds(share)
    if share.certainly_exceeds(FailureShare(0, 50)):
        assert not FailureShare(0, 50).certainly_exceeds(share)
        assert FailureShare(total, total).certainly_exceeds(FailureShare(0, 50))


def test_few_outcomes_prove_nothing() -> None:
    """A window is long enough once the difference is more than chance."""
    before = FailureShare(20, 40)
    assert not before.certainly_exceeds(FailureShare(0, 4))
    assert before.certainly_exceeds(FailureShare(0, 12))
    assert before.certainly_exceeds(FailureShare(0, 100_000))
    assert not FailureShare(2, 3).certainly_exceeds(FailureShare(1, 3))
    assert FailureShare(1, 3).describe() == "1 of 3 failed (33%)"
