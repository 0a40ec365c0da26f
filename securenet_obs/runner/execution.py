"""Executes one run in a child process group, watched until its end or its deadline."""

import json
import os
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securenet_obs.errors import EvidenceError, SecureNetObsError
from securenet_obs.processes.descendants import MARK, kill_marked
from securenet_obs.processes.polling import Deadline
from securenet_obs.runner.child.spawn import Process, child_process
from securenet_obs.runner.child.spec import LOG, UNWRITABLE, Spec
from securenet_obs.runner.evidence.closing import finish
from securenet_obs.runner.evidence.document import count_cells, prepared
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.evidence.rendering import prepare_pages
from securenet_obs.runner.evidence.saving import save_notebook
from securenet_obs.runner.notebook.injection import compared, effective
from securenet_obs.runner.notebook.parameters.schema import as_text, secrets_in
from securenet_obs.runner.record.journal import RunRecord, records
from securenet_obs.runner.record.order import Order, Progress, Result
from securenet_obs.runner.record.verdict import Judgement, Verdict, judge
from securenet_obs.runner.target import Target
from securenet_obs.runner.target_lock import hold

PATIENCE_S = 8.0
"""Seconds past its deadline that a child has to end its kernel before it is terminated."""

WORK = "work"
"""Working folder, inside the scratch folder, of a run without another one."""

EVIDENCE = "SECURENET_OBS_EVIDENCE"
"""Variable with the path of the run's evidence folder; one notebook reads its own evidence."""

NOTEBOOK = "SECURENET_OBS_NOTEBOOK"
"""Variable with the path of the notebook's file; the run's working folder is elsewhere."""


@dataclass
class Execution:
    """Executes the runs of one command, with their shared state."""

    folder: EvidenceFolder
    target: Target
    progress: Progress
    stop: threading.Event
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
            with hold(
                self.target,
                f"{run} ({self.folder.path.name})",
                alone=order.notebook.declared.exclusive,
                stop=self.stop,
                told=lambda reason: self.progress.waits(run, reason),
            ):
                return self._judged(run, order, attempt)
        except Exception as error:  # noqa: BLE001
            # A verdict is due whatever fails here: a disk, a lock, a display, or our own code.
            return self._broken(run, order, attempt, error, time.monotonic() - opened)

    def _broken(
        self, run: str, order: Order, attempt: int, error: Exception, seconds: float
    ) -> Result:
        """Judge a run that an error of the runner itself has ended."""
        reason = f"the runner failed: {type(error).__name__}: {error}"
        self.folder.note(
            "broken", run=run, reason=reason, traceback=traceback.format_exception(error)
        )
        judgement = Judgement(Verdict.ERROR, self._record(run).cell, reason)
        judgement = finish(self.folder, run, judgement, seconds, self.warm)
        self.progress.finished(run, judgement, seconds)
        return Result(run, order, judgement, seconds, attempt)

    def skip(self, order: Order, reason: str) -> Result:
        """Record a run that the target cannot serve, with the reason; start no kernel."""
        started = time.monotonic()
        run = self._note_start(order, 1, cells=0)
        self.folder.note("skipped", run=run, reason=reason)
        judgement = self._judge(self._record(run))
        seconds = time.monotonic() - started
        finish(self.folder, run, judgement, seconds, self.warm)
        self.progress.finished(run, judgement, seconds)
        return Result(run, order, judgement, seconds, 1)

    def _judged(self, run: str, order: Order, attempt: int) -> Result:
        """Execute and judge an opened run; its deadline counts from here."""
        started, deadline = time.monotonic(), Deadline.after(order.run_deadline_s)
        if not self.folder.unwritable:
            self._run_child(run, order, deadline)
        record = self._record(run)
        judgement = self._judge(record)
        seconds = time.monotonic() - started
        judgement = finish(self.folder, run, judgement, seconds, self.warm)
        self.progress.finished(run, judgement, seconds)
        return Result(run, order, judgement, seconds, attempt)

    def _open(self, order: Order, attempt: int, first: str) -> str:
        """Journal the start of a run and save its notebook; return its name in the evidence."""
        document = prepared(order.notebook, order.given)
        run = self._note_start(order, attempt, count_cells(document), first)
        try:
            save_notebook(
                self.folder.path / f"{run}.ipynb", document, self.folder.masker, last=False
            )
        except EvidenceError as error:
            self.folder.fail(error)
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
            parameters=self._parameters(order),
            compared=list(compared(notebook, order.given)),
        )
        self.progress.started(run, cells)
        return run

    def _parameters(self, order: Order) -> dict[str, Any]:
        """Return the parameters for the record: secrets as references, all other values masked."""
        return {
            name: as_text(value)
            if secrets_in({name: value})
            else self.folder.masker.value({name: as_text(value)})[name]
            for name, value in effective(order.notebook, order.given).items()
        }

    def _run_child(self, run: str, order: Order, deadline: Deadline) -> None:
        """Execute the notebook in a child process, and remove its scratch folder afterwards."""
        scratch = Path(tempfile.mkdtemp(prefix="snobs-"))
        try:
            self._supervise(run, order, deadline, scratch)
        except SecureNetObsError as error:
            # The warm server is gone or stopped, so no child was started.
            self.folder.note("child_exited", run=run, fate=str(error))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _supervise(self, run: str, order: Order, deadline: Deadline, scratch: Path) -> None:
        """Start the child, watch it until it ends, kill its leftovers, and journal its exit."""
        mark = f"{self.folder.path.name}/{run}"
        log = scratch / "child.log"
        spec = self._prepare(scratch, self._spec(run, order, deadline, scratch), order)
        environment = {
            **self.target.environment,
            MARK: mark,
            EVIDENCE: str(self.folder.path.absolute()),
            NOTEBOOK: str(order.notebook.path.absolute()),
        }
        with child_process(spec, scratch / WORK, environment, log=log, warm=self.warm) as (
            child,
            reports,
        ):
            self._watch(child, reports, run, deadline.later(PATIENCE_S))
        if child.returncode != 0 or self._record(run).kernel_died or sys.platform != "linux":
            # A child that ends by itself has killed the processes that it adopted, on Linux all of
            # them. The supervisor of a dead kernel may have been killed with the kernel.
            kill_marked(mark)
        self._note_fate(run, child.returncode, scratch, log)

    def _spec(self, run: str, order: Order, deadline: Deadline, scratch: Path) -> Spec:
        recorded = self._parameters(order)
        expected = compared(order.notebook, order.given)
        values = effective(order.notebook, order.given)
        return Spec(
            run=run,
            notebook=str(scratch / "notebook.ipynb"),
            output=str((self.folder.path / f"{run}.ipynb").resolve()),
            journal=str(self.folder.journal.path.resolve()),
            scratch=str(scratch),
            working_folder=str(order.folder or scratch / WORK),
            ends_at=deadline.ends_at,
            deadline_s=order.run_deadline_s,
            cell_deadline_s=order.each_cell_deadline_s,
            secrets=tuple(secret.reference for secret in secrets_in(values)),
            compared={name: (text, recorded.get(name)) for name, text in expected.items()},
            warm=self.warm,
        )

    def _prepare(self, scratch: Path, spec: Spec, order: Order) -> Path:
        """Create the child's working folder, notebook and spec; return the spec's path."""
        (scratch / WORK).mkdir()
        Path(spec.notebook).write_text(json.dumps(prepared(order.notebook, order.given)))
        spec.write(scratch / "spec.json")
        return scratch / "spec.json"

    def _watch(self, child: Process, reports: int, run: str, deadline: Deadline) -> None:
        """Read the child's reports until it ends; terminate it if it must stop."""
        unread = b""
        while not self._must_stop(run, deadline):
            if select.select([reports], [], [], 0.1)[0]:
                data = os.read(reports, 65536)
                if not data:
                    return
                *lines, unread = (unread + data).split(b"\n")
                self._tell(run, lines)
        child.terminate()

    def _must_stop(self, run: str, deadline: Deadline) -> bool:
        """Return whether the child must stop, by request or deadline, and journal the reason."""
        if self.stop.is_set():
            self.folder.note("interrupted", run=run, reason="stopped by Ctrl-C or SIGTERM")
            return True
        if deadline.has_passed:
            reason = "the run did not end at its deadline and was killed"
            self.folder.note("timeout", run=run, reason=reason)
            return True
        return False

    def _tell(self, run: str, lines: list[bytes]) -> None:
        for line in lines:
            event, _, cell = line.partition(b" ")
            if event == b"cell_started" and cell:
                self.progress.cell(run, int(cell))

    def _note_fate(self, run: str, status: int | None, scratch: Path, log: Path) -> None:
        """Journal how the child ended; without a `status`, its end is unknown."""
        said, kernel_said = _last_line(log), _last_line(scratch / LOG)
        if status == UNWRITABLE:
            self.folder.fail(EvidenceError(said))
        elif status is not None and status < 0:
            name = signal.Signals(-status).name
            self.folder.note("interrupted", run=run, reason=f"the run was killed by {name}")
        words = ("; ".join(filter(None, (said, kernel_said)))) if status else ""
        fate = f"exit status {status}: {words}".rstrip(": ")
        self.folder.note("child_exited", run=run, fate=fate)

    def _record(self, run: str) -> RunRecord:
        return next(row for row in records(self.folder.events()) if row.run == run)

    def _judge(self, record: RunRecord) -> Judgement:
        if self.folder.unwritable:
            return Judgement(Verdict.ERROR, record.cell, self.folder.unwritable)
        return judge(record)


def _last_line(log: Path) -> str:
    """Return the last line of a process's log; in a traceback, that is the error's message."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    # `--existing` is in the last line that ipykernel logs without an error.
    return lines[-1] if lines and "--existing" not in lines[-1] else ""
