"""Executes one order (a notebook to run) from the target's lock to its evidence, or skips it."""

import time
import traceback
from dataclasses import dataclass

from securenet_obs.errors import EvidenceError
from securenet_obs.runner.child.supervision import Supervisor
from securenet_obs.runner.comparison.installed import read_sources
from securenet_obs.runner.evidence.finishing import finish, judge_run
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.evidence.rendering import prepare_pages
from securenet_obs.runner.evidence.saving import save_notebook
from securenet_obs.runner.record.order import Order, Progress, Result
from securenet_obs.runner.record.verdict import Judgement, Verdict
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import Target
from securenet_obs.runner.target_lock import target_lock


@dataclass
class Execution:
    """Executes the runs of one command, with their shared state."""

    folder: EvidenceFolder
    target: Target
    progress: Progress
    stop: Stop
    warm: str = ""

    def run(self, order: Order, attempt: int = 1, first: str = "") -> Result:
        """Run a notebook and judge the run; errors become part of the judgement.

        For a retry, `first` is the name of the first attempt's run.
        """
        run = self._open(order, attempt, first)
        if not self.warm:
            prepare_pages()
        opened = time.monotonic()
        try:
            with target_lock(
                self.target,
                f"{run} ({self.folder.path.name})",
                exclusive=order.notebook.declared.exclusive,
                stop=self.stop,
                on_wait=lambda reason: self.progress.waits(run, reason),
            ):
                # The run's duration and deadline count from here.
                started = time.monotonic()
                if not self.folder.unwritable:
                    self._supervisor.execute(run, order)
                return self._finished(run, order, attempt, started, judge_run(self.folder, run))
        except Exception as error:  # noqa: BLE001
            # A verdict is due whatever fails here: a disk, a lock, a display, or our own code.
            return self._broken(run, order, attempt, opened, error)

    @property
    def _supervisor(self) -> Supervisor:
        return Supervisor(self.folder, self.target, self.progress, self.stop, self.warm)

    def skip(self, order: Order, reason: str) -> Result:
        """Record a run that the target cannot serve, with the reason; start no kernel."""
        started = time.monotonic()
        run = self._note_start(order, 1, cells=0)
        self.progress.started(run, 0)
        self.folder.note("skipped", run=run, reason=reason)
        return self._finished(run, order, 1, started, judge_run(self.folder, run))

    def _broken(
        self, run: str, order: Order, attempt: int, started: float, error: Exception
    ) -> Result:
        """Judge a run that an error of the runner itself has ended."""
        reason = f"the runner failed: {type(error).__name__}: {error}"
        self.folder.note(
            "broken", run=run, reason=reason, traceback=traceback.format_exception(error)
        )
        judgement = Judgement(Verdict.ERROR, self.folder.run(run).cell, reason)
        return self._finished(run, order, attempt, started, judgement)

    def _finished(
        self, run: str, order: Order, attempt: int, started: float, judgement: Judgement
    ) -> Result:
        """Complete the evidence of a run, and return its final judgement."""
        seconds = time.monotonic() - started
        judgement = finish(self.folder, run, judgement, seconds, self.warm)
        self.progress.finished(run, judgement, seconds)
        return Result(run, order, judgement, seconds, attempt)

    def _open(self, order: Order, attempt: int, first: str) -> str:
        """Journal the start of a run and save its notebook; return its name in the evidence."""
        run = self._note_start(order, attempt, order.prepared.cells, first)
        path = self.folder.path / f"{run}.ipynb"
        try:
            save_notebook(path, order.prepared.document, self.folder.masker, last=False)
        except EvidenceError as error:
            self.folder.fail(error)
        self.progress.started(run, order.prepared.cells)
        return run

    def _note_start(self, order: Order, attempt: int, cells: int, first: str = "") -> str:
        notebook = order.notebook
        run = self.folder.file_name(notebook.name, attempt)
        self.folder.note(
            "run_started",
            run=run,
            first=first or run,
            notebook=notebook.name,
            path=str(notebook.path),
            title=notebook.title,
            kind=notebook.declared.kind,
            attempt=attempt,
            cells=cells,
            declared=notebook.declared.checks,
            assignments=list(order.assignments),
            parameters=self.folder.masker.parameters(order.prepared.values),
            compared=list(order.prepared.compared),
            sources=read_sources(notebook.name, notebook.document),
            limits=_limits(order),
        )
        return run


def _limits(order: Order) -> dict[str, str]:
    """Return the deadlines of a run: a raised one is a change, as of a parameter."""
    return {
        "run deadline": f"{order.run_deadline_s:g} s",
        "cell deadline": f"{order.each_cell_deadline_s:g} s",
    }
