import json
from typing import Any

import pandas as pd
import pytest

from securenet_obs.probes import (
    ApiClient,
    attempt_forbidden_access,
    count_overlapping_requests,
    find_cross_tenant_events,
    find_cross_tenant_lines,
    find_cross_tenant_results,
    run_tenant_load,
    wait_for_results,
)
from securenet_obs.probes.errors.arrivals import Arrival
from securenet_obs.probes.errors.events import ErrorEvent
from securenet_obs.settings import Settings

CANARIES = {"a": "canary-a", "b": "canary-b"}
LOAD = pd.DataFrame(
    [
        {"tenant_id": "a", "request_id": "ra", "task_id": "ta", "began": 0.0, "ended": 2.0},
        {"tenant_id": "b", "request_id": "rb", "task_id": None, "began": 1.0, "ended": 3.0},
    ]
)


def mixed(**record: Any) -> bool:
    return len(find_cross_tenant_lines(json.dumps(record).encode(), LOAD, CANARIES)) == 1


def test_line_of_one_tenant_is_valid() -> None:
    """Lines of the service, and of a request before its tenant is known, are valid too."""
    assert not mixed(tenant_id="a", request_id="ra", event="canary-a")
    assert not mixed(event="started")
    assert not mixed(request_id="ra")
    assert find_cross_tenant_lines(b"no json canary", LOAD, CANARIES).empty


@pytest.mark.parametrize(
    "record",
    [
        {"tenant_id": "a", "event": "canary-b"},
        {"tenant_id": "a", "request_id": "rb"},
        {"tenant_id": "b", "task_id": "ta"},
        {"event": "canary-a"},
        {"request_id": "rb", "task_id": "ta"},
        {"tenant_id": "c", "event": "canary-a"},
    ],
)
def test_line_that_mixes_tenants_is_found(record: dict[str, str]) -> None:
    """The canary in the text, or the owner of the request or task, identifies the tenant."""
    assert mixed(**record)


def test_consecutive_requests_do_not_overlap() -> None:
    """Requests one after another prove nothing."""
    assert count_overlapping_requests(LOAD) == 2
    assert count_overlapping_requests(LOAD.assign(began=[0.0, 2.5])) == 0
    assert count_overlapping_requests(LOAD.assign(tenant_id="a")) == 0


def event(tenant_id: str, text: str) -> ErrorEvent:
    return ErrorEvent(text * 32, "x", None, None, {"tenant_id": tenant_id}, [], {"text": text})


def test_event_with_a_wrong_tenant_is_found() -> None:
    """A wrong tag or a canary of another tenant is found; missing events are ignored."""
    arrivals = [
        Arrival("a", event("a", "canary-a")),
        Arrival("a", event("b", "x")),
        Arrival("b", event("b", "canary-a")),
        Arrival("b", None),
    ]
    assert find_cross_tenant_events(arrivals, CANARIES) == ["x" * 32, "canary-a" * 32]


def test_result_with_another_tenants_canary_is_found() -> None:
    """The canary of its own tenant is allowed."""
    rows = [("a", "t1", "canary-a"), ("b", "t2", "canary-a")]
    results = pd.DataFrame(rows, columns=["tenant_id", "task_id", "text"])
    assert find_cross_tenant_results(results, CANARIES) == ["t2"]


def test_tenants_run_concurrently_on_the_running_stack(target: Settings) -> None:
    """Every request is answered, every task ends, and every forbidden attempt is refused."""
    api = ApiClient(target)
    load = run_tenant_load(
        api, {"tenant-a": "canary-a", "tenant-b": "canary-b"}, rounds=1, at_once=4
    )
    results = wait_for_results(api, load, 30)
    assert len(load) == 6
    assert sorted(results.state) == ["FAILURE", "FAILURE", "SUCCESS", "SUCCESS"]
    others_task = str(results.task_id[results.tenant_id == "tenant-b"].iloc[0])
    tried = attempt_forbidden_access(target, "tenant-a", "tenant-b", others_task)
    assert list(tried.status) == list(tried.expected)
