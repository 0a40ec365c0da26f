import pytest
from sentry_sdk.integrations.celery import CeleryIntegration

from securenet_obs.monitoring.sentry.integrations import integrations
from securenet_obs.monitoring.sentry.task_scope import TaskErrors

FOR_TRACES = {"fastapi", "redis", "starlette"}


@pytest.mark.parametrize("traced", [True, False])
def test_what_only_traces_need_costs_only_traces(traced: bool) -> None:
    """Errors alone do without, and a task's integration is there in one form or the other."""
    there = {each.identifier: each for each in integrations(traced=traced)}
    assert there.keys() & FOR_TRACES == (FOR_TRACES if traced else set())
    assert type(there["celery"]) is (CeleryIntegration if traced else TaskErrors)
