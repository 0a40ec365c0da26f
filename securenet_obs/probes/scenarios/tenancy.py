"""Loads several tenants at once, finds mixed-up tenants in telemetry, tries forbidden access."""

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pandas as pd

from securenet_obs.probes.errors.arrivals import Arrival
from securenet_obs.probes.http.api import MAX_REQUEST_S, ApiClient
from securenet_obs.probes.http.json_api import open_client, send_request
from securenet_obs.probes.markers import generate_secret
from securenet_obs.probes.scenarios.network_samples import generate_network_records
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings

_RECORDS_PER_BATCH = 5
"""Network records in each batch."""

KINDS = ("batch", "error in the API", "error in a task")
"""Kinds of request that each tenant makes, in turn."""


def run_tenant_load(
    api: ApiClient,
    canaries: Mapping[str, str],
    *,
    rounds: int,
    at_once: int,
    diagnostics: bool = True,
) -> pd.DataFrame:
    """Send requests for all tenants, interleaved and concurrently.

    Args:
        api: the target's API, with a key for each tenant.
        canaries: each tenant's marker, which is part of all its requests.
        rounds: number of requests of each of `KINDS` per tenant.
        at_once: number of concurrent requests.
        diagnostics: whether the target raises errors on demand; else only batches are submitted.

    Returns:
        A row for each request: `tenant_id`, `kind`, `request_id`, `task_id` and `event_id` where
        they exist, `began` and `ended` (seconds of one clock).

    Raises:
        ForbiddenError: API_KEYS lacks a tenant's key, or the diagnostics key is refused.
        UnreachableError: the API does not answer.
    """
    kinds = KINDS if diagnostics else KINDS[:1]
    orders = [(tenant_id, kind) for _ in range(rounds) for kind in kinds for tenant_id in canaries]
    with ThreadPoolExecutor(at_once) as pool:
        rows = pool.map(lambda order: _send(api, canaries, *order), orders)
        return pd.DataFrame(rows)


def _send(api: ApiClient, canaries: Mapping[str, str], tenant_id: str, kind: str) -> dict[str, Any]:
    canary, began = canaries[tenant_id], time.monotonic()
    ids: dict[str, str | None]
    if kind == "batch":
        records = [
            {**record, "sensor": canary} for record in generate_network_records(_RECORDS_PER_BATCH)
        ]
        batch = api.submit_logs(tenant_id, records)
        ids = {"request_id": batch.request_id, "task_id": batch.task_id, "event_id": None}
    else:
        where: Any = "api" if kind == "error in the API" else "task"
        raised = api.raise_error(canary, where=where, tenant_id=tenant_id, secret=generate_secret())
        ids = {
            "request_id": raised.request_id,
            "task_id": raised.task_id,
            "event_id": raised.event_id,
        }
    row = {"tenant_id": tenant_id, "kind": kind, **ids}
    return {**row, "began": began, "ended": time.monotonic()}


def count_overlapping_requests(load: pd.DataFrame) -> int:
    """Return the number of requests that overlapped with one of another tenant's."""
    return sum(
        bool(
            (
                (load.tenant_id != row.tenant_id)
                & (load.began < row.ended)
                & (load.ended > row.began)
            ).any()
        )
        for row in load.itertuples()
    )


def wait_for_results(api: ApiClient, load: pd.DataFrame, deadline_s: float) -> pd.DataFrame:
    """Wait until every task of the load is finished, and return the API's answers to the owners.

    Returns:
        A row for each task: `tenant_id`, `task_id`, `state`, `event_id`, `text` (result and error).

    Raises:
        NotFoundError: a task is not finished `deadline_s` seconds after the one before it.
    """
    rows = []
    for row in load.dropna(subset="task_id").itertuples():
        task = api.wait_for_task(str(row.task_id), deadline_s, str(row.tenant_id))
        text = json.dumps([task.result, task.error])
        details = {"state": task.state, "event_id": task.event_id, "text": text}
        rows.append({"tenant_id": row.tenant_id, "task_id": task.task_id, **details})
    return pd.DataFrame(rows)


def find_cross_tenant_lines(
    content: bytes, load: pd.DataFrame, canaries: Mapping[str, str]
) -> pd.DataFrame:
    """Return the log lines that mix two tenants or name the wrong one.

    A line belongs to the tenant of the canary, request or task in it; it must name that tenant and
    hold no canary of another. A line that names no tenant must hold no canary.

    Args:
        content: JSON lines.
        load: from `run_tenant_load`.
        canaries: each tenant's marker.

    Returns:
        A row for each such line: `service`, `event`, `names` (its tenant), `belongs_to`.
    """
    owners = {
        str(value): str(row.tenant_id)
        for row in load.itertuples()
        for value in (row.request_id, row.task_id)
        if value
    }
    rows = []
    for line in content.splitlines():
        holds = {tenant_id for tenant_id, canary in canaries.items() if canary.encode() in line}
        record = _parse_record(line)
        by_id = {
            owners[str(record[name])]
            for name in ("request_id", "task_id")
            if str(record.get(name)) in owners
        }
        names = record.get("tenant_id")
        if _is_mixed(names, holds, by_id):
            details = {"service": record.get("service"), "event": record.get("event")}
            rows.append({**details, "names": names, "belongs_to": ", ".join(sorted(holds | by_id))})
    return pd.DataFrame(rows, columns=["service", "event", "names", "belongs_to"])


def _parse_record(line: bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}


def _is_mixed(names: object, holds: set[str], by_id: set[str]) -> bool:
    if names is None:
        return bool(holds) or len(by_id) > 1
    return (holds | by_id) - {names} != set()


def find_cross_tenant_events(arrivals: Iterable[Arrival], canaries: Mapping[str, str]) -> list[str]:
    """Return the ids of events that name the wrong tenant, or hold another's canary.

    The `place` of each arrival is the tenant of the error.
    """
    return [
        arrival.event.event_id
        for arrival in arrivals
        if arrival.event is not None
        and (
            arrival.event.tags.get("tenant_id") != arrival.place
            or _contains_other(arrival.place, canaries, arrival.event.contains)
        )
    ]


def find_cross_tenant_results(results: pd.DataFrame, canaries: Mapping[str, str]) -> list[str]:
    """Return the ids of tasks with another tenant's canary in their result or error."""
    return [
        str(row.task_id)
        for row in results.itertuples()
        if _contains_other(str(row.tenant_id), canaries, str(row.text).__contains__)
    ]


def _contains_other(tenant_id: str, canaries: Mapping[str, str], contains: Any) -> bool:
    return any(contains(canary) for other, canary in canaries.items() if other != tenant_id)


def attempt_forbidden_access(
    settings: Settings, tenant_id: str, other: str, others_task: str
) -> pd.DataFrame:
    """Attempt forbidden access with one tenant's key to another's resources, and without a key.

    Args:
        settings: settings of the target, with a key of `tenant_id`.
        tenant_id: tenant that attempts the access.
        other: tenant that owns the resources.
        others_task: id of a task of `other`.

    Returns:
        A row for each attempt: `attempt`, `expected` and `status` (HTTP), `detail`.

    Raises:
        UnreachableError: the API does not answer.
    """
    key = settings.tenant_keys[tenant_id].get_secret_value()
    ours = {"Authorization": f"Bearer {key}"}
    unknown = {"Authorization": "Bearer snk_" + "A" * 43}
    task = f"/v1/tasks/{others_task}"
    attempts = [
        ("submit to another tenant's path", 403, "POST", f"/v1/tenants/{other}/logs", ours),
        ("read another tenant's task", 404, "GET", task, ours),
        ("read a task that does not exist", 404, "GET", f"/v1/tasks/{uuid.uuid4()}", ours),
        ("submit without a key", 401, "POST", f"/v1/tenants/{tenant_id}/logs", {}),
        ("read a task without a key", 401, "GET", task, {}),
        ("read a task with an unknown key", 401, "GET", task, unknown),
    ]
    with open_client(settings.api_url.rstrip("/"), "API_URL", {}) as client:
        rows = []
        for attempt, expected, method, path, headers in attempts:
            body: dict[str, Any] = {"json": []} if method == "POST" else {}
            response, content = send_request(
                client,
                method,
                path,
                deadline=Deadline.after(MAX_REQUEST_S),
                headers=headers,
                **body,
            )
            detail = _parse_record(content).get("detail")
            details = {"expected": expected, "status": response.status_code, "detail": detail}
            rows.append({"attempt": attempt, **details})
    return pd.DataFrame(rows)
