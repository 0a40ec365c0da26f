"""Which rows apply follows from the runs of each task, and from timeouts and limits."""

import math
from collections.abc import Callable

import pandas as pd
import pytest

from securenet_obs.oncall.symptoms import tasks_run_twice as module
from securenet_obs.oncall.symptoms.tasks_run_twice import TasksRunTwice
from securenet_obs.probes.celery.executions import Execution
from securenet_obs.probes.celery.tasks import TaskProbe
from securenet_obs.settings import Settings

FIRST = Execution("t1", "scan", "worker@a", 7, 10.0, False)
EXTRA = Execution("t1", "scan", "worker@b", 8, 20.0, True)
AGAIN = Execution("t1", "scan", "worker@b", 9, 20.0, False)
TWICE = "task t1 runs twice at once, now in worker@b"
SHORT = "the visibility timeout of worker@a is too short"


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., TasksRunTwice]:
    """Return a function for the symptom, after its look at these runs and limits."""

    def look(
        *runs: Execution, limit_s: float = 600.0, timeout_s: float = 3600.0, known: bool = True
    ) -> TasksRunTwice:
        answer = {"t1": list(runs)} if runs else {}
        columns = ["worker", "hard_limit_s", "visibility_timeout_s"]
        limits = pd.DataFrame([("worker@a", limit_s, timeout_s)] * known, columns=columns)
        monkeypatch.setattr(module, "read_executions", lambda _: answer)
        monkeypatch.setattr(TasksRunTwice, "_read_limits", lambda _: limits)
        symptom = TasksRunTwice(Settings(), deadline_s=0.0)
        symptom.look()
        symptom.limits()
        return symptom

    return look


@pytest.mark.parametrize(
    ("runs", "limit_s", "timeout_s", "findings"),
    [
        ((), 600.0, 3600.0, []),
        ((FIRST,), 600.0, 3600.0, []),
        ((FIRST, EXTRA), 600.0, 3600.0, [TWICE]),
        ((FIRST, EXTRA, AGAIN), 600.0, 3600.0, [TWICE, TWICE]),
        ((), 600.0, 601.0, []),
        ((), 600.0, 600.0, [SHORT]),
        ((), math.nan, 3600.0, [SHORT]),
        ((FIRST, EXTRA), 600.0, 300.0, [TWICE, SHORT]),
    ],
)
def test_the_rows_that_apply(
    looked: Callable[..., TasksRunTwice],
    runs: tuple[Execution, ...],
    limit_s: float,
    timeout_s: float,
    findings: list[str],
) -> None:
    """A task without a limit may exceed any timeout."""
    symptom = looked(*runs, limit_s=limit_s, timeout_s=timeout_s)
    applying = [row.finding for row in symptom.decide() if row.applies]
    assert len(applying) == len(findings)
    assert all(map(str.startswith, applying, findings))


@pytest.mark.parametrize(
    ("extra", "why"), [(EXTRA, "; redelivered: its worker was lost"), (AGAIN, "was sent twice")]
)
def test_the_cause_is_named(
    looked: Callable[..., TasksRunTwice], extra: Execution, why: str
) -> None:
    """A message that was not redelivered was sent twice."""
    (row, *_) = looked(FIRST, extra).decide()
    assert why in row.why


@pytest.mark.parametrize(
    ("runs", "state", "passed"),
    [
        ((FIRST,), "PENDING", True),
        ((FIRST, EXTRA), "PENDING", False),
        ((), "SUCCESS", True),
        ((), "REVOKED", False),
        ((), "PENDING", False),
    ],
)
def test_the_first_run_must_go_on_or_succeed(
    looked: Callable[..., TasksRunTwice],
    monkeypatch: pytest.MonkeyPatch,
    runs: tuple[Execution, ...],
    state: str,
    passed: bool,
) -> None:
    """A repair that ends both runs is none."""
    symptom = looked(FIRST, EXTRA)
    monkeypatch.setattr(module, "read_executions", lambda _: {"t1": list(runs)} if runs else {})
    monkeypatch.setattr(TaskProbe, "task_state", lambda *_: state)
    assert symptom.verify_runs().passed is passed


@pytest.mark.parametrize(
    ("timeout_s", "known", "passed"),
    [(3600.0, True, True), (300.0, True, False), (3600.0, False, False)],
)
def test_every_worker_must_have_a_longer_timeout(
    looked: Callable[..., TasksRunTwice], timeout_s: float, known: bool, passed: bool
) -> None:
    """Without any answer nothing is verified."""
    assert looked(timeout_s=timeout_s, known=known).verify_limits().passed is passed
