"""Runs a command's notebooks in parallel, with retries; makes orders to run, validate, resume."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from securenet_obs.errors import (
    EvidenceError,
    NotebookNotFoundError,
    ParametersError,
)
from securenet_obs.redaction import MASK
from securenet_obs.runner.evidence.closing import abandon, close, close_orphans
from securenet_obs.runner.evidence.folder import EvidenceFolder, read_manifest
from securenet_obs.runner.evidence.masking import masker_for
from securenet_obs.runner.execution import Execution
from securenet_obs.runner.notebook.catalog import (
    Notebook,
    find,
    find_all,
    none_below,
    read_notebook,
)
from securenet_obs.runner.notebook.preparation import prepare
from securenet_obs.runner.preflight import skip_reason
from securenet_obs.runner.record.order import Order, Progress, Result
from securenet_obs.runner.record.provenance import read_provenance
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.verdict import Verdict, worst
from securenet_obs.runner.target import Target
from securenet_obs.runner.working_folder import working_folder

FINAL = (Verdict.PASSED, Verdict.SKIPPED, Verdict.INTERRUPTED)
"""Verdicts after which a run is not retried."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a command: overall verdict, records of its runs, manifest, evidence folder."""

    verdict: Verdict
    runs: list[RunRecord]
    manifest: dict[str, Any]
    folder: Path
    unwritable: str


@dataclass
class Command:
    """Runs orders against a target.

    Attributes:
        target: environment under test.
        evidence: folder in which each command creates its evidence folder.
        progress: listener for the progress of runs.
        jobs: number of parallel runs; a notebook that is `exclusive` runs alone.
        retries: how often a run that did not pass is retried.
        stop: event that ends every run once it is set.
    """

    target: Target
    evidence: Path
    progress: Progress
    jobs: int = 1
    retries: int = 0
    warm: str = ""
    resumes: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, orders: Sequence[Order], name: str = "validate") -> Outcome:
        """Run the orders, and close the evidence even if they break off.

        Raises:
            EvidenceError: the evidence cannot be written; nothing was run.
        """
        close_orphans(self.evidence)
        secrets = [secret for order in orders for secret in order.prepared.secrets]
        folder = EvidenceFolder.create(self.evidence, masker_for(self.target.environment, secrets))
        folder.note(
            "opened",
            id=folder.path.name,
            command=name,
            pid=os.getpid(),
            target=self.target.facts(),
            planned=[_plan_of(order) for order in orders],
            resumes=self.resumes,
            **read_provenance(),
        )
        if folder.unwritable:
            raise EvidenceError(folder.unwritable)
        execution = Execution(folder, self.target, self.progress, self.stop, self.warm)
        with _close_on_error(folder), _stop_on_signals(self.stop):
            results = list(self._results(execution, orders))
        runs, manifest = close(folder)
        verdicts = [result.judgement.verdict for result in results]
        if folder.unwritable:
            verdicts.append(Verdict.ERROR)
        return Outcome(worst(verdicts), runs, manifest, folder.path, folder.unwritable)

    def _results(self, execution: Execution, orders: Sequence[Order]) -> Iterator[Result]:
        """Yield the last attempt of each order; exclusive orders run alone, after the others."""
        if self.jobs == 1:
            yield from (self._attempts(execution, order) for order in orders)
            return
        parallel = [order for order in orders if not order.notebook.declared.exclusive]
        exclusive = [order for order in orders if order.notebook.declared.exclusive]
        with ThreadPoolExecutor(self.jobs) as pool:
            yield from pool.map(lambda order: self._attempts(execution, order), parallel)
        yield from (self._attempts(execution, order) for order in exclusive)

    def _attempts(self, execution: Execution, order: Order) -> Result:
        if reason := skip_reason(order.notebook.declared, self.target):
            return execution.skip(order, reason)
        result = execution.run(order)
        first = result.run
        while result.judgement.verdict not in FINAL and result.attempt <= self.retries:
            result = execution.run(order, result.attempt + 1, first)
        return result


@contextmanager
def _close_on_error(folder: EvidenceFolder) -> Iterator[None]:
    """Close the folder if the block raises, whatever the reason.

    Raises:
        EvidenceError: the block raised an `Exception`.
    """
    try:
        yield
    except Exception as error:
        reason = f"{folder.path}: the command broke off: {type(error).__name__}: {error}"
        abandon(folder, reason, Verdict.ERROR)
        raise EvidenceError(reason) from error
    except BaseException:
        abandon(folder, f"{folder.path}: the command was interrupted", Verdict.INTERRUPTED)
        raise


@contextmanager
def _stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Make Ctrl-C and SIGTERM set `stop` within the block, instead of interrupting it."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may handle signals; the owner of another one sets `stop` itself.
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _plan_of(order: Order) -> dict[str, Any]:
    """Return the fields from which a later command can recreate the order."""
    return {
        "path": str(order.notebook.path.absolute()),
        "plain": order.notebook.declared.kind == "plain",
        "assignments": list(order.assignments),
        "deadline_s": order.deadline_s,
        "cell_deadline_s": order.cell_deadline_s,
        "cwd": None if order.folder is None else str(order.folder),
    }


def order_for(
    notebook: Notebook,
    assignments: Sequence[str] = (),
    deadline_s: float | None = None,
    cell_deadline_s: float | None = None,
    cwd: Path | None = None,
) -> Order:
    """Return the order for a notebook with `name=value` assignments.

    Args:
        notebook: notebook to run.
        assignments: its parameters.
        deadline_s: seconds for the run; by default the notebook's own deadline.
        cell_deadline_s: seconds for a cell; by default the notebook's own deadline.
        cwd: working folder of the kernel; by default the folder of a foreign notebook's file, or
            a scratch folder for one of ours.

    Raises:
        ParametersError: some parameters are wrong; the message names every problem.
        SettingsError: the kernel cannot work in that folder.
    """
    prepared = prepare(notebook, notebook.schema.parse(assignments))
    if cwd is None and notebook.declared.kind == "plain":
        cwd = notebook.path.parent
    folder = None if cwd is None else working_folder(cwd)
    return Order(notebook, prepared, tuple(assignments), deadline_s, cell_deadline_s, folder)


def orders_to_validate(
    root: Path,
    names: Sequence[str] = (),
    deadline_s: float | None = None,
    cell_deadline_s: float | None = None,
    cwd: Path | None = None,
) -> list[Order]:
    """Return the orders for all validations of a project, or for those named.

    Raises:
        NotebookNotFoundError: the project has no validations, or not of that name.
        NotebookError: a notebook is broken.
        SettingsError: the kernel cannot work in `cwd`.
    """
    notebooks = [find(root, name) for name in names] or [
        notebook for notebook in find_all(root) if notebook.declared.kind == "validation"
    ]
    if not notebooks:
        raise NotebookNotFoundError(none_below(root, "validations"))
    return [order_for(notebook, (), deadline_s, cell_deadline_s, cwd) for notebook in notebooks]


def orders_to_resume(evidence: Path, run: str) -> list[Order]:
    """Return the unchanged orders of an earlier command that neither passed nor were skipped.

    Args:
        evidence: folder that contains the evidence folders.
        run: name of the command's evidence folder there, or a path to one.

    Raises:
        EvidenceError: the folder is not a closed evidence folder.
        NotebookError: a notebook is gone or broken, or a parameter was masked in the evidence.
    """
    folder = Path(run) if Path(run).is_dir() else evidence / run
    close_orphans(folder.parent)
    manifest = read_manifest(folder)
    done = {
        str(Path(row["path"]).absolute())
        for row in manifest["runs"]
        if row["verdict"] in (Verdict.PASSED, Verdict.SKIPPED)
    }
    return [_order_again(row) for row in manifest["planned"] if row["path"] not in done]


def _order_again(planned: dict[str, Any]) -> Order:
    if any(MASK in text for text in planned["assignments"]):
        raise ParametersError(f"{planned['path']}: a parameter was masked; give it again with run")
    notebook = read_notebook(Path(planned["path"]), plain=planned["plain"])
    deadlines = planned["deadline_s"], planned["cell_deadline_s"]
    cwd = Path(planned["cwd"]) if planned.get("cwd") else None
    return order_for(notebook, planned["assignments"], *deadlines, cwd)
