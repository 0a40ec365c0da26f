"""Supervises a run's child process from the command: its start, deadlines, leftovers and exit."""

import json
import os
import select
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.errors import EvidenceError, SecureNetObsError
from securenet_obs.processes.descendants import MARK, kill_marked
from securenet_obs.processes.polling import Deadline
from securenet_obs.processes.scratch import PREFIX, scratch_folder
from securenet_obs.runner.child.spawn import Process, child_process
from securenet_obs.runner.child.spec import LOG, UNWRITABLE, Spec
from securenet_obs.runner.comparison.comparing import last_green_run
from securenet_obs.runner.comparison.facts import find_log_schema
from securenet_obs.runner.comparison.target_name import name_target
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.kernel.warm import has_room
from securenet_obs.runner.record.order import Order, Progress
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import COMMAND_ONLY, Target

GRACE_PERIOD_S = 8.0
"""Seconds past its deadline that a child has to end its kernel before it is terminated."""

WORK = "work"
"""Working folder, inside the scratch folder, of a run without another one."""

EVIDENCE = "SECURENET_OBS_EVIDENCE"
"""Variable with the path of the run's evidence folder; one notebook reads its own evidence."""

NOTEBOOK = "SECURENET_OBS_NOTEBOOK"
"""Variable with the path of the notebook's file; the run's working folder is elsewhere."""

LAST_GREEN = "SECURENET_OBS_LAST_GREEN"
"""Variable with the path of the log schema of the last green run; empty without one."""


@dataclass(frozen=True)
class Supervisor:
    """Executes prepared notebooks of a command in child processes."""

    folder: EvidenceFolder
    target: Target
    progress: Progress
    stop: Stop
    warm: str = ""

    def execute(self, run: str, order: Order) -> None:
        """Execute a run's notebook in a child process; its deadline counts from here."""
        deadline = Deadline.after(order.run_deadline_s)
        # The kernel's sockets are there.
        short = None if has_room(f"{PREFIX}12345678", "kernel-ipc-12") else "/tmp"  # noqa: S108
        with scratch_folder(parent=short) as scratch:
            try:
                self._supervise(run, order, deadline, scratch)
            except SecureNetObsError as error:
                # The warm server is gone or stopped, so no child was started.
                self.folder.note("child_exited", run=run, fate=str(error))

    def _supervise(self, run: str, order: Order, deadline: Deadline, scratch: Path) -> None:
        """Start the child, watch it until it ends, kill its leftovers, and journal its exit."""
        mark = f"{self.folder.path.name}/{run}"
        log = scratch / "child.log"
        spec = self._prepare(scratch, self._spec(run, order, deadline, scratch), order)
        environment = {
            **{
                name: value
                for name, value in self.target.environment.items()
                if name.upper() not in COMMAND_ONLY
            },
            MARK: mark,
            EVIDENCE: str(self.folder.path.absolute()),
            NOTEBOOK: str(order.notebook.path.absolute()),
            LAST_GREEN: self._find_last_log_schema(order),
        }
        with child_process(spec, scratch / WORK, environment, log=log, warm=self.warm) as (
            child,
            reports,
        ):
            self._watch(child, reports, run, deadline.later(GRACE_PERIOD_S))
        if child.returncode != 0 or self.folder.run(run).kernel_died or sys.platform != "linux":
            # A child that ends by itself has killed the processes that it adopted, on Linux all of
            # them. The supervisor of a dead kernel may have been killed with the kernel.
            kill_marked(mark)
        self._note_fate(run, child.returncode, scratch, log)

    def _find_last_log_schema(self, order: Order) -> str:
        """Return the path of the last green run's log schema; empty without one."""
        if "logs" not in order.notebook.declared.all_needs:
            return ""
        if order.log_schema is not None:
            return str(order.log_schema.absolute())
        folder = self.folder.path
        name = order.notebook.name
        green = last_green_run(folder.parent, folder.name, name, name_target(self.target.facts()))
        schema = green and find_log_schema(green.folder, str(green.row.get("run")))
        return str(schema.absolute()) if schema else ""

    def _spec(self, run: str, order: Order, deadline: Deadline, scratch: Path) -> Spec:
        recorded = self.folder.run(run).started["parameters"]
        expected = order.prepared.compared
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
            secrets=tuple(secret.reference for secret in order.prepared.secrets),
            compared={name: (text, recorded.get(name)) for name, text in expected.items()},
            warm=self.warm,
        )

    def _prepare(self, scratch: Path, spec: Spec, order: Order) -> Path:
        """Create the child's working folder, notebook and spec; return the spec's path."""
        (scratch / WORK).mkdir()
        Path(spec.notebook).write_text(json.dumps(order.prepared.document))
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
                self._report_progress(run, lines)
        child.terminate()

    def _must_stop(self, run: str, deadline: Deadline) -> bool:
        """Return whether the child must stop, by request or deadline, and journal the reason."""
        if self.stop.is_set():
            self.folder.note("interrupted", run=run, reason=self.stop.reason)
            return True
        if deadline.has_passed:
            reason = "the run did not end at its deadline and was killed"
            self.folder.note("timeout", run=run, reason=reason)
            return True
        return False

    def _report_progress(self, run: str, lines: list[bytes]) -> None:
        for line in lines:
            event, _, rest = line.partition(b" ")
            if event == b"cell_started" and rest:
                self.progress.cell(run, int(rest))
            elif event == b"shown":
                self.progress.shown(run, json.loads(rest))

    def _note_fate(self, run: str, status: int | None, scratch: Path, log: Path) -> None:
        """Journal how the child ended; without a `status`, its end is unknown."""
        message, kernel_message = _last_line(log), _last_line(scratch / LOG)
        if status == UNWRITABLE:
            self.folder.fail(EvidenceError(message))
        elif status is not None and status < 0:
            name = signal.Signals(-status).name
            self.folder.note("interrupted", run=run, reason=f"the run was killed by {name}")
        words = "; ".join(filter(None, (message, kernel_message))) if status else ""
        fate = f"exit status {status}: {words}".rstrip(": ")
        self.folder.note("child_exited", run=run, fate=fate)


def _last_line(log: Path) -> str:
    """Return the last line of a process's log; in a traceback, that is the error's message."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    # `--existing` is in the last line that ipykernel logs without an error.
    return lines[-1] if lines and "--existing" not in lines[-1] else ""
