"""Alerts as the service takes them from the store."""

from datetime import UTC, datetime

from securenet_obs.api.alerts.alertmanager import read_alertmanager
from securenet_obs.api.alerts.sentry import read_sentry
from securenet_obs.oncall.dossiers.queue import WaitingAlert
from tests.vendor_alerts import Alert


def taken(alert: Alert) -> WaitingAlert:
    """Return a vendor's alert as it is read, stored and taken."""
    resource, body = alert
    is_sentry = resource != "alertmanager"
    (received,) = read_sentry(resource, body) if is_sentry else read_alertmanager(body)
    now = datetime(2026, 11, 27, 8, tzinfo=UTC)
    return WaitingAlert(key="0123456789", opened_at=now, times=1, **received.to_values())
