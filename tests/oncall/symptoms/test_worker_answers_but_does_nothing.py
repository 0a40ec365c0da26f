"""Which row applies follows from answers, queues, canaries and depths."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from securenet_obs.oncall.symptoms import worker_answers_but_does_nothing as module
from securenet_obs.oncall.symptoms.queue_is_growing import QueueState
from securenet_obs.oncall.symptoms.worker_answers_but_does_nothing import (
    WorkerAnswersButDoesNothing,
)
from securenet_obs.probes.celery.known_workers import KnownWorker
from securenet_obs.probes.celery.tasks import TaskProbe
from securenet_obs.probes.health.health import Health
from securenet_obs.settings import Settings

WORKS = KnownWorker("worker@a", True, ("logs",), 7, 50.0)
IDLE = KnownWorker("worker@a", True, (), 7, 50.0)
GONE = KnownWorker("worker@a", False)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., WorkerAnswersButDoesNothing]:
    """Return a function for the symptom, after its look at these observations."""

    def look(
        worker: KnownWorker, healthy: bool, depths: tuple[int, int]
    ) -> WorkerAnswersButDoesNothing:
        answers = iter([{"logs": depth} for depth in depths])

        def queue_depths(_probe: TaskProbe, _queues: Any = None) -> Mapping[str, int]:
            return next(answers)

        monkeypatch.setattr(TaskProbe, "queue_depths", queue_depths)
        monkeypatch.setattr(module, "ask_known_workers", lambda *_: [worker])
        health = Health(worker.name, healthy, "seen")
        monkeypatch.setattr(module, "probe_worker", lambda *_: health)
        symptom = WorkerAnswersButDoesNothing(Settings())
        symptom.look()
        return symptom

    return look


@pytest.mark.parametrize(
    ("worker", "healthy", "depths", "finding"),
    [
        (WORKS, True, (0, 0), None),
        (WORKS, True, (50, 40), None),
        (WORKS, True, (5, 9), None),
        (WORKS, True, (5, 10), "every worker works, and a queue rises"),
        (WORKS, False, (5, 10), "worker@a consumes its queues and executes nothing"),
        (IDLE, False, (0, 0), "worker@a answers and consumes no queue"),
        (GONE, False, (5, 10), "worker@a does not answer"),
    ],
)
def test_one_row_applies_at_most(
    looked: Callable[..., WorkerAnswersButDoesNothing],
    worker: KnownWorker,
    healthy: bool,
    depths: tuple[int, int],
    finding: str | None,
) -> None:
    """Each case has its own row; a falling or a short queue has none."""
    rows = looked(worker, healthy, depths).decide()
    assert [row.finding for row in rows if row.applies] == ([finding] if finding else [])


@pytest.mark.parametrize(
    ("worker", "healthy", "youngest_s"),
    [(WORKS, True, math.inf), (WORKS, False, 50.0), (IDLE, True, 50.0), (GONE, False, math.inf)],
)
def test_the_stop_condition_counts_workers_that_do_nothing(
    looked: Callable[..., WorkerAnswersButDoesNothing],
    worker: KnownWorker,
    healthy: bool,
    youngest_s: float,
) -> None:
    """A worker that works may be young."""
    assert looked(worker, healthy, (0, 0)).youngest_idle_s() == youngest_s


@pytest.mark.parametrize(
    ("worker", "healthy", "passed"),
    [(WORKS, True, (True, True)), (WORKS, False, (True, False)), (IDLE, False, (False, False))],
)
def test_the_verification_reads_queues_and_canaries_anew(
    looked: Callable[..., WorkerAnswersButDoesNothing],
    worker: KnownWorker,
    healthy: bool,
    passed: tuple[bool, bool],
) -> None:
    """A worker without queues, or without an executed canary, is not repaired."""
    symptom = looked(worker, healthy, (0, 0))
    assert (symptom.verify_queues().passed, symptom.verify_canaries().passed) == passed


@pytest.mark.parametrize(
    ("state", "passed"),
    [
        (QueueState(9, 5.0, 0.0, 4.0), True),
        (QueueState(60, 2.0, 14.0, 4.0), True),
        (QueueState(60, 2.0, 2.5, 4.0), False),
        (QueueState(60, 2.0, 0.0, 4.0), False),
    ],
)
def test_the_verification_watches_until_a_queue_certainly_shrinks(
    looked: Callable[..., WorkerAnswersButDoesNothing],
    monkeypatch: pytest.MonkeyPatch,
    state: QueueState,
    passed: bool,
) -> None:
    """A difference that may be chance does not verify a repair."""
    symptom = looked(WORKS, True, (50, 60))
    monkeypatch.setattr(symptom, "_watch", lambda _window_s: {"logs": state})
    assert symptom.verify_depths().passed is passed
