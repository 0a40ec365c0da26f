"""The verdict of a run, from its journal, its child's fate and its checks; never from papermill."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from securenet_obs.errors import (
    EvidenceNotFoundError,
    NotebookError,
    SettingsError,
    UnreachableError,
)
from securenet_obs.runner.journal import RunRecord


class Verdict(StrEnum):
    """A run's outcome; its exit code is what the command answers.

    A run is `skipped` where the target cannot serve what its notebook needs: no kernel is started.
    """

    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"
    BAD_PARAMETERS = "bad_parameters"
    ERROR = "error"
    TIMEOUT = "timeout"
    KERNEL_DIED = "kernel_died"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> int:
        """The command's answer for this verdict."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    Verdict.PASSED: 0,
    Verdict.SKIPPED: 0,
    Verdict.FAILED: 1,
    Verdict.BAD_PARAMETERS: 2,
    Verdict.ERROR: 3,
    Verdict.TIMEOUT: 4,
    Verdict.KERNEL_DIED: 5,
    Verdict.UNREACHABLE: 6,
    Verdict.INTERRUPTED: 130,
}
_REFUSED: dict[type[Exception], Verdict] = {
    NotebookError: Verdict.BAD_PARAMETERS,
    SettingsError: Verdict.BAD_PARAMETERS,
    EvidenceNotFoundError: Verdict.BAD_PARAMETERS,
    UnreachableError: Verdict.UNREACHABLE,
}
"""Errors of the input, those derived from them included, and what could not be reached."""
_BY_ERROR = {"UnreachableError": Verdict.UNREACHABLE, "ChecksFailedError": Verdict.FAILED}


def exit_code_for(error: Exception) -> int:
    """Return a command's answer where an error kept it from running anything."""
    verdicts = (verdict for kind, verdict in _REFUSED.items() if isinstance(error, kind))
    return next(verdicts, Verdict.ERROR).exit_code


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of several: the one with the highest exit code; none at all passed.

    Skipped runs do not count beside others; where there are no others, nothing was proven, which
    is an error.
    """
    counted = list(verdicts)
    if all_skipped(counted):
        return Verdict.ERROR
    kept = (verdict for verdict in counted if verdict != Verdict.SKIPPED)
    return max(kept, key=lambda verdict: verdict.exit_code, default=Verdict.PASSED)


NOTHING_RAN = "every run was skipped: nothing is proven about this target"
"""The reason of a command whose every run was skipped."""


def all_skipped(verdicts: Iterable[str]) -> bool:
    """Return whether there are verdicts, and each is `skipped`."""
    return {*verdicts} == {Verdict.SKIPPED}


@dataclass(frozen=True)
class Judgement:
    """A verdict, the cell that decided it (1-based among code cells) and why, in a sentence."""

    verdict: Verdict
    cell: int | None = None
    reason: str = ""


def judge(record: RunRecord) -> Judgement:
    """Judge a run by what was recorded of it.

    What stopped a run comes first: a person or a kill, a deadline, the kernel's death, an error
    of the evidence or of a cell. Only a run that came to its own end is judged by its checks.
    """
    stopped = _stopped(record) or _cell_error(record) or _parameters_error(record)
    if stopped:
        return stopped
    if not record.ended:
        return Judgement(Verdict.ERROR, record.cell, f"the run broke off: {record.fate}")
    return _by_checks(record)


def _stopped(record: RunRecord) -> Judgement | None:
    """Judge a run that something from outside, or its kernel's death, stopped."""
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
        # `conclude` raises in the last cell; the cell to look at is the one that judged.
        return _by_checks(record)
    return Judgement(verdict, error.cell, f"{error.name}: {error.message}".rstrip(": "))


def _parameters_error(record: RunRecord) -> Judgement | None:
    """Judge a run whose parameters were not, or not all, those of the record."""
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
