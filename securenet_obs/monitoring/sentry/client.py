"""Sets up Sentry's SDK for a process, flushes its events, and reports deliveries and losses."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import sentry_sdk
import structlog
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.types import SamplingContext
from sentry_sdk.utils import logger as sdk_logger

from securenet_obs.errors import SettingsError
from securenet_obs.monitoring.releases import installed_commit, release_of
from securenet_obs.monitoring.sentry.delivery.event_outcomes import EventOutcomes
from securenet_obs.monitoring.sentry.delivery.transport import CountingTransport
from securenet_obs.monitoring.sentry.events import runbook_hint
from securenet_obs.monitoring.sentry.events.before_send import (
    before_send,
    before_send_transaction,
    rename_keys,
)
from securenet_obs.monitoring.sentry.events.capture import drop_duplicate
from securenet_obs.monitoring.sentry.events.exceptions import sdk_functions
from securenet_obs.monitoring.sentry.events.scrubbing import scrub_breadcrumb
from securenet_obs.monitoring.sentry.integrations import DISABLED_INTEGRATIONS, integrations
from securenet_obs.monitoring.sentry.tracing.sampling import traces_sampler
from securenet_obs.settings import TRACES_SAMPLE_RATE, get_settings

_PRODUCTION = frozenset({"production", "prod"})
"""Environments that may not run without Sentry."""

# The SDK collects no body, cookie, query, local variable, SQL literal or task argument. It collects
# no lines of source either: a frame names its file, line and function, and reading the file again
# for each frame took longer than all the rest of a failing request.
_DATA_COLLECTION: Any = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "denylist"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
    "frame_context_lines": 0,
}

_log = structlog.get_logger(__name__)


def init_sentry(
    dsn: str,
    environment: str,
    *,
    release: str | None = None,
    service: str | None = None,
    traces_sample_rate: float = TRACES_SAMPLE_RATE,
    traces_rates: Mapping[str, float] | None = None,
) -> None:
    """Set up Sentry for this process: its errors are sent, without secrets.

    Args:
        dsn: destination of events; if it is empty, nothing is sent and a warning is logged.
        environment: name of the deployment.
        release: name of the deployed release, on every event; by default SENTRY_RELEASE, or that
            of the service's installed package.
        service: name of this process, a tag on every event; by default SERVICE_NAME, or
            `securenet`.
        traces_sample_rate: rate of requests and tasks that are traced, 0 to 1; it does not apply to
            errors, which are all sent.
        traces_rates: other rates for some operations; see `traces_sampler`.

    Raises:
        SettingsError: a setting or the DSN cannot be used, or it is empty in production.
    """
    if not dsn and environment.lower() in _PRODUCTION:
        raise SettingsError(
            f"SENTRY_DSN: it is empty, and ENVIRONMENT is {environment}: errors would be lost. "
            "Set the project's DSN."
        )
    if service is None or release is None:
        settings = get_settings()
        service = service or settings.service_name
        release = release or release_of(settings, service)
    sampler = traces_sampler(traces_sample_rate, traces_rates or {})
    # Read here: the first error of a process must not wait for git.
    installed_commit()
    _init_sdk(dsn, environment, release, sampler)
    _add_processors(service)
    _quieten_loggers()
    if not dsn:
        _log.warning("sentry_disabled", reason="SENTRY_DSN is empty, errors are only logged")


def _init_sdk(
    dsn: str, environment: str, release: str, sampler: Callable[[SamplingContext], float] | None
) -> None:
    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            release=release,
            traces_sampler=sampler,
            integrations=integrations(traced=sampler is not None),
            auto_enabling_integrations=False,
            disabled_integrations=DISABLED_INTEGRATIONS,
            transport=CountingTransport if dsn else None,
            data_collection=_DATA_COLLECTION,
            before_send=before_send,
            before_send_transaction=before_send_transaction,
            before_breadcrumb=scrub_breadcrumb,
        )
    except sentry_sdk.utils.BadDsn as error:
        raise SettingsError(f"SENTRY_DSN: it is not a valid DSN: {error}.") from None
    sdk_functions.install()
    runbook_hint.prepare()


def _add_processors(service: str) -> None:
    """Add the service's name to every event, and drop duplicates of an event."""
    scope = sentry_sdk.get_global_scope()
    scope.set_tag("service", service)
    scope.add_event_processor(drop_duplicate)
    scope.add_event_processor(rename_keys)


def _quieten_loggers() -> None:
    # Its records contain the arguments of the task that was received last.
    ignore_logger("celery.worker.strategy")
    if not sentry_sdk.get_client().options["debug"]:
        # At level debug it builds a record of every task, with a description, and discards it.
        sdk_logger.setLevel(logging.INFO)


def flush_sentry(timeout_s: float = 2.0) -> None:
    """Wait until captured events are sent, `timeout_s` seconds at most."""
    sentry_sdk.flush(timeout_s)


def delivery_status(event_id: str) -> int | None:
    """Return the HTTP status of Sentry's answer to this event, None until it has answered."""
    transport = sentry_sdk.get_client().transport
    return transport.statuses.get(event_id) if isinstance(transport, CountingTransport) else None


def lost_events() -> dict[str, int]:
    """Return the number of events that this process lost, by category and reason."""
    transport = sentry_sdk.get_client().transport
    return dict(transport.lost) if isinstance(transport, CountingTransport) else {}


def event_outcomes() -> EventOutcomes | None:
    """Return the outcomes of this process's events; None if it sends none."""
    transport = sentry_sdk.get_client().transport
    return transport.outcomes if isinstance(transport, CountingTransport) else None
