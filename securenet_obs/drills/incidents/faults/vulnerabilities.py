"""Fault of packages for runbooks: an advisory is published on a package that a tenant runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pydantic import SecretStr

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.ecosystems import package_of
from securenet_obs.detection.vulnerabilities.stored.advisories import last_sync, sync_advisories
from securenet_obs.detection.vulnerabilities.stored.waivers import load_waivers, store_waivers
from securenet_obs.errors import StackError
from securenet_obs.oncall.actions.sending import send_task
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.stack.local_stack import TENANTS, LocalStack
from securenet_obs.store import VulnerabilityScan, session_at

TENANT = TENANTS[1]
"""The tenant whose packages are scanned; every tenant of a stack runs PyYAML 5.3.1."""

ADVISORY = "GHSA-8q59-q68h-6hv4"
"""A critical vulnerability of PyYAML: it executes code from a document."""

_PACKAGE = "PyYAML"
_SOURCE = "incident"
_SCANNED_S = 30.0

RECORD: dict[str, Any] = {
    "id": ADVISORY,
    "aliases": ["CVE-2020-14343"],
    "modified": "2024-10-14T00:00:00Z",
    "summary": "Improper Input Validation in PyYAML",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": _PACKAGE},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "5.4"}]}],
        }
    ],
}
"""The advisory in OSV's format, as GitHub publishes it."""


@contextmanager
def publish_advisory(stack: LocalStack) -> Iterator[None]:
    """Publish a critical advisory on a package of a tenant, and let a task find it.

    After the block the advisory is withdrawn, its findings are resolved, the waivers are as before,
    and no tenant's scan is older than the advisories.

    Raises:
        StackError: no task has scanned a tenant within half a minute.
    """
    url = stack.environment["DATABASE_URL"]
    scope = partial(session_at, url)
    with scope() as session:
        waivers = load_waivers(session, TENANT)
    sync_advisories(_SOURCE, [Source(ADVISORY, RECORD)], scope=scope)
    try:
        _scan(stack, TENANT)
        yield
    finally:
        sync_advisories(_SOURCE, [], packages=[package_of("PyPI", _PACKAGE)], scope=scope)
        with scope() as session:
            store_waivers(session, TENANT, waivers)
        # The schedule may have scanned another tenant meanwhile, with or without the advisory.
        for tenant_id in TENANTS:
            if _is_scanned(url, tenant_id):
                _scan(stack, tenant_id)


def _scan(stack: LocalStack, tenant_id: str) -> None:
    """Let a worker scan a tenant with the present advisories."""
    environment = stack.environment
    settings = Settings(redis_url=SecretStr(environment["REDIS_URL"]))
    send_task(
        settings, "securenet_obs.workers.tasks.run_vulnerability_scan", [tenant_id], queue="scans"
    )
    if not poll_until(
        lambda: _is_scanned(environment["DATABASE_URL"], tenant_id, is_current=True),
        deadline_s=_SCANNED_S,
    ):
        raise StackError(f"No task has scanned {tenant_id} within {_SCANNED_S:g} s.")


def _is_scanned(url: str, tenant_id: str, *, is_current: bool = False) -> bool:
    """Return whether a tenant was scanned, at any time or with the present advisories."""
    with session_at(url) as session:
        last, sync = session.get(VulnerabilityScan, tenant_id), last_sync(session)
        present = sync.number if sync and is_current else 0
        return last is not None and last.sync_number >= present
