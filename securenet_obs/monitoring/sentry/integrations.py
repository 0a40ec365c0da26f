"""Selects the enabled and disabled integrations of Sentry's SDK; more for a traced process."""

from typing import Any

from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.modules import ModulesIntegration
from sentry_sdk.integrations.sqlalchemy import SqlalchemyIntegration

from securenet_obs.monitoring.sentry.delivery.exit_flush import ExitFlush
from securenet_obs.monitoring.sentry.events.log_records import RecordIntegration
from securenet_obs.monitoring.sentry.tracing.beat_monitors import EXCLUDED_ENTRIES, round_intervals
from securenet_obs.monitoring.sentry.tracing.task_scope import UntracedCeleryIntegration

# Modules adds 130 names and versions to every event, each of which is searched for secrets.
# Dedupe remembers only the last exception, and drops one that is raised again in another request.
DISABLED_INTEGRATIONS: Any = [ModulesIntegration, DedupeIntegration]

_BEAT_OPTIONS: Any = {
    "monitor_beat_tasks": True,
    "exclude_beat_tasks": list(EXCLUDED_ENTRIES),
}


def integrations(*, traced: bool) -> list[Any]:
    """Return new instances of the integrations.

    The SDK's own integrations of FastAPI and Starlette took twice as long as `request_scope`, which
    does the same, also for requests that are not traced. Without traces, `task_scope` replaces that
    of Celery, and that of Redis would only add the names of the last commands to events.

    Args:
        traced: whether any request or task may be traced.
    """
    round_intervals()
    always = [
        ExitFlush(),
        RecordIntegration(),
        SqlalchemyIntegration(),
    ]
    if not traced:
        return [*always, UntracedCeleryIntegration(**_BEAT_OPTIONS)]
    # Imported here: without traces nothing else needs it.
    from sentry_sdk.integrations.redis import RedisIntegration

    return [*always, CeleryIntegration(**_BEAT_OPTIONS), RedisIntegration()]
