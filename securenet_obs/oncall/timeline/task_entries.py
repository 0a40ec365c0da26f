"""Entries of a timeline from the outbox, the dead letters and the results of tasks."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from securenet_obs.oncall.timeline.entry import Entry
from securenet_obs.probes.celery.results import ResultProbe
from securenet_obs.probes.store.reading import StoreProbe
from securenet_obs.settings import Settings

MAX_TASKS = 200
"""Number of tasks that are looked up, the newest ones."""


def read_task_entries(
    settings: Settings, tenant_id: str, task_ids: Collection[str]
) -> Iterator[Entry]:
    """Yield the entries of a tenant's tasks.

    Args:
        settings: those of the target.
        tenant_id: the tenant; a task of another is left out.
        task_ids: ids of the tasks.

    Raises:
        UnreachableError: the store or the result database does not answer.
        ForbiddenError: it denies access.
        NotFoundError: the store has no tables.
    """
    ids = sorted(task_ids)
    store = StoreProbe(settings)
    for row in store.submissions(tenant_id, ids).to_dict("records"):
        task_id, count = str(row["task_id"]), f"published {row['publications']} times"
        yield Entry(
            _utc(row["accepted_at"]), "store", "", "accepted", task_id=task_id, detail=count
        )
        if row["finished_at"] is not None:
            yield Entry(_utc(row["finished_at"]), "store", "", "finished", task_id=task_id)
    for row in store.dead_letters(tenant_id, ids).to_dict("records"):
        yield Entry(
            _utc(row["last_at"]),
            *("store", "", "dead letter", str(row["task"]).rpartition(".")[2]),
            task_id=str(row["task_id"]),
            detail=f"{row['reason']}, {row['error']}, {row['times']} times",
            has_failed=True,
        )
    yield from _read_ends(settings, tenant_id, ids)


def _read_ends(settings: Settings, tenant_id: str, task_ids: Collection[str]) -> Iterator[Entry]:
    results = ResultProbe(settings)
    for task_id in task_ids:
        end = results.read_end(task_id, tenant_id)
        if end is not None:
            yield Entry(
                end.at,
                *("result", "", end.state),
                task_id=task_id,
                event_id=end.event_id,
                detail=end.error,
                has_failed=end.state == "FAILURE",
            )


def _utc(value: Any) -> datetime:
    """Return a time of the store with its zone; SQLite stores none."""
    at: datetime = value
    return at if at.tzinfo else at.replace(tzinfo=UTC)
