"""Subject of a timeline: a request, a tenant, or a request of a tenant, within a period."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from securenet_obs.errors import SettingsError
from securenet_obs.settings import TENANT_ID

_REQUEST_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}"


@dataclass(frozen=True)
class Subject:
    """Subject of a timeline.

    Args:
        request_id: id of the request; empty for all requests of the tenant.
        tenant_id: the tenant; empty for that of the request.
        since: time of the oldest entry.
        until: time of the newest entry.
    """

    request_id: str
    tenant_id: str
    since: datetime
    until: datetime

    @property
    def name(self) -> str:
        """The subject in words; `no request and no tenant` without either."""
        request = f"request {self.request_id}" if self.request_id else ""
        tenant = f"tenant {self.tenant_id}" if self.tenant_id else ""
        return " of ".join(filter(None, (request, tenant))) or "no request and no tenant"


def parse_subject(request_id: str, tenant_id: str, within_h: float) -> Subject:
    """Return the subject of the last hours.

    Raises:
        SettingsError: an id is not valid.
    """
    if request_id and not re.fullmatch(_REQUEST_ID, request_id):
        raise SettingsError(f"request_id: {request_id!r} is not an id of a request.")
    if tenant_id and not re.fullmatch(TENANT_ID, tenant_id):
        raise SettingsError(f"tenant_id: {tenant_id!r} is not an id of a tenant.")
    now = datetime.now(UTC)
    return Subject(request_id, tenant_id, now - timedelta(hours=within_h), now)
