"""Instrumentation of SecureNet processes: logs, Sentry, correlation, telemetry, diagnostics."""

from securenet_obs.monitoring.asgi import CorrelationMiddleware
from securenet_obs.monitoring.correlation import bind_tenant, bound_tenant, current_ids
from securenet_obs.monitoring.diagnostics import fail_on_purpose, log_canary_relay
from securenet_obs.monitoring.logs.setup import configure_structlog
from securenet_obs.monitoring.sentry.client import (
    delivery_status,
    flush_sentry,
    init_sentry,
    lost_events,
)
from securenet_obs.monitoring.sentry.events.capture import capture_error, event_id_of, report_errors
from securenet_obs.monitoring.sentry.events.scrubbing import filter_sensitive_data
from securenet_obs.monitoring.sentry.tracing.traces import trace_headers
from securenet_obs.monitoring.services import monitor_celery, monitor_fastapi
from securenet_obs.monitoring.start import start_monitoring, start_notebook_monitoring

__all__ = [
    "CorrelationMiddleware",
    "bind_tenant",
    "bound_tenant",
    "capture_error",
    "configure_structlog",
    "current_ids",
    "delivery_status",
    "event_id_of",
    "fail_on_purpose",
    "filter_sensitive_data",
    "flush_sentry",
    "init_sentry",
    "log_canary_relay",
    "lost_events",
    "monitor_celery",
    "monitor_fastapi",
    "report_errors",
    "start_monitoring",
    "start_notebook_monitoring",
    "trace_headers",
]
