"""Retention: each kind of row is deleted at its age, and never before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from securenet_obs.settings import Settings
from securenet_obs.store import (
    DeadLetter,
    Finding,
    IdempotencyKey,
    Inventory,
    LogFile,
    LogRange,
    NetworkMinute,
    ProcessedBatch,
    QuarantinedRecord,
    Submission,
    TaskEffect,
    VulnerabilityScan,
    ensure_tenant,
    session_scope,
)
from securenet_obs.workers.retention import KEY_RETENTION, delete_old_rows

pytestmark = pytest.mark.usefixtures("empty_store")

SETTINGS = Settings()
DAYS = {
    "results": SETTINGS.retention_results_d,
    "effects": SETTINGS.retention_effects_d,
    "processed": SETTINGS.retention_processed_d,
    "dead_letters": SETTINGS.retention_dead_letters_d,
    "keys": KEY_RETENTION / timedelta(days=1),
}


def submission(name: str, accepted_at: datetime, **values: Any) -> Submission:
    """Return a batch of acme."""
    given = {"records": [], "ids": {}, "publications": 1, **values}
    return Submission(task_id=name, tenant_id="acme", accepted_at=accepted_at, **given)


def letter(task_id: str, last_at: datetime) -> DeadLetter:
    """Return a dead letter."""
    texts = dict.fromkeys(("task", "reason", "error", "message", "traceback"), "x")
    return DeadLetter(
        task_id=task_id,
        first_at=last_at,
        last_at=last_at,
        times=1,
        redacted=False,
        arguments={},
        **texts,
    )


def quarantined(at: datetime) -> QuarantinedRecord:
    """Return a quarantined item of acme."""
    texts = dict.fromkeys(("task_id", "reason", "sample"), "x")
    return QuarantinedRecord(tenant_id="acme", item=0, place=0, at=at, **texts)


def remaining() -> set[str]:
    """Return the names of the rows that are left."""
    keys: tuple[Any, ...] = (
        Submission.task_id,
        TaskEffect.window,
        ProcessedBatch.batch_id,
        DeadLetter.task_id,
        IdempotencyKey.task_id,
    )
    with session_scope() as session:
        return {name for key in keys for name in session.scalars(select(key))}


def test_each_kind_has_its_age() -> None:
    """A row a minute older than its retention goes, one a minute younger stays."""
    now, minute = datetime.now(UTC), timedelta(minutes=1)
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.flush()
        for name, offset in (("old", -minute), ("new", minute)):
            ages = {kind: now - timedelta(days=days) + offset for kind, days in DAYS.items()}
            session.add_all(
                [
                    submission(f"{name} result", ages["results"], finished_at=ages["results"]),
                    submission(f"{name} given up", ages["dead_letters"]),
                    ProcessedBatch(
                        batch_id=f"{name} batch",
                        tenant_id="acme",
                        processed_at=ages["processed"],
                    ),
                    IdempotencyKey(
                        tenant_id="acme",
                        key_hash=name,
                        body_hash="",
                        task_id=f"{name} key",
                        created_at=ages["keys"],
                    ),
                    TaskEffect(
                        tenant_id="acme",
                        task="t",
                        window=f"{name} effect",
                        at=ages["effects"],
                        result={},
                    ),
                    letter(f"{name} letter", ages["dead_letters"]),
                    quarantined(ages["results"]),
                    LogFile(tenant_id="acme", digest=name, ranges=1, started_at=ages["processed"]),
                    LogRange(tenant_id="acme", digest=name, start=0, content={}),
                ]
            )
        long_ago = now - timedelta(days=4000)
        session.add_all(
            [
                submission("waits for its worker", long_ago, due_at=now),
                submission("has a dead letter", long_ago),
                letter("has a dead letter", now),
            ]
        )
    deleted = delete_old_rows(SETTINGS)
    assert deleted == {
        "submissions": 2,
        "quarantined_records": 1,
        "log_files": 1,
        "log_ranges": 1,
        "task_effects": 1,
        "processed_batches": 1,
        "idempotency_keys": 1,
        "dead_letters": 1,
        "network_minutes": 0,
        "findings": 0,
        "inventories": 0,
    }
    assert remaining() == {
        *("new result", "new given up", "new batch", "new effect", "new letter"),
        "new key",
        *("waits for its worker", "has a dead letter"),
    }
    assert set(delete_old_rows(SETTINGS).values()) == {0}


def test_minutes_are_deleted_at_their_age() -> None:
    """Those of every tenant."""
    age = datetime.now(UTC) - timedelta(days=SETTINGS.retention_minutes_d)
    moments = (age - timedelta(days=300), age - timedelta(minutes=1), age + timedelta(minutes=1))
    with session_scope() as session:
        for tenant_id in ("acme", "other"):
            ensure_tenant(session, tenant_id)
            session.flush()
            session.add_all(NetworkMinute(tenant_id=tenant_id, minute=one) for one in moments)
    assert delete_old_rows(SETTINGS)["network_minutes"] == 4
    with session_scope() as session:
        left = {(row.tenant_id, row.minute) for row in session.scalars(select(NetworkMinute))}
    assert left == {("acme", moments[2]), ("other", moments[2])}


def finding(package: str, resolved_at: datetime | None) -> Finding:
    """Return a finding of acme that is years old."""
    began = datetime.now(UTC) - timedelta(days=4000)
    texts = dict.fromkeys(("ecosystem", "version", "advisory_id", "cause"), "x")
    times = dict.fromkeys(("first_seen", "new_at", "last_seen"), began)
    given = {**texts, **times, "package": package, "details": {}, "resolved_at": resolved_at}
    return Finding(tenant_id="acme", **given)


def test_resolved_findings_are_deleted_at_their_age() -> None:
    """An open finding stays, however old it is."""
    age = datetime.now(UTC) - timedelta(days=SETTINGS.retention_findings_d)
    minute = timedelta(minutes=1)
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.flush()
        resolved = {"old": age - minute, "new": age + minute, "open": None}
        session.add_all(finding(name, moment) for name, moment in resolved.items())
    assert delete_old_rows(SETTINGS)["findings"] == 1
    with session_scope() as session:
        assert set(session.scalars(select(Finding.package))) == {"new", "open"}


@pytest.mark.parametrize(("scanned", "kept"), [(4, [3, 4]), (1, [1, 3, 4])])
def test_inventories_are_deleted_once_they_were_replaced_long_ago(
    scanned: int, kept: list[int]
) -> None:
    """The age counts from the replacement; the current and the last scanned one stay."""
    now, longest = datetime.now(UTC), timedelta(days=SETTINGS.retention_inventories_d)
    ages = {1: 3 * longest, 2: 2 * longest, 3: 1.5 * longest, 4: 0.5 * longest}
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.flush()
        content = {"source": "x", "digest": "x", "components": [], "problems": []}
        session.add_all(
            Inventory(tenant_id="acme", number=number, imported_at=now - age, **content)
            for number, age in ages.items()
        )
        numbers = {"inventory_number": scanned, "sync_number": 1}
        session.add(VulnerabilityScan(tenant_id="acme", scanned_at=now, **numbers))
    assert delete_old_rows(SETTINGS)["inventories"] == 4 - len(kept)
    with session_scope() as session:
        assert list(session.scalars(select(Inventory.number).order_by("number"))) == kept


def test_the_settings_decide() -> None:
    """A shorter retention deletes more."""
    with session_scope() as session:
        session.add(letter("a letter", datetime.now(UTC) - timedelta(days=3)))
    assert delete_old_rows(SETTINGS)["dead_letters"] == 0
    assert delete_old_rows(Settings(retention_dead_letters_d=2))["dead_letters"] == 1
