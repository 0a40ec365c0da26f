"""Dead letters are selected by each property, and by all of them together."""

from datetime import UTC, datetime, timedelta

import pytest

from securenet_obs.store import DeadLetter, session_scope
from securenet_obs.workers.dead_letters import list_letters
from securenet_obs.workers.letter_filter import LetterFilter, compute_digest
from tests.dead_letters import delete_dead_letters

TASK = "securenet_obs.workers.tasks.run_vulnerability_scan"


def store(task_id: str, **changes: object) -> None:
    """Store a dead letter of the tenant acme that failed a minute ago."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    row = DeadLetter(
        task_id=task_id,
        task=TASK,
        tenant_id="acme",
        arguments={},
        redacted=False,
        error="ValueError",
        message="",
        traceback="",
        times=1,
        first_at=at,
        reason="failed",
        last_at=at,
    )
    for name, value in changes.items():
        setattr(row, name, value)
    with session_scope() as session:
        session.add(row)


@pytest.mark.usefixtures("store")
def test_every_property_counts(environment: dict[str, str]) -> None:
    """The task's name may be its last part; underscores are no wildcards."""
    delete_dead_letters(environment["DATABASE_URL"])
    store("plain")
    store("task", task=f"{TASK.rpartition('.')[0]}.runXvulnerabilityXscan")
    store("tenant", tenant_id="other")
    store("reason", reason="timeout")
    store("old", last_at=datetime.now(UTC) - timedelta(hours=2))
    store("requeued", requeued_at=datetime.now(UTC))
    everything = {"plain", "task", "tenant", "reason", "old", "requeued"}
    wanted = {
        "task": LetterFilter(task="run_vulnerability_scan"),
        "tenant": LetterFilter(tenant_id="acme"),
        "reason": LetterFilter(reason="failed"),
        "old": LetterFilter(since_s=3600),
        "requeued": LetterFilter(is_open=True),
    }
    for left_out, one in wanted.items():
        assert {row.task_id for row in list_letters(wanted=one)} == everything - {left_out}
    together = LetterFilter(TASK, "acme", "failed", 3600, is_open=True)
    assert [row.task_id for row in list_letters(wanted=together)] == ["plain"]
    assert len(list_letters()) == len(everything)


def test_a_digest_is_of_the_letters_whatever_their_order() -> None:
    """Another letter changes it."""
    assert compute_digest([3, 1]) == compute_digest([1, 3])
    assert compute_digest([1]) != compute_digest([1, 3]) != compute_digest([13])
