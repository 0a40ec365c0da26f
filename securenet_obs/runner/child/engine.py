"""papermill engine: runs the kernel, journals cells, enforces deadlines, verifies parameters."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import papermill
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async, run_sync
from nbformat import NotebookNode
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError

from securenet_obs.processes.polling import Deadline
from securenet_obs.runner.child.bounded_client import BoundedClient
from securenet_obs.runner.child.failures import ALLOWED, failure
from securenet_obs.runner.child.spec import LOG, Spec
from securenet_obs.runner.kernel.faults import FAULTS, Fault
from securenet_obs.runner.kernel.inquiry import ask_faults, ask_values
from securenet_obs.runner.kernel.launch import RunKernelManager, RunKernelSpecs
from securenet_obs.runner.kernel.messages import VALUES
from securenet_obs.runner.kernel.provisioner import register
from securenet_obs.runner.notebook.injection import differences, is_read_back
from securenet_obs.runner.notebook.preparation import number_of

NAME = "securenet-obs"
"""Name of the engine in papermill's registry, in this process."""

INTERRUPT_GRACE_S = 2.0
"""Seconds that an interrupted cell has to show its traceback."""


class Report(Protocol):
    """Receives the engine's events and notebook states."""

    def event(self, event: str, **fields: Any) -> None:
        """Journal an event."""

    def save(self, notebook: NotebookNode) -> None:
        """Save the notebook in its current state."""


class RunClient(BoundedClient):
    """papermill's notebook client, with this run's kernel, deadlines and journal.

    Upstream: jupyter/nbclient#212, open, asks for a deadline of the whole notebook.
    `_async_handle_timeout` can go when nbclient has one, and waits for the traceback of the cell
    that it interrupts.
    """

    def __init__(self, manager: NotebookExecutionManager, spec: Spec, report: Report) -> None:
        super().__init__(
            manager,
            timeout_func=lambda _: self._seconds_left()[0],
            # A cell's output may take as long to arrive as the cell itself took.
            iopub_timeout=int(spec.cell_deadline_s) + 4,
            startup_timeout=max(1, int(Deadline(spec.ends_at).left_s)),
            resources={"metadata": {"path": spec.working_folder}},
            on_cell_execute=self._on_execute,
            on_cell_executed=self._on_executed,
        )
        self._spec = spec
        self._report = report
        self._cell: int | None = None
        self._timeout_reason = f"no kernel by the run's deadline of {spec.deadline_s:g} s"
        self._started_at = 0.0
        self._failed = self._exits = False

    def create_kernel_manager(self) -> RunKernelManager:
        """Return a manager for a kernel of this interpreter, with sockets in the scratch folder."""
        scratch = Path(self._spec.scratch)
        self.km = RunKernelManager(
            kernel_name="python3",
            kernel_spec_manager=RunKernelSpecs(warm=self._spec.warm),
            transport="ipc",
            connection_file=str(scratch / "kernel.json"),
            shutdown_wait_time=2.0,
        )
        return self.km

    def execute(self) -> NotebookNode:
        """Execute the cells in order until one fails, then shut the kernel down."""
        self.reset_execution_trackers()
        log = (Path(self._spec.scratch) / LOG).open("wb")
        with log, self.setup_kernel(stdout=log, stderr=log):
            self._report.event("kernel_started", pid=getattr(self.km.provisioner, "pid", None))
            self.papermill_execute_cells()
            if not (self._failed or self._exits):
                self._look_for_late_faults()
        return self.nb  # type: ignore[no-any-return]

    def _seconds_left(self) -> tuple[float, str]:
        """Return the next cell's time limit in seconds, and the reason to report for a timeout."""
        spec = self._spec
        whole = max(0.01, Deadline(spec.ends_at).left_s)
        if whole < spec.cell_deadline_s:
            return whole, f"the run took longer than its deadline of {spec.deadline_s:g} s"
        return spec.cell_deadline_s, f"longer than the cell deadline of {spec.cell_deadline_s:g} s"

    def _on_execute(self, cell: NotebookNode, cell_index: int) -> None:
        self._cell, self._started_at = number_of(cell), time.monotonic()
        self._timeout_reason = self._seconds_left()[1]
        self.begin_cell()
        self._report.event("cell_started", cell=self._cell)

    def _on_executed(
        self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]
    ) -> None:
        self.cell_output.close(cell.outputs)
        reply = execute_reply["content"]
        self._exits |= any(map(_ends_the_kernel, reply.get("payload", [])))
        allowed = ALLOWED in cell.metadata.get("tags", [])
        fault, others = failure(reply, reply.get(FAULTS, []), self.shown_errors, allowed=allowed)
        fields = {
            "cell": self._cell,
            "seconds": round(time.monotonic() - self._started_at, 3),
            "output_bytes": self.cell_output.bytes,
        }
        if fault is None:
            self._report.event("cell_finished", **fields)
        else:
            self._note_swallowed(others)
            self._report.event("cell_error", **fields, **asdict(fault))
            self._failed = not fault.is_clean_exit
            # nbclient stops the notebook if the reply's status is `error`.
            reply |= {"status": "error", "ename": fault.name, "evalue": fault.message}
            reply.setdefault("traceback", [])
        self._report.save(self.nb)

    def _note_faults(self, reply: dict[str, Any]) -> None:
        """Journal the errors in the reply to an inquiry; no cell runs that they could end."""
        fault, others = failure(reply, reply.get(FAULTS, []), [])
        if fault:
            self._failed = True
            self._note_swallowed([fault, *others])

    def _note_swallowed(self, faults: list[Fault]) -> None:
        for fault in faults:
            self._report.event("swallowed", cell=self._cell, **asdict(fault))

    def on_check(self, check: dict[str, Any]) -> None:
        """Journal a check that a cell displayed."""
        self._report.event("check", **check, cell=self._cell)

    def on_terminal_text(self, text: str) -> None:
        """Journal a text for the terminal, which the command prints at once."""
        self._report.event("shown", cell=self._cell, text=text)

    async def async_execute_cell(
        self, cell: NotebookNode, cell_index: int, *arguments: Any, **options: Any
    ) -> NotebookNode:
        """Execute a cell; right after the cell with the parameters, read them back from the kernel.

        Raises:
            CellExecutionError: the cell failed, or the kernel's values differ from the record.
        """
        cell = await super().async_execute_cell(cell, cell_index, *arguments, **options)
        if self._failed:
            # nbclient goes on behind a cell whose own error is allowed.
            reason = "the background failed"
            raise CellExecutionError(reason, ename="", evalue=reason)
        if is_read_back(cell) and self._spec.compared:
            await self._read_back(cell)
        return cell

    execute_cell = run_sync(async_execute_cell)

    async def _read_back(self, cell: NotebookNode) -> None:
        seconds, self._timeout_reason = self._seconds_left()
        self._cell = number_of(cell)
        reply = await self._answered(ask_values(self.kc, self._spec.compared, seconds))
        reason = differences(self._spec.compared, reply.get(VALUES, {}))
        names = list(self._spec.compared)
        self._report.event("parameters_read", cell=self._cell, names=names, reason=reason)
        self._note_faults(reply)
        if reason or self._failed:
            self._failed = True
            raise CellExecutionError(reason, ename="ParametersError", evalue=reason)

    async def _answered(self, answer: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        """Wait for the kernel's answer; interrupt the kernel if it does not answer.

        Raises:
            TimeoutError: the kernel did not answer in time.
        """
        try:
            return await answer
        except TimeoutError:
            self.note_timeout()
            await ensure_async(self.km.interrupt_kernel())
            raise

    async def _async_look_for_late_faults(self) -> None:
        """Journal the errors that were noticed only after the cell that they belong to."""
        seconds, self._timeout_reason = self._seconds_left()
        reply = await self._answered(ask_faults(self.kc, seconds))
        self._note_faults(reply)

    _look_for_late_faults = run_sync(_async_look_for_late_faults)

    async def _async_handle_timeout(self, timeout: float, cell: NotebookNode) -> None:
        """Interrupt the kernel, wait for the cell's traceback, and end the run."""
        self.note_timeout()
        await ensure_async(self.km.interrupt_kernel())
        await self._wait_for_error(cell)
        raise CellTimeoutError.error_from_timeout_and_cell(self._timeout_reason, int(timeout), cell)

    def note_timeout(self) -> None:
        """Journal that a deadline has passed; only the first such event counts."""
        self._report.event("timeout", cell=self._cell, reason=self._timeout_reason)

    async def _wait_for_error(self, cell: NotebookNode) -> None:
        deadline = Deadline.after(INTERRUPT_GRACE_S)
        while not deadline.has_passed:
            if any(output.output_type == "error" for output in cell.outputs):
                return
            await asyncio.sleep(0.05)


def _ends_the_kernel(payload: dict[str, Any]) -> bool:
    """Return whether a payload of a reply is that of an `exit()` that ends the kernel as well."""
    return payload.get("source") == "ask_exit" and not payload.get("keepkernel")


class RunEngine(Engine):  # type: ignore[misc]
    """The engine that papermill uses for a run.

    Upstream: a documented extension point. Can go when runs do not use papermill.
    """

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any
    ) -> None:
        """Execute the notebook and journal its end."""
        report: Report = options["report"]
        client = RunClient(nb_man, options["spec"], report)
        try:
            client.execute()
        except DeadKernelError:
            report.event("kernel_died", reason="the kernel died")
        except TimeoutError:
            # Raised for a cell (CellTimeoutError is a TimeoutError) or for the kernel's start.
            client.note_timeout()
        else:
            report.event("ended")
        finally:
            report.save(nb_man.nb)


papermill_engines.register(NAME, RunEngine)
register()


def execute(spec: Spec, report: Report) -> None:
    """Execute a run's notebook with papermill.

    Raises:
        EvidenceError: the journal or the notebook cannot be written.
    """
    # The journal has the failed cell, and the verdict is derived from it, not from papermill.
    with suppress(PapermillExecutionError):
        papermill.execute_notebook(
            spec.notebook,
            None,
            engine_name=NAME,
            kernel_name="python3",
            progress_bar=False,
            autosave_cell_every=0,
            spec=spec,
            report=report,
        )
