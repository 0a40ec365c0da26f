"""Selection of the SDK's integrations."""

import pytest
from sentry_sdk.integrations.celery import CeleryIntegration

from securenet_obs.monitoring.sentry.integrations import integrations
from securenet_obs.monitoring.sentry.tracing.task_scope import UntracedCeleryIntegration

NOT_ALWAYS = {"fastapi", "redis", "starlette"}


@pytest.mark.parametrize("traced", [True, False])
def test_tracing_integrations_are_added_for_traces_only(traced: bool) -> None:
    """Redis is left out without traces, FastAPI always; Celery has one integration."""
    there = {each.identifier: each for each in integrations(traced=traced)}
    assert there.keys() & NOT_ALWAYS == ({"redis"} if traced else set())
    assert type(there["celery"]) is (CeleryIntegration if traced else UntracedCeleryIntegration)
