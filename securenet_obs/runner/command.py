"""Runs a command's orders in parallel, with retries, and closes its evidence."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.comparison.collecting import StateReader, collect, format_facts
from securenet_obs.runner.comparison.facts import FACTS_FILE
from securenet_obs.runner.evidence.closing import abandon, close, close_orphans
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.evidence.latest_link import link_latest
from securenet_obs.runner.evidence.masking import masker_for
from securenet_obs.runner.evidence.saving import save
from securenet_obs.runner.execution import Execution
from securenet_obs.runner.orders import plan_of
from securenet_obs.runner.preflight import skip_reason
from securenet_obs.runner.record.order import Order, Progress, Result
from securenet_obs.runner.record.provenance import read_provenance
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.verdict import Verdict, worst
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import Target

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
        state: readers of the target's configuration, by kind of facts.
        stop: event that ends every run once it is set.
        is_latest: whether the link `latest` of the evidence leads to this command's folder.
        execution: creates the executor of the runs in an evidence folder; by default child
            processes of this one.
    """

    target: Target
    evidence: Path
    progress: Progress
    jobs: int = 1
    retries: int = 0
    warm: str = ""
    resumes: str = ""
    state: Mapping[str, StateReader] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)
    is_latest: bool = False
    execution: Callable[[EvidenceFolder, Sequence[Order]], Execution] | None = None

    def run(self, orders: Sequence[Order], name: str = "validate") -> Outcome:
        """Run the orders, and close the evidence even if they break off.

        Raises:
            EvidenceError: the evidence cannot be written; nothing was run.
        """
        close_orphans(self.evidence)
        secrets = [secret for order in orders for secret in order.prepared.secrets]
        folder = EvidenceFolder.create(self.evidence, masker_for(self.target.environment, secrets))
        if self.is_latest:
            link_latest(folder.path)
        provenance = read_provenance()
        folder.note(
            "opened",
            id=folder.path.name,
            command=name,
            pid=os.getpid(),
            target=self.target.facts(),
            planned=[plan_of(order) for order in orders],
            resumes=self.resumes,
            **provenance,
        )
        if folder.unwritable:
            raise EvidenceError(folder.unwritable)
        facts = collect(self.target, self.evidence, provenance["commit"], self.state)
        # Facts are an aid for later comparisons: no run ends for want of them.
        with suppress(EvidenceError):
            save(folder.path / FACTS_FILE, format_facts(facts), folder.masker)
        with _close_on_error(folder), stop_on_signals(self.stop):
            results = list(self._results(self._executor(folder, orders), orders))
        runs, manifest = close(folder)
        verdicts = [result.judgement.verdict for result in results]
        if folder.unwritable:
            verdicts.append(Verdict.ERROR)
        return Outcome(worst(verdicts), runs, manifest, folder.path, folder.unwritable)

    def _executor(self, folder: EvidenceFolder, orders: Sequence[Order]) -> Execution:
        if self.execution is not None:
            return self.execution(folder, orders)
        return Execution(folder, self.target, self.progress, self.stop, self.warm)

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
        left = self.retries
        # A run that was lost with its machine is no try: another machine goes on with it.
        while result.is_lost or (left > 0 and result.judgement.verdict not in FINAL):
            left -= not result.is_lost
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
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
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
