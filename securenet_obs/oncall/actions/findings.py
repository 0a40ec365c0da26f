"""Actions on stored findings: accepts them with a waiver, and lets a worker scan a tenant anew."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from securenet_obs.detection.vulnerabilities.stored.waivers import load_waivers, store_waivers
from securenet_obs.detection.vulnerabilities.waivers import Waiver
from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.sending import send_task
from securenet_obs.oncall.actions.step import Action, State
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.store import VulnerabilityScan, session_scope

_SCAN = "securenet_obs.workers.tasks.run_vulnerability_scan"
_QUEUE = "scans"


def scan_again(settings: Settings, tenant_id: str, deadline_s: float) -> Action:
    """Return the action that lets a worker scan a tenant's inventory now.

    Args:
        settings: those of the target.
        tenant_id: the tenant.
        deadline_s: seconds in which the scan must end.
    """
    return Action(
        "scan_again",
        f"scan the inventory of {tenant_id} by a task",
        "none: a scan replaces the findings by those of the present inventory and advisories",
        lambda: {"last scan": _describe_time(read_scan_time(tenant_id))},
        lambda: _scan(settings, tenant_id, deadline_s),
    )


def accept_findings(
    settings: Settings, tenant_id: str, waivers: Sequence[Waiver], deadline_s: float
) -> Action:
    """Return the action that adds waivers to those of a tenant, and scans it again.

    Args:
        settings: those of the target.
        tenant_id: the tenant.
        waivers: what is accepted, why and until when.
        deadline_s: seconds in which the scan must end.
    """
    listed = ", ".join(f"{row.advisory_id} of {row.package}" for row in waivers)
    until = ", ".join(sorted({row.expires_on.isoformat() for row in waivers}))
    reasons = "; ".join(dict.fromkeys(row.reason for row in waivers))

    def run() -> str:
        with session_scope() as session:
            count = store_waivers(session, tenant_id, [*load_waivers(session, tenant_id), *waivers])
        return f"{tenant_id} has {count} waivers; {_scan(settings, tenant_id, deadline_s)}"

    return Action(
        "accept_findings",
        f"accept for {tenant_id} until the end of {until}, because {reasons}: {listed}; then scan "
        "it by a task",
        f"`securenet-obs waivers import {tenant_id} FILE` with the waivers that shall stay",
        lambda: _read_waivers(tenant_id),
        run,
    )


def read_scan_time(tenant_id: str) -> datetime | None:
    """Return the time of a tenant's last scan; None if it was never scanned.

    Raises:
        StoreUnavailableError: the store cannot do it now.
    """
    with session_scope() as session:
        scan = session.get(VulnerabilityScan, tenant_id)
        return scan.scanned_at if scan else None


def _scan(settings: Settings, tenant_id: str, deadline_s: float) -> str:
    before = read_scan_time(tenant_id)
    send_task(settings, _SCAN, [tenant_id], queue=_QUEUE)
    after = poll_until(
        lambda: read_scan_time(tenant_id), lambda now: now != before, deadline_s=deadline_s
    )
    if after == before:
        raise ActionError(
            f"{tenant_id} was not scanned within {deadline_s:g} s; see the worker's log, then "
            "`securenet-obs run worker_is_gone`."
        )
    return f"{tenant_id} was scanned at {_describe_time(after)}"


def _describe_time(moment: datetime | None) -> str:
    return f"{moment:%FT%T.%fZ}" if moment else "never"


def _read_waivers(tenant_id: str) -> State:
    """Return the number of a tenant's waivers, and their digest."""
    with session_scope() as session:
        waivers = load_waivers(session, tenant_id)
    digest = hashlib.sha256(repr(waivers).encode()).hexdigest()[:12]
    return {"waivers": f"{len(waivers)}, digest {digest}"}
