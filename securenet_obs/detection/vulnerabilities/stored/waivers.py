"""Waivers of tenants in the store."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from securenet_obs import store
from securenet_obs.detection.vulnerabilities.waivers import Waiver


def store_waivers(session: Session, tenant_id: str, waivers: Iterable[Waiver]) -> int:
    """Replace a tenant's waivers; return their number.

    Of several waivers of one vulnerability and package the one that expires last is stored.
    """
    store.ensure_tenant(session, tenant_id)
    store.lock_tenant(session, tenant_id)
    session.execute(delete(store.Waiver).where(store.Waiver.tenant_id == tenant_id))
    ordered = sorted(waivers, key=lambda waiver: waiver.expires_on)
    latest = {(waiver.advisory_id, waiver.package): waiver for waiver in ordered}
    session.add_all(
        store.Waiver(
            tenant_id=tenant_id,
            advisory_id=waiver.advisory_id,
            package=waiver.package,
            reason=waiver.reason,
            expires_on=waiver.expires_on.isoformat(),
        )
        for waiver in latest.values()
    )
    return len(latest)


def load_waivers(session: Session, tenant_id: str) -> list[Waiver]:
    """Return a tenant's waivers, those that expire first before others."""
    rows = session.scalars(
        select(store.Waiver)
        .where(store.Waiver.tenant_id == tenant_id)
        .order_by(store.Waiver.expires_on, store.Waiver.advisory_id, store.Waiver.package)
    )
    return [
        Waiver(row.advisory_id, row.package, row.reason, date.fromisoformat(row.expires_on))
        for row in rows
    ]
