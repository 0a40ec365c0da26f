"""Selects the integrations of Sentry's SDK for a process: more of them if it may be traced."""

from typing import Any

from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.modules import ModulesIntegration
from sentry_sdk.integrations.sqlalchemy import SqlalchemyIntegration

from securenet_obs.monitoring.sentry.exit_flush import ExitFlush
from securenet_obs.monitoring.sentry.log_records import RecordIntegration
from securenet_obs.monitoring.sentry.task_scope import UntracedCeleryIntegration

# Modules adds 130 names and versions to every event, each of which is searched for secrets.
# Dedupe remembers only the last exception, and drops one that is raised again in another request.
DISABLED_INTEGRATIONS: Any = [ModulesIntegration, DedupeIntegration]

# Sentry does not accept a monitor that is due more often than once a minute.
_BEAT_OPTIONS: Any = {"monitor_beat_tasks": True, "exclude_beat_tasks": ["^outbox$"]}


def integrations(*, traced: bool) -> list[Any]:
    """Return new instances of the integrations.

    For errors alone, the SDK's own integrations of requests and tasks took twice as long as ours:
    `request_scope` and `task_scope` then add the same data to an event as three of them; the fourth
    would add the names of the last Redis commands.

    Args:
        traced: whether any request or task may be traced.
    """
    always = [
        ExitFlush(),
        RecordIntegration(),
        SqlalchemyIntegration(),
    ]
    if not traced:
        return [*always, UntracedCeleryIntegration(**_BEAT_OPTIONS)]
    # Imported here: FastAPI would be a fifth of the imports of a worker, beat or a notebook.
    from sentry_sdk.integrations.fastapi import FastApiIntegration
    from sentry_sdk.integrations.redis import RedisIntegration
    from sentry_sdk.integrations.starlette import StarletteIntegration

    tracing = [FastApiIntegration(), RedisIntegration(), StarletteIntegration()]
    return [*always, CeleryIntegration(**_BEAT_OPTIONS), *tracing]
