"""Cross-proof of runbooks: each looks at the faults of all others, and at a healthy stack.

No row may apply and no action may be offered, except for `EXCEPTIONS`.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.drills.incidents.exceptions import EXCEPTIONS, CrossException
from securenet_obs.drills.incidents.incident import Incident
from securenet_obs.drills.incidents.proving import RunbookRun, RunbookRunner
from securenet_obs.errors import SecureNetObsError
from securenet_obs.oncall.history import History
from securenet_obs.stack.local_stack import LocalStack

HEALTHY = "none: a healthy stack"
"""Name of the absence of a fault."""

_CALM = frozenset({"passed", "skipped", "refused", "unreachable"})
"""Verdicts of a look without a row that applies; a target may be too broken for it."""

Report = Callable[[str], None]
"""Receives the progress, one sentence at a time."""


@dataclass(frozen=True)
class CrossProof:
    """The result of one runbook on the fault of another.

    Args:
        incident: name of the incident, or `HEALTHY`.
        runbook: name of the runbook.
        verdict: verdict of its run.
        rows: findings of the rows, and stop conditions, that applied.
        reasons: reasons of the exceptions that permit them.
        problem: the reason for a failure; else empty.
    """

    incident: str
    runbook: str
    verdict: str = ""
    rows: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    problem: str = ""

    @property
    def outcome(self) -> str:
        """`failed`, `passed`, or `exception` if an exception permits the findings."""
        if self.problem:
            return "failed"
        return "exception" if self.reasons else "passed"


def cross(
    incidents: Sequence[Incident],
    runbooks: Sequence[str],
    runner: RunbookRunner,
    *,
    state: Path,
    report: Report = lambda _sentence: None,
) -> list[CrossProof]:
    """Run runbooks on a healthy stack, and on the faults of all others, one new stack for all.

    Args:
        incidents: all incidents; a runbook runs with the parameters of its own.
        runbooks: names of the runbooks.
        runner: runs the runbooks.
        state: folder of all local state, as for `LocalStack`.
        report: receives the progress.

    Raises:
        StackError: the stack does not become ready.
    """
    with LocalStack(root=state, ephemeral=True, report=report) as stack:
        return cross_on(stack, incidents, runbooks, runner, report=report)


def cross_on(
    stack: LocalStack,
    incidents: Sequence[Incident],
    runbooks: Sequence[str],
    runner: RunbookRunner,
    *,
    report: Report = lambda _sentence: None,
) -> list[CrossProof]:
    """Run runbooks as `cross` does, on a running stack; journal the outcome of each runbook."""
    parameters = {row.runbook: row.parameters for row in reversed(incidents)}
    proofs: list[CrossProof] = []
    for incident in (None, *incidents):
        name = incident.name if incident else HEALTHY
        others = [row for row in runbooks if incident is None or row != incident.runbook]
        report(f"running on {name}: {', '.join(others) or 'no other runbook'}")
        try:
            with incident.fault(stack) if incident else nullcontext():
                proofs += [_look(stack, name, row, parameters[row], runner) for row in others]
        except SecureNetObsError as error:
            proofs.append(CrossProof(name, "", problem=str(error)))
    _journal(proofs, runbooks, runner, stack)
    return proofs


def _look(
    stack: LocalStack,
    incident: str,
    runbook: str,
    parameters: Sequence[str],
    runner: RunbookRunner,
) -> CrossProof:
    try:
        return judge(incident, runbook, runner.run(runbook, parameters, stack))
    except SecureNetObsError as error:
        return CrossProof(incident, runbook, problem=str(error))


def judge(
    incident: str,
    runbook: str,
    run: RunbookRun,
    exceptions: Iterable[CrossException] = EXCEPTIONS,
) -> CrossProof:
    """Judge the run of a runbook during the incident of another."""
    own = [row for row in exceptions if (row.incident, row.runbook) == (incident, runbook)]
    rows = (*run.applying, *run.stops)
    used = [row for row in own if any(row.row in finding for finding in rows)]
    wrong = [finding for finding in rows if not any(row.row in finding for row in used)]
    problems = [f"applies wrongly: {finding}" for finding in wrong]
    if run.digests and not any(row.may_offer for row in used):
        problems.append(f"{len(run.digests)} actions were offered")
    if not rows and run.verdict not in _CALM:
        problems.append(f"{run.verdict}: {run.reason}")
    reasons = tuple(row.reason for row in used)
    return CrossProof(incident, runbook, run.verdict, rows, reasons, "; ".join(problems))


def _journal(
    proofs: Sequence[CrossProof],
    runbooks: Sequence[str],
    runner: RunbookRunner,
    stack: LocalStack,
) -> None:
    history = History(runner.evidence)
    for name in runbooks:
        own = [row for row in proofs if row.runbook == name]
        problems = [f"{row.incident}: {row.problem}" for row in own if row.problem]
        history.append(
            "crossed",
            runbook=name,
            outcome="failed" if problems else "passed",
            incidents=len(own),
            problem="; ".join(problems),
            target={"name": f"local stack {stack.name}"},
        )


def render_cross(proofs: Iterable[CrossProof]) -> list[dict[str, str]]:
    """Return the rows of the table of a cross-proof."""
    return [
        {
            "fault": proof.incident,
            "runbook": proof.runbook,
            "verdict": proof.verdict,
            "rows that apply": "; ".join(proof.rows) or "none",
            "outcome": proof.outcome.replace("failed", "FAILED"),
            "because": proof.problem or " ".join(proof.reasons),
        }
        for proof in proofs
    ]
