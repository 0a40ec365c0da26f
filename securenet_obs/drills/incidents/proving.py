"""Proves runbooks: breaks a local stack, runs the runbook, confirms its dry run, verifies.

The outcome is journalled in the evidence root, where `securenet-obs runbooks list` reads it.
"""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from securenet_obs.drills.incidents.incident import Incident, Proof
from securenet_obs.errors import SecureNetObsError
from securenet_obs.oncall.history import History
from securenet_obs.oncall.shown import STEP_MIME
from securenet_obs.runner.command import Command
from securenet_obs.runner.console.progress import PlainLines
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.runner.target import target_of
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.restarts import serving_requests

Report = Callable[[str], None]
"""Receives the progress, one sentence at a time."""


@dataclass(frozen=True)
class RunbookRun:
    """One run of a runbook: its verdict and reason, and the data that its cells have shown."""

    verdict: str
    reason: str
    shown: Sequence[dict[str, Any]]

    @property
    def applying(self) -> list[str]:
        """Findings of the rows that applied."""
        rows = [row for data in self.shown for row in data.get("rows", ())]
        return [row["finding"] for row in rows if row["applies"]]

    @property
    def stops(self) -> list[str]:
        """Stop conditions that applied."""
        return [condition for data in self.shown for condition in data.get("stops", ())]

    @property
    def digests(self) -> list[str]:
        """Digests of the dry runs."""
        return [data["dry_run"]["confirm"] for data in self.shown if "dry_run" in data]

    @property
    def has_acted(self) -> bool:
        """Whether an action was done."""
        return any("acted" in data for data in self.shown)


@dataclass(frozen=True)
class RunbookRunner:
    """Runs runbooks against a stack.

    Args:
        root: project folder.
        evidence: evidence root.
        warm: socket of a warm server; empty to start each kernel cold.
    """

    root: Path
    evidence: Path
    warm: str = ""

    def run(self, name: str, parameters: Sequence[str], stack: LocalStack) -> RunbookRun:
        """Run a runbook, and read its rows and steps from the executed notebook.

        It raises KeyboardInterrupt if Ctrl-C or SIGTERM ended the run: the command ends, too.
        """
        order = order_for(find(self.root, name), parameters)
        target = target_of(f"local stack {stack.name}", stack.environment, local=True)
        silent = PlainLines(Console(quiet=True))
        outcome = Command(target, self.evidence, silent, warm=self.warm).run([order], "prove")
        if outcome.verdict == Verdict.INTERRUPTED:
            raise KeyboardInterrupt
        (run,) = outcome.runs
        shown = _read_shown(outcome.folder / f"{name}.ipynb")
        reason = str((run.judged or {}).get("reason", ""))
        return RunbookRun(outcome.verdict.value, reason, shown)


def prove(
    incidents: Iterable[Incident],
    runner: RunbookRunner,
    *,
    state: Path,
    report: Report = lambda _sentence: None,
) -> list[Proof]:
    """Prove runbooks on one new stack, one incident after the other.

    Args:
        incidents: the incidents.
        runner: runs the runbooks.
        state: folder of all local state, as for `LocalStack`.
        report: receives the progress.

    Raises:
        StackError: the stack does not become ready.
    """
    with LocalStack(root=state, ephemeral=True, report=report) as stack:
        return [prove_on(stack, incident, runner, report=report) for incident in incidents]


def prove_on(
    stack: LocalStack,
    incident: Incident,
    runner: RunbookRunner,
    *,
    report: Report = lambda _sentence: None,
) -> Proof:
    """Prove one runbook on a running stack, and journal the proof."""
    began = time.monotonic()
    proof = Proof(incident.name, incident.runbook)
    try:
        with incident.fault(stack):
            report(f"{incident.name}: the fault is in; running {incident.runbook}")
            with serving_requests(stack):
                proof = _find_and_mend(stack, incident, runner, proof)
            proof = replace(proof, seconds=time.monotonic() - began)
    except SecureNetObsError as error:
        proof = replace(proof, problem=str(error))
    report(f"{incident.name}: {proof.outcome}{f': {proof.problem}' if proof.problem else ''}")
    History(runner.evidence).append(
        "proved",
        runbook=incident.runbook,
        incident=incident.name,
        outcome=proof.outcome,
        seconds=round(proof.seconds, 1),
        problem=proof.problem,
        target={"name": f"local stack {stack.name}"},
    )
    return proof


def _find_and_mend(
    stack: LocalStack, incident: Incident, runner: RunbookRunner, proof: Proof
) -> Proof:
    look = runner.run(incident.runbook, incident.parameters, stack)
    found = len(look.applying) == 1 and incident.row in look.applying[0]
    if not found or not look.digests:
        rows = ", ".join(look.applying) or "no row"
        problem = f"{rows} applied, {len(look.digests)} dry runs, {look.verdict}: {look.reason}"
        return replace(proof, found=found, problem=problem)
    confirmed = (*incident.parameters, f"confirm={look.digests[0]}")
    mended = runner.run(incident.runbook, confirmed, stack)
    passed = mended.verdict == "passed"
    return replace(
        proof,
        found=True,
        acted=mended.has_acted,
        verified=passed,
        problem="" if passed else f"after the action: {mended.verdict}: {mended.reason}",
    )


def _read_shown(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return [output["data"][STEP_MIME] for output in outputs if STEP_MIME in output.get("data", {})]


def render_proofs(proofs: Iterable[Proof]) -> list[dict[str, str]]:
    """Return the rows of the table of proofs."""
    return [
        {
            "fault": proof.incident,
            "runbook": proof.runbook,
            "found": _word(proof.found),
            "acted": _word(proof.acted),
            "verified": _word(proof.verified),
            "seconds": f"{proof.seconds:.1f}",
        }
        for proof in proofs
    ]


def _word(value: bool) -> str:
    return "yes" if value else "NO"
