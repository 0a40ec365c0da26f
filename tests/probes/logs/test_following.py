"""A request is followed through the lines of its tenant; lines of other tenants are left out."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.logs.following import (
    Followed,
    find_foreign_ids,
    follow,
    read_time,
    select_own,
)

SINCE = datetime(2026, 11, 27, 10, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=1)


def line(number: int, tenant: str | None, **fields: Any) -> dict[str, Any]:
    """Return a line of the request `r-1`, a microsecond after the one before."""
    return {
        "timestamp": f"2026-11-27T10:00:00.{number:06}Z",
        "request_id": "r-1",
        "trace_id": f"trace-{tenant}",
        "event": f"line {number}",
        **({"tenant_id": tenant} if tenant else {}),
        **fields,
    }


def follow_in(
    tmp_path: Path, *rows: dict[str, Any], request: str = "r-1", tenant: str = ""
) -> Followed:
    """Write the lines to two logs, and follow a request in them."""
    for name, part in (("worker", rows[::2]), ("api", rows[1::2])):
        (tmp_path / f"{name}.log").write_text("".join(json.dumps(row) + "\n" for row in part))
    return follow(str(tmp_path), request_id=request, tenant_id=tenant, since=SINCE, until=UNTIL)


def events(found: Followed) -> list[str]:
    """Return the events of the lines."""
    return [str(row["event"]) for row in found.lines]


def test_a_request_is_followed_across_logs(tmp_path: Path) -> None:
    """In the order of the times, without another request and lines outside of the period."""
    rows = [
        line(3, "acme", task_id="t-1"),
        line(1, "acme"),
        line(2, None, trace_id="trace-acme"),
        line(0, "acme", request_id="r-2"),
        line(4, "acme", timestamp="2026-11-27T09:59:59Z"),
    ]
    found = follow_in(tmp_path, *rows)
    assert events(found) == ["line 1", "line 2", "line 3"]
    assert (found.foreign, found.tenants) == (0, ["acme"])


def test_a_shared_request_id_belongs_to_the_named_tenant_alone(tmp_path: Path) -> None:
    """Two tenants have chosen one id in one second; a line without a tenant is not certain."""
    rows = [line(0, "acme"), line(1, "other"), line(2, None), line(3, None, trace_id="trace-acme")]
    unnamed = follow_in(tmp_path, *rows)
    assert (events(unnamed), unnamed.tenants) == ([], ["acme", "other"])
    found = follow_in(tmp_path, *rows, tenant="acme")
    assert events(found) == ["line 0", "line 3"]
    assert found.foreign == 2


def test_a_trace_that_two_tenants_share_proves_nothing(tmp_path: Path) -> None:
    """Clients choose the trace, too."""
    rows = [
        line(0, "acme", trace_id="t"),
        line(1, "other", trace_id="t"),
        line(2, None, trace_id="t"),
    ]
    assert events(follow_in(tmp_path, *rows, tenant="acme")) == ["line 0"]


def test_all_requests_of_a_tenant_are_followed(tmp_path: Path) -> None:
    """Lines without a tenant are those of its requests and tasks."""
    rows = [
        line(0, "acme"),
        line(1, "other", request_id="r-2"),
        line(2, None, trace_id="trace-acme"),
        line(3, None, task_id="t-2"),
        line(4, "other", task_id="t-2"),
    ]
    assert events(follow_in(tmp_path, *rows, request="", tenant="acme")) == ["line 0", "line 2"]


def test_ids_of_other_tenants_are_found(tmp_path: Path) -> None:
    """Of tasks and events; the own ones are not among them."""
    path = tmp_path / "worker.log"
    rows = [line(0, "acme", task_id="t-1"), line(1, "other", task_id="t-2", sentry_event_id="e-2")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert find_foreign_ids(str(path), "acme", SINCE, UNTIL) == {"t-2", "e-2"}


def test_a_source_without_logs_is_not_found(tmp_path: Path) -> None:
    """It is not a request without lines."""
    with pytest.raises(NotFoundError):
        follow(str(tmp_path), request_id="r-1", tenant_id="", since=SINCE, until=UNTIL)


def test_a_line_of_another_tenant_is_never_certain() -> None:
    """Not even if it shares task, request and trace."""
    rows = [line(0, "acme", trace_id="t"), line(1, "other", trace_id="t")]
    assert select_own(rows, "acme") == rows[:1]


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-27T10:00:00", 7, None])
def test_a_time_without_a_zone_is_unknown(text: object) -> None:
    """It would be compared with times of another zone."""
    assert read_time({"timestamp": text}) is None


ROWS = st.lists(
    st.builds(
        lambda tenant, trace, task: {
            "tenant_id": tenant,
            "request_id": "r-1",
            "trace_id": trace,
            **({"task_id": task} if task else {}),
        },
        st.sampled_from([None, "acme", "other"]),
        st.sampled_from(["x", "y", None]),
        st.sampled_from([None, "t-1", "t-2"]),
    ),
    max_size=12,
)


@given(ROWS)
def test_no_line_is_of_two_tenants(rows: list[dict[str, Any]]) -> None:
    """Whatever ids they share, a line is in the timeline of one tenant at most."""
    found = {}
    for tenant in ("acme", "other"):
        others = {
            key
            for row in rows
            if row["tenant_id"] not in (None, tenant)
            for key in (
                [("task", row["task_id"])]
                if row.get("task_id")
                else [("request", "r-1", row["trace_id"])]
            )
        }
        found[tenant] = [id(row) for row in select_own(rows, tenant, others)]
    assert not set(found["acme"]) & set(found["other"])
