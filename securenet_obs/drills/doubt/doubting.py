"""Doubts validations: runs them during known faults, and lists the noticed ones."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from securenet_obs.drills.doubt.known_fault import Alarm, KnownFault
from securenet_obs.drills.drill import ValidationOutcome
from securenet_obs.drills.running import ValidationRunner
from securenet_obs.errors import DoubtError, SecureNetObsError
from securenet_obs.stack.local_stack import LocalStack

Report = Callable[[str], None]
"""Receives the progress, one sentence at a time."""


@dataclass(frozen=True)
class Notice:
    """A fault that a validation has noticed.

    Args:
        fault: name of the fault.
        check: a check that failed; empty if the run ended without one.
        verdict: verdict of the run, such as `failed` or `unreachable`.
    """

    fault: str
    check: str
    verdict: str


@dataclass
class Doubt:
    """The faults that a validation notices, and the others.

    Args:
        notebook: name of the validation.
        noticed: the noticed faults, one entry for each failed check.
        unnoticed: names of the faults during which it passed.
        not_held: name of a fault that could not be injected -> the reason.
    """

    notebook: str
    noticed: list[Notice] = field(default_factory=list)
    unnoticed: list[str] = field(default_factory=list)
    not_held: dict[str, str] = field(default_factory=dict)

    def add(self, fault: str, outcome: ValidationOutcome) -> None:
        """Add the outcome of a run during a fault."""
        if outcome.verdict == "passed":
            self.unnoticed.append(fault)
        else:
            checks = sorted(outcome.failed_checks) or [""]
            self.noticed += [Notice(fault, check, outcome.verdict) for check in checks]


@dataclass(frozen=True)
class Rehearsal:
    """A fault, its validation, and the difference from the expected alarm.

    Args:
        fault: name of the fault.
        notebook: name of the validation.
        checks: names of the checks that must fail.
        problem: the difference from what was observed; empty if there is none.
    """

    fault: str
    notebook: str
    checks: Sequence[str]
    problem: str = ""


def doubt(
    notebook: str,
    parameters: Sequence[str],
    faults: Sequence[KnownFault],
    stack: LocalStack,
    run_validation: ValidationRunner,
    report: Report = lambda _: None,
) -> Doubt:
    """Run a validation during each fault, one after the other.

    Args:
        notebook: name of the validation.
        parameters: as `name=value`.
        faults: the faults.
        stack: a running stack, whole again afterwards.
        run_validation: runs a validation against a target.
        report: receives the progress.

    Raises:
        DoubtError: the validation does not pass on the stack without a fault, before or after.
        NotebookError: the validation cannot be run.
    """
    _expect_green(notebook, parameters, stack, run_validation, "before any fault")
    found = Doubt(notebook)
    for number, fault in enumerate(faults, 1):
        report(f"{number} of {len(faults)}: {fault.name}")
        try:
            with fault.hold(stack):
                outcome = run_validation(notebook, parameters, stack.environment)
        except SecureNetObsError as error:
            found.not_held[fault.name] = str(error)
            continue
        found.add(fault.name, outcome)
    _expect_green(notebook, parameters, stack, run_validation, "after the faults")
    return found


def rehearse(
    faults: Iterable[KnownFault],
    stack: LocalStack,
    run_validation: ValidationRunner,
    report: Report = lambda _: None,
) -> list[Rehearsal]:
    """Run the validations that must notice each fault; exactly their named checks must fail."""
    rehearsals = []
    for fault in faults:
        report(f"{fault.name}: {', '.join(alarm.notebook for alarm in fault.alarms)}")
        try:
            with fault.hold(stack):
                rehearsals += [
                    _rehearse(fault.name, alarm, stack, run_validation) for alarm in fault.alarms
                ]
        except SecureNetObsError as error:
            rehearsals.append(Rehearsal(fault.name, "", (), str(error)))
    return rehearsals


def _rehearse(
    fault: str, alarm: Alarm, stack: LocalStack, run_validation: ValidationRunner
) -> Rehearsal:
    outcome = run_validation(alarm.notebook, alarm.parameters, stack.environment)
    problem = alarm.explain_difference(outcome.failed_checks)
    if outcome.verdict != "failed":
        problem = f"{outcome.verdict}; {problem}"
    return Rehearsal(fault, alarm.notebook, sorted(alarm.checks), problem)


def _expect_green(
    notebook: str,
    parameters: Sequence[str],
    stack: LocalStack,
    run_validation: ValidationRunner,
    when: str,
) -> None:
    outcome = run_validation(notebook, parameters, stack.environment)
    if outcome.verdict != "passed":
        checks = ", ".join(sorted(outcome.failed_checks))
        raise DoubtError(
            f"{notebook} is {outcome.verdict} {when} on the local stack"
            f"{f' ({checks})' if checks else ''}: its red checks would not show a fault. "
            f"See why with `securenet-obs run {notebook} --local`."
        )
