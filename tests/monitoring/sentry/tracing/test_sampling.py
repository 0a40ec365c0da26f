"""Sampling of traces."""

from typing import Any

import pytest

from securenet_obs.monitoring.sentry.tracing.sampling import traces_sampler

RATES = {
    "POST /v1/tenants/{tenant_id}/logs": 0.5,
    "POST /v1/": 0.25,
    "task:process_network_logs": 1.0,
    "nightly": 0.75,
}


def request(path: str, method: str = "POST", parent: bool | None = None) -> dict[str, Any]:
    """Return the sampling context of a request."""
    return {"asgi_scope": {"method": method, "path": path}, "parent_sampled": parent}


def task(name: str, parent: bool | None = None) -> dict[str, Any]:
    """Return the sampling context of a task."""
    return {"celery_job": {"task": name, "args": [], "kwargs": {}}, "parent_sampled": parent}


@pytest.mark.parametrize(
    ("context", "share"),
    [
        (request("/v1/tenants/acme/logs"), 0.5),
        (request("/v1/tenants/acme/logs", method="GET"), 0.1),
        (request("/v1/tenants/a/b/logs"), 0.25),
        (request("/v1/diagnostics/error"), 0.25),
        (request("/docs", method="GET"), 0.1),
        (task("securenet_obs.workers.tasks.process_network_logs"), 1.0),
        (task("securenet_obs.workers.tasks.echo_canary"), 0.1),
        ({"transaction_context": {"name": "nightly-report"}, "parent_sampled": None}, 0.75),
        ({"parent_sampled": None}, 0.1),
    ],
)
def test_an_operation_has_its_rate(context: dict[str, Any], share: float) -> None:
    """The longest matching prefix counts, and a placeholder matches one path segment."""
    sampler = traces_sampler(0.1, RATES)
    assert sampler is not None
    assert sampler(context) == share


@pytest.mark.parametrize("parent", [True, False])
def test_the_decision_of_the_parent_is_kept(parent: bool) -> None:
    """A trace is sampled as a whole or not at all."""
    sampler = traces_sampler(0.1, RATES)
    assert sampler is not None
    assert sampler(request("/v1/tenants/acme/logs", parent=parent)) == float(parent)
    assert sampler(task("a.process_network_logs", parent=parent)) == float(parent)


@pytest.mark.parametrize("parent", [True, False, None])
@pytest.mark.parametrize(
    "context",
    [
        request("/health/ready", method="GET"),
        request("/health/live", method="HEAD"),
        request("/health", method="GET"),
        request("/v1/tasks/3f2a", method="GET"),
        {"asgi_scope": {"type": "websocket", "path": "/health/live"}},
        {"asgi_scope": {"method": "GET", "path": "/api/health/live", "root_path": "/api"}},
        task("securenet_obs.workers.tasks.republish_submissions"),
    ],
    ids=str,
)
def test_health_checks_and_polling_are_never_traced(
    context: dict[str, Any], parent: bool | None
) -> None:
    """They are not worth a transaction, even if a rate or the caller asks for one."""
    sampler = traces_sampler(1.0, {"GET /": 1.0, "task:": 1.0})
    assert sampler is not None
    assert sampler({**context, "parent_sampled": parent}) == 0.0


@pytest.mark.parametrize(
    "context",
    [
        request("/healthy"),
        request("/v1/tasks-of-others"),
        request("/v1/health/ready"),
        {"asgi_scope": {"method": "POST", "path": "/v1/tenants/a/logs", "root_path": "/v1/tasks"}},
        task("securenet_obs.workers.tasks.process_network_logs"),
        task("republish_submissions_of_others"),
    ],
    ids=str,
)
def test_other_operations_are_traced(context: dict[str, Any]) -> None:
    """Only whole segments of a path count, and a proxy's prefix does not."""
    sampler = traces_sampler(1.0, {})
    assert sampler is not None
    assert sampler(context) == 1.0


def test_rates_of_zero_disable_tracing() -> None:
    """Without any rate there is no sampler, so that tracing costs nothing."""
    assert traces_sampler(0.0, {}) is None
    assert traces_sampler(0.0, {"GET /": 0.0}) is None
