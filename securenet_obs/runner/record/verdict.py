"""Judges a run by its journal record; defines the verdicts, the worst of them, and exit codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from securenet_obs.errors import (
    EvidenceNotFoundError,
    ForbiddenError,
    NotebookError,
    RefusedError,
    SettingsError,
    UnreachableError,
)
from securenet_obs.runner.record.runs import RunRecord


class Verdict(StrEnum):
    """A run's outcome, with the command's exit code for it.

    A run is `skipped` if the target cannot serve its notebook's needs: no kernel is started.
    """

    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"
    BAD_PARAMETERS = "bad_parameters"
    ERROR = "error"
    TIMEOUT = "timeout"
    KERNEL_DIED = "kernel_died"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> int:
        """The command's exit code for this verdict."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Verdict.PASSED: 0,
    Verdict.SKIPPED: 0,
    Verdict.FAILED: 1,
    Verdict.BAD_PARAMETERS: 2,
    Verdict.ERROR: 3,
    Verdict.TIMEOUT: 4,
    Verdict.KERNEL_DIED: 5,
    Verdict.REFUSED: 6,
    Verdict.UNREACHABLE: 6,
    Verdict.INTERRUPTED: 130,
}
_REFUSED: dict[type[Exception], Verdict] = {
    NotebookError: Verdict.BAD_PARAMETERS,
    SettingsError: Verdict.BAD_PARAMETERS,
    EvidenceNotFoundError: Verdict.BAD_PARAMETERS,
    ForbiddenError: Verdict.REFUSED,
    RefusedError: Verdict.REFUSED,
    UnreachableError: Verdict.UNREACHABLE,
}
"""Verdicts for errors of the input, subclasses included, and for services that do not serve."""
_BY_ERROR = {
    "ForbiddenError": Verdict.REFUSED,
    "RefusedError": Verdict.REFUSED,
    "UnreachableError": Verdict.UNREACHABLE,
    "ChecksFailedError": Verdict.FAILED,
}


def verdict_for(error: Exception) -> Verdict:
    """Return the verdict of runs that an error kept from starting."""
    verdicts = (verdict for kind, verdict in _REFUSED.items() if isinstance(error, kind))
    return next(verdicts, Verdict.ERROR)


def exit_code_for(error: Exception) -> int:
    """Return a command's exit code for an error that kept it from running anything."""
    return verdict_for(error).exit_code


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst verdict, which has the highest exit code; without any, passed.

    Skipped runs do not count beside others; if every run was skipped, nothing was proven, which
    is an error.
    """
    counted = list(verdicts)
    if all_skipped(counted):
        return Verdict.ERROR
    kept = (verdict for verdict in counted if verdict != Verdict.SKIPPED)
    return max(kept, key=lambda verdict: verdict.exit_code, default=Verdict.PASSED)


NOTHING_RAN = "every run was skipped: nothing is proven about this target"
"""The reason for the verdict of a command that skipped every run."""


def all_skipped(verdicts: Iterable[str]) -> bool:
    """Return whether there is a verdict and every verdict is `skipped`."""
    return {*verdicts} == {Verdict.SKIPPED}


@dataclass(frozen=True)
class Judgement:
    """A verdict, the cell that decided it (1-based among code cells), and a one-sentence reason."""

    verdict: Verdict
    cell: int | None = None
    reason: str = ""


def judge(record: RunRecord) -> Judgement:
    """Judge a run by its journal record.

    The cause that stopped a run comes first: a person or a kill, a deadline, the kernel's death,
    an error of the evidence or of a cell. Only a run that ended by itself is judged by its checks.
    """
    stopped = _stopped(record) or _cell_error(record) or _parameters_error(record)
    if stopped:
        return stopped
    if not record.ended:
        return Judgement(Verdict.ERROR, record.cell, f"the run broke off: {record.fate}")
    return _by_checks(record)


def _stopped(record: RunRecord) -> Judgement | None:
    """Judge a run that was stopped from outside or by its kernel's death."""
    if record.unwritable:
        return Judgement(Verdict.ERROR, record.cell, record.unwritable)
    if record.skipped:
        return Judgement(Verdict.SKIPPED, None, record.skipped)
    if record.timeout:
        return Judgement(Verdict.TIMEOUT, record.cell, record.timeout)
    if record.kernel_died:
        return Judgement(Verdict.KERNEL_DIED, record.cell, record.kernel_died)
    if record.interrupted:
        return Judgement(Verdict.INTERRUPTED, record.cell, record.interrupted)
    return None


def _cell_error(record: RunRecord) -> Judgement | None:
    error = record.error
    if error is None or (record.plain and error.is_clean_exit):
        return None
    verdict = _BY_ERROR.get(error.name, Verdict.ERROR)
    if verdict == Verdict.FAILED and record.failing:
        # `conclude` raises in the last cell; the cell to report is the one with the failed check.
        return _by_checks(record)
    return Judgement(verdict, error.cell, f"{error.name}: {error.message}".rstrip(": "))


def _parameters_error(record: RunRecord) -> Judgement | None:
    """Judge a run with parameters that differ from the record or were not read back."""
    read = record.parameters_read
    if read and read["reason"]:
        return Judgement(Verdict.ERROR, read["cell"], str(read["reason"]))
    if record.ended and record.compared and not read:
        return Judgement(Verdict.ERROR, None, "the parameters were not read back from the kernel")
    return None


def _by_checks(record: RunRecord) -> Judgement:
    failed = [row.name for row in record.failing]
    if failed:
        return Judgement(Verdict.FAILED, record.cell_of(failed[0]), f"failed: {', '.join(failed)}")
    judged = {row.name for row in record.checks}
    missing = [name for name in record.declared if name not in judged]
    if missing:
        return Judgement(Verdict.FAILED, None, f"declared, never judged: {', '.join(missing)}")
    if record.kind == "validation" and not any(row.outcome == "passed" for row in record.checks):
        return Judgement(Verdict.ERROR, None, "no check was judged: nothing is proven")
    return Judgement(Verdict.PASSED)
