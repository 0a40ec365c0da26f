"""Deletion of old rows: in small steps that hold up no other writer."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from securenet_obs.processes.polling import Deadline
from securenet_obs.store import (
    REQUEST,
    ProcessedBatch,
    TaskEffect,
    Tenant,
    ensure_tenant,
    retention,
    session_scope,
)
from securenet_obs.store.retention import STEP_ROWS, delete_older
from tests.busy import room_for

pytestmark = pytest.mark.usefixtures("empty_store")

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD = TaskEffect.at < NOW


def add_effects(count: int, at: datetime, name: str = "old") -> None:
    """Store effects of one time."""
    rows = [
        {"tenant_id": "acme", "task": name, "window": str(n), "at": at, "result": {}}
        for n in range(count)
    ]
    with session_scope() as session:
        session.execute(insert(TaskEffect), rows)


def left() -> int:
    """Return the number of effects."""
    with session_scope() as session:
        return session.scalar(select(func.count()).select_from(TaskEffect)) or 0


def test_only_old_rows_are_deleted() -> None:
    """Every old row, in several steps, and no other one."""
    add_effects(2 * STEP_ROWS + 3, NOW - timedelta(days=1))
    add_effects(5, NOW, "new")
    deleted = delete_older(TaskEffect, TaskEffect.at, OLD, deadline=Deadline.after(30))
    assert (deleted, left()) == (2 * STEP_ROWS + 3, 5)
    assert delete_older(TaskEffect, TaskEffect.at, OLD, deadline=Deadline.after(30)) == 0


def test_the_oldest_are_deleted_first_until_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run has an end; the rest is left for the next one."""
    monkeypatch.setattr(retention, "_MIN_PAUSE_S", 0.3)
    add_effects(STEP_ROWS, NOW - timedelta(days=1), "younger")
    add_effects(STEP_ROWS, NOW - timedelta(days=2), "older")
    deadline = Deadline.after(0.2)
    assert delete_older(TaskEffect, TaskEffect.at, OLD, deadline=deadline) == STEP_ROWS
    with session_scope() as session:
        assert set(session.scalars(select(TaskEffect.task))) == {"younger"}


def test_other_writers_are_not_held_up() -> None:
    """While thousands of rows are deleted, each other write is done within a request's wait."""
    add_effects(8_000, NOW - timedelta(days=1))
    done = threading.Event()
    failures: list[BaseException] = []

    def delete() -> None:
        try:
            delete_older(TaskEffect, TaskEffect.at, OLD, deadline=Deadline.after(60))
        except BaseException as error:  # noqa: BLE001 asserted below
            failures.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=delete)
    thread.start()
    waits_s = []
    while not done.is_set():
        began = time.monotonic()
        with session_scope(REQUEST) as session:
            ensure_tenant(session, f"tenant-{len(waits_s)}")
        waits_s.append(time.monotonic() - began)
        time.sleep(0.005)
    thread.join()
    assert failures == []
    assert left() == 0
    assert len(waits_s) > 3
    assert max(waits_s) < room_for(0.5)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
@pytest.mark.stack
def test_a_locked_row_is_left_for_later(empty_store: str) -> None:
    """Neither a deadlock nor a wait: a row in use is not deleted in this run."""
    add_effects(3, NOW - timedelta(days=1))
    with session_scope() as holder:
        holder.execute(update(TaskEffect).where(TaskEffect.window == "1").values(result={"n": 1}))
        began = time.monotonic()
        assert delete_older(TaskEffect, TaskEffect.at, OLD, deadline=Deadline.after(60)) == 2
        assert time.monotonic() - began < room_for(1)
    assert left() == 1


def test_a_key_of_one_column_works_too() -> None:
    """Tables have keys of one to three columns."""
    with session_scope() as session:
        session.add(Tenant(tenant_id="acme"))
        session.flush()
        batches = [
            {"batch_id": f"b{n}", "tenant_id": "acme", "processed_at": NOW - timedelta(days=n)}
            for n in range(3)
        ]
        session.execute(insert(ProcessedBatch), batches)
    old: Any = ProcessedBatch.processed_at < NOW
    age: Any = ProcessedBatch.processed_at
    assert delete_older(ProcessedBatch, age, old, deadline=Deadline.after(5)) == 2
