"""A proof fails if the runbook finds another row, offers nothing, or stays red."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import v4

from securenet_obs.drills.incidents.incident import Incident
from securenet_obs.drills.incidents.proving import (
    RunbookRun,
    RunbookRunner,
    prove_on,
    render_proofs,
)
from securenet_obs.oncall.history import History
from securenet_obs.stack import LocalStack

FOUND = {"rows": [{"finding": "too few", "applies": True}, {"finding": "x", "applies": False}]}
DRY_RUN = {"dry_run": {"confirm": "0a1b2c"}}
ACTED = {"acted": {"action": "grow"}}
LOOK = RunbookRun("failed", "no step is open", [FOUND, DRY_RUN])
MENDED = RunbookRun("passed", "", [FOUND, ACTED])


class Recorded(RunbookRunner):
    """Runs nothing; returns recorded runs, and keeps the parameters."""

    def __init__(self, evidence: Path, *runs: RunbookRun) -> None:
        super().__init__(Path(), evidence)
        object.__setattr__(self, "runs", list(runs))
        object.__setattr__(self, "parameters", [])

    def run(self, name: str, parameters: Any, stack: LocalStack) -> RunbookRun:
        """Return the next run."""
        vars(self)["parameters"].append(parameters)
        return vars(self)["runs"].pop(0)  # type: ignore[no-any-return]


@contextmanager
def harmless(_stack: LocalStack) -> Iterator[None]:
    yield


INCIDENT = Incident("slow", "a_symptom", "It is slow.", harmless, "too few", ("n=1",))


def test_a_runbook_that_finds_acts_and_verifies_is_proved(tmp_path: Path) -> None:
    """It is run again with the confirmation; the proof is in the journal."""
    runner = Recorded(tmp_path, LOOK, MENDED)
    proof = prove_on(LocalStack("t", tmp_path), INCIDENT, runner)
    assert (proof.outcome, proof.problem) == ("passed", "")
    assert vars(runner)["parameters"] == [("n=1",), ("n=1", "confirm=0a1b2c")]
    (entry,) = History(tmp_path).read()
    assert (entry["event"], entry["incident"], entry["outcome"]) == ("proved", "slow", "passed")
    (row,) = render_proofs([proof])
    assert (row["found"], row["acted"], row["verified"]) == ("yes", "yes", "yes")


@pytest.mark.stack
def test_a_signal_ends_the_command_and_not_one_run_alone(tmp_path: Path) -> None:
    """The journal had said that the runbook failed, and the next one was run."""
    cell = f"import os, signal, time\nos.kill({os.getpid()}, signal.SIGTERM)\ntime.sleep(60)"
    document = v4.new_notebook(metadata={"securenet": {"kind": "runbook"}})
    document.cells = [v4.new_code_cell(cell)]
    (tmp_path / "runbooks").mkdir()
    nbformat.write(document, tmp_path / "runbooks" / "a_symptom.ipynb")
    incident = replace(INCIDENT, parameters=())
    with pytest.raises(KeyboardInterrupt):
        prove_on(LocalStack("t", tmp_path), incident, RunbookRunner(tmp_path, tmp_path / "runs"))
    assert History(tmp_path / "runs").read() == []


@pytest.mark.parametrize(
    ("runs", "problem"),
    [
        ([RunbookRun("passed", "", [])], "no row applied"),
        ([RunbookRun("failed", "r", [FOUND, FOUND, DRY_RUN])], "too few, too few applied"),
        ([RunbookRun("failed", "r", [FOUND])], "0 dry runs"),
        ([LOOK, RunbookRun("failed", "still red", [FOUND, ACTED])], "still red"),
        ([LOOK, RunbookRun("passed", "", [FOUND])], ""),
    ],
)
def test_any_other_runbook_is_not(tmp_path: Path, runs: list[RunbookRun], problem: str) -> None:
    """A green run without an action is no proof, either."""
    proof = prove_on(LocalStack("t", tmp_path), INCIDENT, Recorded(tmp_path, *runs))
    assert proof.outcome == "failed"
    assert problem in proof.problem
    assert "NO" in render_proofs([proof])[0].values()
