"""Which rows apply follows from the tasks that loop, and from open dead letters."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from securenet_obs.oncall.symptoms import task_is_poisonous as module
from securenet_obs.oncall.symptoms.task_is_poisonous import TaskIsPoisonous
from securenet_obs.probes.celery.repeated_starts import RepeatedTask
from securenet_obs.probes.celery.tasks import TaskProbe
from securenet_obs.settings import Settings
from securenet_obs.workers.dead_letters import Letter

LOOP = RepeatedTask("t1", "a.scan", 4, "acme", "in flight")


def letter(number: int, *, redacted: bool = False, hours: float = 1, **changes: Any) -> Letter:
    """Return an open dead letter of a task that lost its process."""
    values: dict[str, Any] = {
        **dict.fromkeys(Letter.__dataclass_fields__),
        "id": number,
        "task_id": f"t{number}",
        "task": "a.scan",
        "redacted": redacted,
        "reason": "worker_lost",
        "times": 1,
        "last_at": datetime.now(UTC) - timedelta(hours=hours),
    }
    return Letter(**{**values, **changes})


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., TaskIsPoisonous]:
    """Return a function for the symptom, after its look at these loops and letters."""

    def look(loops: list[RepeatedTask], letters: list[Letter], wanted: str = "") -> TaskIsPoisonous:
        monkeypatch.setattr(TaskProbe, "queue_names", lambda _: ["logs"])
        monkeypatch.setattr(module, "find_repeated_tasks", lambda *_: loops)
        monkeypatch.setattr(module, "list_letters", lambda *_, **__: letters)
        symptom = TaskIsPoisonous(Settings(), requeue_task=wanted, deadline_s=0.0)
        symptom.look()
        symptom.letters()
        return symptom

    return look


OPEN = "dead letters of tasks that lost their process"
MENDED = "dead letters whose cause is mended"
AGAIN = "task t1 is started again and again"


@pytest.mark.parametrize(
    ("loops", "letters", "wanted", "findings"),
    [
        ([], [], "", []),
        ([LOOP], [], "", [AGAIN]),
        ([], [letter(1)], "", [OPEN]),
        ([], [letter(1)], "scan", [MENDED]),
        ([], [letter(1)], "a.scan", [MENDED]),
        ([], [letter(1)], "can", [OPEN]),
        ([], [letter(1), letter(2, redacted=True)], "scan", [MENDED, OPEN]),
        ([], [letter(1, reason="timeout"), letter(2, hours=25)], "", []),
    ],
)
def test_the_rows_that_apply(
    looked: Callable[..., TaskIsPoisonous],
    loops: list[RepeatedTask],
    letters: list[Letter],
    wanted: str,
    findings: list[str],
) -> None:
    """A filter selects by the whole name or its last part; a masked letter cannot be sent."""
    rows = looked(loops, letters, wanted).decide()
    assert [row.finding for row in rows if row.applies] == findings


def test_a_loop_that_goes_on_is_not_mended(
    looked: Callable[..., TaskIsPoisonous], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another task that loops since is not that one."""
    symptom = looked([LOOP], [])
    assert not symptom.verify_loops().passed
    other = RepeatedTask("t9", "a.scan", 9, "acme", "in flight")
    monkeypatch.setattr(module, "find_repeated_tasks", lambda *_: [other])
    assert symptom.verify_loops().passed


@pytest.mark.parametrize(
    ("times", "state", "passed"),
    [(1, "SUCCESS", True), (1, "FAILURE", False), (2, "SUCCESS", False), (1, "PENDING", False)],
)
def test_a_requeued_task_must_succeed(
    looked: Callable[..., TaskIsPoisonous],
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    state: str,
    passed: bool,
) -> None:
    """One that is a dead letter again, or has not ended, is not mended."""
    symptom = looked([], [letter(1)], "scan")
    monkeypatch.setattr(module, "show_letter", lambda _: letter(1, times=times))
    monkeypatch.setattr(TaskProbe, "task_state", lambda *_: state)
    assert symptom.verify_requeued().passed is passed
