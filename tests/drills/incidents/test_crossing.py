"""A runbook on another's fault fails if a row applies or an action is offered, unless argued."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from securenet_obs.drills.incidents.crossing import HEALTHY, cross_on, judge, render_cross
from securenet_obs.drills.incidents.exceptions import CrossException
from securenet_obs.drills.incidents.incident import Incident
from securenet_obs.drills.incidents.proving import RunbookRun
from securenet_obs.errors import StackError
from securenet_obs.oncall.history import History
from securenet_obs.stack import LocalStack
from tests.drills.incidents.test_proving import DRY_RUN, FOUND, INCIDENT, Recorded

CALM = RunbookRun("passed", "", [])
STOPPED = {"stops": ["full"]}
ARGUED = CrossException("slow", "b_symptom", "too few", "It is right, since both are one.")


@pytest.mark.parametrize(
    ("run", "exceptions", "outcome", "problem"),
    [
        (CALM, (), "passed", ""),
        (RunbookRun("unreachable", "Redis is down", []), (), "passed", ""),
        (RunbookRun("refused", "READONLY", []), (), "passed", ""),
        (RunbookRun("error", "NameError", []), (), "failed", "error: NameError"),
        (RunbookRun("failed", "r", [STOPPED]), (), "failed", "applies wrongly: full"),
        (RunbookRun("failed", "r", [STOPPED]), (replace(ARGUED, row="full"),), "exception", ""),
        (RunbookRun("failed", "r", [FOUND]), (), "failed", "applies wrongly: too few"),
        (RunbookRun("failed", "r", [FOUND]), (ARGUED,), "exception", ""),
        (RunbookRun("failed", "r", [FOUND, DRY_RUN]), (ARGUED,), "failed", "1 actions"),
        (
            RunbookRun("failed", "r", [FOUND, DRY_RUN]),
            (replace(ARGUED, may_offer=True),),
            "exception",
            "",
        ),
        (RunbookRun("failed", "r", [FOUND]), (replace(ARGUED, row="x"),), "failed", "wrongly"),
        (RunbookRun("failed", "r", [FOUND]), (replace(ARGUED, incident="y"),), "failed", "too few"),
    ],
)
def test_only_an_argued_row_may_apply(
    run: RunbookRun, exceptions: tuple[CrossException, ...], outcome: str, problem: str
) -> None:
    """An action is argued separately; a look at a target that is down is no failure."""
    proof = judge("slow", "b_symptom", run, exceptions)
    assert proof.outcome == outcome
    assert problem in proof.problem
    assert bool(problem) == bool(proof.problem)


def test_each_runs_on_the_faults_of_all_others(tmp_path: Path) -> None:
    """And on a healthy stack, first; with its own parameters; the journal has each outcome."""
    other = replace(INCIDENT, name="gone", runbook="b_symptom", parameters=("m=2",))
    loud = RunbookRun("failed", "r", [FOUND])
    runner = Recorded(tmp_path, CALM, CALM, CALM, loud)
    runbooks = ["a_symptom", "b_symptom"]
    proofs = cross_on(LocalStack("t", tmp_path), [INCIDENT, other], runbooks, runner)
    assert [(row.incident, row.runbook) for row in proofs] == [
        (HEALTHY, "a_symptom"),
        (HEALTHY, "b_symptom"),
        ("slow", "b_symptom"),
        ("gone", "a_symptom"),
    ]
    assert vars(runner)["parameters"] == [("n=1",), ("m=2",), ("m=2",), ("n=1",)]
    entries = [(row["event"], row["runbook"], row["outcome"]) for row in History(tmp_path).read()]
    assert entries == [("crossed", "a_symptom", "failed"), ("crossed", "b_symptom", "passed")]
    assert [row["outcome"] for row in render_cross(proofs)] == ["passed"] * 3 + ["FAILED"]


def test_a_fault_that_cannot_be_injected_fails(tmp_path: Path) -> None:
    """Nothing was seen; the other faults go on."""

    @contextmanager
    def broken(_stack: LocalStack) -> Iterator[None]:
        raise StackError("the port is taken")
        yield

    bad = Incident("bad", "b_symptom", "It breaks.", broken, "x")
    runner = Recorded(tmp_path, CALM)
    proofs = cross_on(LocalStack("t", tmp_path), [INCIDENT, bad], ["a_symptom"], runner)
    assert [row.problem for row in proofs] == ["", "the port is taken"]
